"""A tar archive, written member after member: the bytes are those that `tarfile` writes.

Rules
1. The same members make the same bytes: there is no time in an archive, neither of a member nor of the compression.
2. Headers differ in name, size and checksum only, and making each anew takes longer than all else that is done with a
   member. So these three are put into one that `tarfile` wrote; names that are long or not ASCII it writes itself.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
from collections.abc import Callable
from functools import partial
from gzip import GzipFile
from itertools import count
from typing import Any, BinaryIO

__all__ = ["Archive"]

_NAME, _SIZE, _CHECKSUM = slice(0, 100), slice(124, 136), slice(148, 156)  # POSIX.1, ustar interchange format
_BLANK = tarfile.TarInfo().tobuf()
_SUM = int(_BLANK[_CHECKSUM].rstrip(b"\0 "), 8) - sum(_BLANK[_SIZE])
_LARGEST = 0o77777777777

_gzip = partial(GzipFile, "", "wb", 9, mtime=0)
_COMPRESSED: dict[str, Callable[[BinaryIO], Any]] = {
    ".tar": lambda file: file,
    ".tgz": _gzip,
    ".tar.gz": _gzip,
    ".tar.bz2": partial(bz2.BZ2File, mode="wb"),
    ".tar.xz": partial(lzma.LZMAFile, mode="wb"),
}


class Archive:
    """An archive that is being written to a file. The file itself stays open."""

    def __init__(self, file: BinaryIO, compressed: BinaryIO) -> None:
        self._file, self._compressed = file, compressed
        self._size = 0
        self._names: set[str] = set()

    @classmethod
    def named(cls, name: str, file: BinaryIO) -> Archive | None:
        """The kind of archive that the end of a name says; None when it says no archive."""
        lower = name.lower()
        kind = next((made for ending, made in _COMPRESSED.items() if lower.endswith(ending)), None)
        return None if kind is None else cls(file, kind(file))

    def add(self, data: bytes, stem: str, suffix: str) -> None:
        """Append a member. When its name is taken, a number is put behind the stem."""
        names = (f"{stem}{f'-{number}' if number > 1 else ''}{suffix}" for number in count(1))
        name = next(name for name in names if name not in self._names)
        self._names.add(name)
        self._write(b"%b%b%b" % (_header(name, len(data)), data, bytes(-len(data) % tarfile.BLOCKSIZE)))

    def finish(self) -> None:
        """Write the end of the archive."""
        self._write(bytes(2 * tarfile.BLOCKSIZE))
        self._write(bytes(-self._size % tarfile.RECORDSIZE))
        self.close()

    def close(self) -> None:
        """Let go of the file, whether the archive is complete or not."""
        if self._compressed is not self._file:
            self._compressed.close()

    def _write(self, data: bytes) -> None:
        self._compressed.write(data)
        self._size += len(data)


def _header(name: str, size: int) -> bytes:
    """What stands before a member (rule 2)."""
    if not name.isascii() or len(name) > _NAME.stop or size > _LARGEST:
        member = tarfile.TarInfo(name)
        member.size = size
        return member.tobuf()
    named, sized = name.encode(), b"%011o\0" % size
    return b"%b%b%b%b%06o\0 %b" % (
        named.ljust(_NAME.stop, b"\0"), _BLANK[_NAME.stop : _SIZE.start],
        sized, _BLANK[_SIZE.stop : _CHECKSUM.start],
        _SUM + sum(named) + sum(sized), _BLANK[_CHECKSUM.stop :],
    )  # fmt: skip
