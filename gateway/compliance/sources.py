"""The files that a check is about: named, in folders, or standard input.

Rules
1. Folders are walked in sorted order. A link in a folder is not followed: it may lead anywhere.
2. A gzip wrapper is taken off, once, up to `MAX_UNPACKED` bytes.
3. Formats that hold their columns at the beginning or end are read there only; what has to be read whole has a limit.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from gateway.errors import GatewayError, InputError, LimitError, Where

__all__ = ["MAX_FILES", "MAX_UNPACKED", "Source", "Unreadable", "sources"]

MAX_FILES = 100_000
"""Most files in the folders of one check."""
MAX_UNPACKED = 256 * 2**20
"""Largest file in bytes that is taken into memory: standard input, and what a gzip wrapper unpacks to."""

START = 4096
"""Bytes by which a format is recognised."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, open.

    name : how reports and the manifest call it
    start : its first bytes
    """

    name: str
    stream: BinaryIO = field(repr=False)
    start: bytes = field(repr=False)
    size: int

    @property
    def stem(self) -> str:
        """The name of its table, where the file does not say one."""
        return PurePath(self.name).name.partition(".")[0]

    def data(self, limit: int) -> bytes:
        """All of it. Raises LimitError (limit-size)."""
        if self.size > limit:
            raise LimitError("limit-size", f"The file has {self.size} bytes; the limit is {limit}.")
        self.stream.seek(0)
        return self.stream.read()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that cannot be opened, and why."""

    name: str
    error: GatewayError


def sources(arguments: Iterable[str], stdin: BinaryIO | None = None) -> Iterator[Source | Unreadable]:
    """The files that the arguments name, each open until the next is asked for; ``-`` is standard input."""
    for argument in arguments:
        for path in _files(argument):
            if isinstance(path, Unreadable):
                yield path
                continue
            name = _printable(str(path))
            try:
                with _open(argument, path, stdin) as stream:
                    yield _source(name, stream)
            except (OSError, ValueError) as error:  # ValueError: a name with a NUL
                reason = getattr(error, "strerror", None) or "it cannot be read"
                yield _unreadable(name, "input-unreadable", f"The file cannot be read: {reason}.")
            except GatewayError as error:
                yield Unreadable(name, error.located(input=name))


def _open(argument: str, path: Path, stdin: BinaryIO | None) -> BinaryIO:
    if argument != "-":
        return path.open("rb")
    if stdin is None:
        raise OSError(0, "standard input is closed")
    data = stdin.read(MAX_UNPACKED + 1)
    if len(data) > MAX_UNPACKED:
        raise LimitError("limit-size", f"Standard input is longer than {MAX_UNPACKED} bytes.")
    return io.BytesIO(data)


def _source(name: str, stream: BinaryIO) -> Source:
    start = stream.read(START)
    if start.startswith(b"\x1f\x8b"):
        stream.seek(0)
        stream = io.BytesIO(_unpacked(stream))
        start = stream.read(START)
    if not start:
        raise InputError("input-empty", "The file is empty.")
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return Source(name, stream, start, size)


def _unpacked(stream: BinaryIO) -> bytes:
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            data = packed.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error):
        raise InputError("input-damaged", "The gzip wrapper of the file is damaged.") from None
    if len(data) > MAX_UNPACKED:
        raise LimitError("limit-size", f"The file unpacks to more than {MAX_UNPACKED} bytes.")
    return data


def _files(argument: str) -> Iterator[Path | Unreadable]:
    if argument == "-" or not os.path.isdir(argument):
        yield Path(argument)
        return
    count = 0
    for folder, inner, files in os.walk(argument, followlinks=False):
        inner.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                yield _unreadable(argument, "limit-size", f"The folder has more than {MAX_FILES} files.")
                return
            yield path
    if not count:
        # Nothing to check must not look like nothing wrong.
        yield _unreadable(argument, "input-empty", "The folder has no files in it.")


def _unreadable(name: str, code: str, message: str) -> Unreadable:
    kind = LimitError if code == "limit-size" else InputError
    return Unreadable(_printable(name), kind(code, message, where=Where(_printable(name))))


def _printable(name: str) -> str:
    """A file's name as text that can be written anywhere, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
