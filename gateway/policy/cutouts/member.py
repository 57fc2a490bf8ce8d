"""Stamps inside gzip, as ZTF sends them: opened within a limit, and closed the same way everywhere.

Rules (RFC 1951, RFC 1952)
1. One member without name, comment, extra field and header checksum, and with the numbers for compression and system
   that real stamps have, is plain; its time is its own. What any other member says besides its content, and
   what follows it, is not kept.
2. What is written is stored, not deflated: every version of zlib compresses in its own way, and the same stamp shall
   give the same bytes everywhere.
3. Not looked at: bits hidden in the way in which a deflate stream says what it says. Only the hash of the issued
   stamp excludes them.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

__all__ = ["MAX_INFLATED", "Member", "deflated", "inflated"]

MAX_INFLATED = 256 * 2**10
"""Most bytes that a compressed stamp may have inside. A stamp of ZTF has 20 160."""

_EFFORTS = (0, 2, 4)
"""The byte XFL: not told, best (all real stamps) and fastest compression."""
_SYSTEMS = (3, 255)
"""The byte OS: Unix (all real stamps) and not told."""
_BLOCK = 0xFFFF


class Member(NamedTuple):
    """What is inside the first gzip member, whether rule 1 calls it plain, and how many bytes follow it."""

    content: bytes
    plain: bool
    trailing: int


def inflated(data: bytes) -> Member | None:
    """The content of a gzip file; None when it is none, is damaged or is larger than MAX_INFLATED inside."""
    member = zlib.decompressobj(wbits=31)  # 31: gzip, and its checksum is held to
    try:
        content = member.decompress(data, MAX_INFLATED)
    except zlib.error:
        return None
    if not member.eof:
        return None
    flags, effort, system = data[3], data[8], data[9]
    trailing = len(member.unused_data)
    plain = not trailing and flags == 0 and effort in _EFFORTS and system in _SYSTEMS
    return Member(content, plain, trailing)


def deflated(content: bytes) -> bytes:
    """A gzip file with this content: no name, no time, system not told (rule 2)."""
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for start in range(0, len(content), _BLOCK):
        block = content[start : start + _BLOCK]
        last = start + _BLOCK >= len(content)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join([*parts, struct.pack("<II", zlib.crc32(content), len(content))])
