"""Events that wait in a file: first in, first out, without a name, so that it ends with the connection.

Rules
1. What is read is not cut off, so a file is as long as what was written since it was last empty.
2. `Disk` is the room of all files together. A file takes of it what is written and gives it back when it is closed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gateway.vtp.broadcaster import Outgoing
from gateway.vtp.events import Send

__all__ = ["MAX_SPILL", "MAX_SPILLED", "Disk", "Spill"]

MAX_SPILL = 1 * 2**30
"""Bytes that wait in a file for one subscriber: 100 000 events, which is a night of a busy stream."""

MAX_SPILLED = 16 * 2**30
"""Bytes that wait in files for all subscribers together: a thousand of them with `MAX_SPILL` each would fill any disk,
which the record of seen events is on too."""


class Disk:
    """So many bytes for all files together; `taken` are in use."""

    def __init__(self, limit: int = MAX_SPILLED) -> None:
        self._limit = limit
        self.taken = 0

    def take(self, size: int) -> bool:
        """Whether there is room for so much more, which is then taken."""
        fits = self.taken + size <= self._limit
        self.taken += size * fits
        return fits

    def give_back(self, size: int) -> None:
        """So much is free again."""
        self.taken -= size


class Spill:
    """A file of events: the length of the identifier and of the frame, and then both, for each.

    folder : where it is made
    size : bytes of the events that are in it
    Raises OSError when there can be no file.
    """

    def __init__(self, folder: Path | None, disk: Disk, limit: int) -> None:
        self._file, name = tempfile.mkstemp(dir=folder, prefix="vtp-")
        os.unlink(name)
        self._disk, self._limit = disk, limit
        self._read = self._written = 0
        self.size = self.count = 0

    def put(self, event: Outgoing) -> bool:
        """False when there is no room: in the file, for all files, or on the disk."""
        ivorn, data = event.ivorn.encode("utf-8", "surrogatepass"), event.send.data
        record = len(ivorn).to_bytes(4, "big") + len(data).to_bytes(4, "big") + ivorn + data
        if self._written + len(record) > self._limit or not self._disk.take(len(record)):
            return False
        if not self._write(record):
            self._disk.give_back(len(record))
            return False
        self._written += len(record)
        self.size += len(data)
        self.count += 1
        return True

    def _write(self, record: bytes) -> bool:
        try:
            return os.pwrite(self._file, record, self._written) == len(record)
        except OSError:
            return False

    def get(self) -> Outgoing | None:
        """The first one, None when there is none."""
        if not self.count:
            return None
        lengths = os.pread(self._file, 8, self._read)
        first, second = int.from_bytes(lengths[:4], "big"), int.from_bytes(lengths[4:], "big")
        record = os.pread(self._file, first + second, self._read + 8)
        self._read += 8 + len(record)
        self.size -= second
        self.count -= 1
        return Outgoing(record[:first].decode("utf-8", "surrogatepass"), Send(record[first:]))

    def close(self) -> None:
        """The file is gone."""
        os.close(self._file)
        self._disk.give_back(self._written)
