"""Archives and wrappers: what is in a file, unpacked in memory within limits. Nothing is written to a disk.

Rules
1. A wrapper is known by its first bytes; a tar archive by the checksum of its first header, whatever wrote it.
2. Of an archive regular files are taken out one by one. Links and devices in it have no content of their own.
3. Sizes are looked at before anything is unpacked: of a file, of the names that archives may keep beside their headers,
   and of all that has to be unpacked to get there (`MAX_ARCHIVE`).
4. Whatever follows the end of an archive, or a header in it that is damaged, is reported: another reader may see it.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, cast

from gateway.errors import GatewayError, InputError, LimitError

__all__ = ["MAX_ARCHIVE", "MAX_PIECE", "is_archive", "members", "unwrapped"]

MAX_ARCHIVE = 16 * 2**30
"""Most bytes to which an archive may unpack: that takes a few minutes."""
MAX_PIECE = 2**20
"""Most bytes that are read of an archive at once, and so its longest header: that of a long name has a few hundred."""

_WRAPPERS: dict[bytes, Callable[[BinaryIO], object]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
_DAMAGE = (
    tarfile.TarError,
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    RecursionError,
    zlib.error,
    lzma.LZMAError,
)


def unwrapped(stream: BinaryIO) -> BinaryIO:
    """What is in the wrapper of a stream, from its beginning; the stream itself when it has none."""
    stream.seek(0)
    start = stream.read(6)
    stream.seek(0)
    for magic, wrapper in _WRAPPERS.items():
        if start.startswith(magic):
            inside = _Guarded(cast(BinaryIO, wrapper(stream)), "The wrapper of the file is damaged.")
            return cast(BinaryIO, inside)
    return stream


def is_archive(stream: BinaryIO) -> bool:
    """Whether it is a tar archive (rule 1). The stream is at its beginning afterwards."""
    header = stream.read(tarfile.BLOCKSIZE)
    stream.seek(0)
    try:
        tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def members(stream: BinaryIO, limit: int) -> Iterator[tuple[str, BinaryIO | GatewayError]]:
    """(name, content) of each file in an archive; an error in place of one of more than `limit` bytes.

    Raises InputError (input-damaged) and LimitError (limit-size).
    """
    guarded = _Guarded(stream, "The archive is damaged.", MAX_PIECE)
    try:
        with tarfile.open(fileobj=cast(BinaryIO, guarded), mode="r:", errors="surrogateescape") as archive:
            while (member := archive.next()) is not None:
                vars(archive)["members"].clear()  # it would keep them all
                if not member.isfile():
                    continue
                if member.size > limit:
                    message = f"The file unpacks to more than {limit} bytes."
                    yield member.name, LimitError("limit-size", message)
                    continue
                file = archive.extractfile(member)
                data = b"".join(iter(partial(file.read, MAX_PIECE), b"")) if file is not None else b""
                yield member.name, io.BytesIO(data)
    except _DAMAGE:
        raise InputError("input-damaged", "The archive is damaged.") from None
    if guarded.has_more():
        raise InputError(
            "input-damaged", "Behind the end of the archive, or a damaged header in it, there is more."
        )


class _Guarded:
    """A stream of which no more is read at once, or at all, than the limits allow, and that raises our own errors.

    piece : most bytes at once
    """

    def __init__(self, stream: BinaryIO, damaged: str, piece: int | None = None) -> None:
        self._stream, self._damaged, self._piece, self._last = stream, damaged, piece, b""

    def read(self, size: int) -> bytes:
        if self._piece is not None and size > self._piece:
            raise LimitError("limit-size", f"A header of the archive has more than {self._piece} bytes.")
        try:
            self._last = self._stream.read(size)
        except _DAMAGE:
            raise InputError("input-damaged", self._damaged) from None
        return self._last

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if place > MAX_ARCHIVE:
            raise LimitError("limit-size", f"The archive unpacks to more than {MAX_ARCHIVE} bytes.")
        try:
            return self._stream.seek(place, whence)
        except _DAMAGE:
            raise InputError("input-damaged", self._damaged) from None

    def tell(self) -> int:
        return self._stream.tell()

    def has_more(self) -> bool:
        """Whether the last that was read, or anything behind it, is more than zeros."""
        data = self._last
        while data and data.count(0) == len(data):
            data = self.read(MAX_PIECE)
        return bool(data)
