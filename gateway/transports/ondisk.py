"""A regular file that several processes read: one finds out where its pieces are, others read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gateway.errors import InputError

__all__ = ["OnDisk"]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file's path, and which file that was when it was opened."""

    path: str
    device: int
    inode: int

    @classmethod
    def of(cls, path: str, stream: BinaryIO) -> OnDisk | None:
        """The file that was opened; None for a pipe or device, whose bytes come only once."""
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        return cls(os.path.abspath(path), status.st_dev, status.st_ino)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The same file once more. Raises InputError (input-unreadable) when it is there no longer."""
        try:
            with Path(self.path).open("rb") as stream:
                status = os.fstat(stream.fileno())
                if (status.st_dev, status.st_ino) != (self.device, self.inode):
                    raise _gone("another file has taken its place")
                yield stream
        except OSError as error:
            raise _gone(error.strerror or "it cannot be read") from None

    def read(self, at: int, size: int) -> bytes:
        """A piece of it. Raises InputError (input-unreadable)."""
        with self.open() as stream:
            stream.seek(at)
            data = stream.read(size)
        if len(data) != size:
            raise _gone("it has become shorter")
        return data


def _gone(reason: str) -> InputError:
    return InputError("input-unreadable", f"The file cannot be read any more: {reason}.")
