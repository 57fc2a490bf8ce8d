"""What the reader, the skipper and the writer of Avro data share: integers, lengths, and shapes as expressions.

A field of regular shape (a number, a boolean, or a union of null with one of these) is what a regular expression can
cut out of the data. A run of such fields becomes one compiled expression with a group a field, so that a hundred fields
are cut by one call into C.

Avro 1.11 specification, "Binary Encoding".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from gateway.model.avrotype import NULL, AvroType, Field, Primitive, Union, nullable

__all__ = [
    "MAX_COMPILED",
    "Damaged",
    "Match",
    "Raw",
    "branches",
    "count",
    "length",
    "optional",
    "regular",
    "runs",
    "short_text",
    "varint",
    "write_varint",
]

Raw = Any
"""A raw value: see `gateway.schema.raw`. (A recursive alias would cost every caller a cast for no safety.)"""

MAX_COMPILED = 256
"""Most records whose readers are kept, for a record occurs in several places of a schema: a stream of ever new
schemas must not fill the memory."""

Match = Callable[[bytes, int], re.Match[bytes] | None]


class Damaged(Exception):
    """The fast code met something that cannot be; `gateway.schema.damage` will say what."""


def varint(data: bytes, pos: int) -> tuple[int, int]:
    """The zigzag integer at `pos`, and where it ends. IndexError at the end of the data."""
    byte = data[pos]
    pos += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), pos
    value = byte & 0x7F
    shift = 7
    while byte >= 0x80:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise Damaged
    return (value >> 1) ^ -(value & 1), pos


def write_varint(value: int) -> bytes:
    """The zigzag encoding of an integer of up to 64 bits."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def length(data: bytes, pos: int) -> tuple[int, int]:
    """A length prefix that the rest of the data can hold."""
    size = data[pos]
    if size & 0x81:  # of several bytes, or negative
        size, pos = varint(data, pos)
    else:
        size >>= 1
        pos += 1
    if size < 0 or pos + size > len(data):
        raise Damaged
    return size, pos


def count(data: bytes, pos: int) -> tuple[int, int]:
    """The item count of a block. More items than bytes left cannot be: it would be a cheap way to exhaust memory."""
    number, pos = varint(data, pos)
    if number < 0:
        number = -number
        _, pos = length(data, pos)
    if number > len(data) - pos:
        raise Damaged
    return number, pos


_REGULAR = {
    "boolean": rb"[\x00\x01]",
    "int": rb"(?:[\x80-\xff]{0,3}+[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x0f])",
    "long": rb"(?:[\x80-\xff]{0,8}+[\x00-\x7f]|[\x80-\xff]{9}[\x00\x01])",
    # Dots, not a count: a third faster, for `re` takes single steps without setting up a loop.
    "float": b"." * 4,
    "double": b"." * 8,
}


def branches(type_: AvroType) -> tuple[bytes, bytes]:
    """The bytes of the two branch numbers of a union with null: for null, and before a value. Empty for no union."""
    if not isinstance(type_, Union):
        return b"", b""
    return (b"\x00", b"\x02") if type_.branches[0] == NULL else (b"\x02", b"\x00")


def optional(type_: AvroType, shape: bytes) -> bytes:
    """The expression for a union of null and a shape."""
    null, before = map(re.escape, branches(type_))
    return b"(?:" + null + b"|" + before + shape + b")"


def regular(type_: AvroType, capture: bool) -> bytes | None:
    """The expression for a type of regular shape, or None. With `capture`, exactly one group."""
    rest, was_nullable = nullable(type_)
    if not isinstance(rest, Primitive) or rest.name not in _REGULAR:
        return None
    shape = b"(" * capture + _REGULAR[rest.name] + b")" * capture
    return optional(type_, shape) if was_nullable else shape


_SHORT = 12
"""Texts up to this length are short: the names of bands and objects are."""
_SHORT_TEXT = b"|".join(b"\\x%02x.{%d}" % (2 * size, size) for size in range(_SHORT + 1))


def short_text(type_: AvroType, capture: bool) -> bytes | None:
    """The expression for a short string or bytes, or a union of null with one; None for other types. What is captured
    has the byte of the length before it."""
    rest, was_nullable = nullable(type_)
    if not isinstance(rest, Primitive) or rest.name not in ("string", "bytes"):
        return None
    shape = (b"(" if capture else b"(?:") + _SHORT_TEXT + b")"
    return optional(type_, shape) if was_nullable else shape


def runs(fields: Iterable[Field], *, capture: bool) -> list[Match | AvroType]:
    """The fields in order, each run of regular ones as one expression, the others as their types."""
    found: list[Match | AvroType] = []
    for is_regular, group in groupby(fields, lambda field: regular(field.type, capture) is not None):
        types = [field.type for field in group]
        if is_regular:
            found.append(re.compile(b"".join(regular(type_, capture) or b"" for type_ in types), re.S).match)
        else:
            found += types
    return found
