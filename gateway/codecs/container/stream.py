"""A byte stream for reading a container: it knows its position, and can go back to a block's start."""

from __future__ import annotations

from typing import BinaryIO

from gateway.codecs.container.compression import MAX_BLOCK
from gateway.errors import AvroError, LimitError, Where

__all__ = ["FileStream", "Stream"]


class Stream:
    """A byte stream that knows its position, raises when the data end early, and can go back to a block's start."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._held, self._start = bytearray(), 0  # the bytes since the last `release`, and where they start
        self._at = 0

    @property
    def pos(self) -> int:
        """The position in the file."""
        return self._start + self._at

    @pos.setter
    def pos(self, pos: int) -> None:
        self._at = pos - self._start

    def release(self) -> None:
        """Let go of what was taken so far. There is no way back behind this place."""
        del self._held[: self._at]
        self._start, self._at = self.pos, 0

    def _hold(self, size: int) -> None:
        # In pieces, so that a false length claims no memory that the file does not fill.
        while (missing := self._at + size - len(self._held)) > 0:
            part = self._file.read(min(missing, 2**20))
            if not part:
                end = self._start + len(self._held)
                raise AvroError("avro-truncated", "The container ends early.", where=Where(offset=end))
            self._held += part

    def take(self, size: int) -> bytes:
        """The next bytes. Raises AvroError (avro-truncated)."""
        self._hold(size)
        with memoryview(self._held) as held:
            data = bytes(held[self._at : self._at + size])
        self._at += size
        return data

    def is_ahead(self, marker: bytes, distance: int) -> bool:
        """Whether the marker follows after `distance` bytes."""
        self._hold(distance + len(marker))
        return self._held.startswith(marker, self._at + distance)

    def is_within(self, marker: bytes, distance: int) -> bool:
        """Whether the marker starts in the next `distance` bytes."""
        self._hold(distance + len(marker))
        return self._held.find(marker, self._at, self._at + distance + len(marker) - 1) >= 0

    def leave(self, size: int) -> tuple[int, int]:
        """Go behind the next bytes, which others will read; returns where they are, and how many."""
        place = self.pos
        self.take(size)
        return place, size

    def number(self) -> int | None:
        """The next zigzag integer; None at the end of the data."""
        value = shift = 0
        while True:
            try:
                byte = self.take(1)[0]
            except AvroError:
                if shift == 0:
                    return None
                raise
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise AvroError(
                    "avro-container", "A container number is too long.", where=Where(offset=self.pos)
                )

    def length(self, limit: int, what: str) -> int:
        """The next integer, as the size of something. Raises AvroError and LimitError."""
        start = self.pos
        size = self.number()
        if size is None:
            raise AvroError("avro-truncated", "The container ends early.", where=Where(offset=self.pos))
        if size < 0:
            raise AvroError(
                "avro-container", f"The size of the {what} is negative.", where=Where(offset=start)
            )
        if size > limit:
            message = f"The {what} claims {size} bytes; the limit is {limit}."
            raise LimitError("limit-size", message, where=Where(offset=start))
        return size

    def skip(self, marker: bytes) -> bytes:
        """Go from the last `release` to behind the next marker, or to the end.

        Returns the bytes passed over, or the first `MAX_BLOCK` of them.
        """
        first, looked = b"", 0
        while (found := self._held.find(marker, looked)) < 0:
            looked = max(len(self._held) - len(marker) + 1, 0)
            if looked > MAX_BLOCK:
                first = first or bytes(self._held[:MAX_BLOCK])
                self._at = looked
                self.release()
                looked = 0
            part = self._file.read(2**16)
            if not part:
                found = len(self._held)
                break
            self._held += part
        self._at = min(found + len(marker), len(self._held))
        return first or bytes(self._held[: self._at])


class FileStream(Stream):
    """The same for a regular file, in which what is left for others need not be read."""

    def is_ahead(self, marker: bytes, distance: int) -> bool:
        """Whether the marker follows after `distance` bytes."""
        self._file.seek(self.pos + distance)
        found = self._file.read(len(marker))
        self._file.seek(self._start + len(self._held))
        return found == marker

    def leave(self, size: int) -> tuple[int, int]:
        """Go behind the next bytes, where a marker was seen. There is no way back before this place."""
        place = self.pos
        self._held.clear()
        self._start, self._at = place + size, 0
        self._file.seek(self._start)
        return place, size
