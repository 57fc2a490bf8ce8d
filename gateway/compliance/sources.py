"""The files that a check is about: named, in folders, in archives, or standard input.

Rules
1. Folders are walked in sorted order. A link in a folder is not followed: it may lead anywhere. One that leads to
   something in the folder is passed over, because that is checked itself; any other is reported, and so is a folder
   that cannot be read, for whoever gets the folder may see what is there.
2. A wrapper (gzip, bzip2, xz) is taken off, once, up to `MAX_UNPACKED` bytes. A tar archive, in a wrapper or not, is
   opened, and each file in it is one (`gateway.compliance.archive`).
3. Formats that hold their columns at the beginning or end are read there only; what has to be read whole has a limit.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from gateway.compliance.archive import is_archive, members, unwrapped
from gateway.errors import GatewayError, InputError, LimitError, Where

__all__ = ["MAX_FILES", "MAX_UNPACKED", "Source", "Unreadable", "sources"]

MAX_FILES = 100_000
"""Most files in the folders, or in an archive, of one check."""
MAX_UNPACKED = 256 * 2**20
"""Largest file in bytes that is taken into memory: standard input, what is in a wrapper, a file in an archive."""

START = 4096
"""Bytes by which a format is recognised."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file, open.

    name : how reports and the manifest call it
    start : its first bytes
    member : in an archive, its name there
    """

    name: str
    stream: BinaryIO = field(repr=False)
    start: bytes = field(repr=False)
    size: int
    member: str = ""

    @property
    def stem(self) -> str:
        """The name of its table, where the file does not say one."""
        return PurePath(self.member or self.name).name.partition(".")[0]

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
                    yield from _found(name, stream)
            except (OSError, ValueError) as error:  # ValueError: a name with a NUL
                reason = getattr(error, "strerror", None) or "it cannot be read"
                yield _unreadable(name, "input-unreadable", f"The file cannot be read: {reason}.")
            except GatewayError as error:
                yield Unreadable(name, error.located(input=name))


def _open(argument: str, path: Path, stdin: BinaryIO | None) -> BinaryIO:
    if argument == "-":
        if stdin is None:
            raise OSError(0, "standard input is closed")
        return _taken(stdin)
    stream = path.open("rb")
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    with stream:
        return _taken(stream)  # a pipe or device, which has no size and may have no end


def _taken(stream: BinaryIO) -> BinaryIO:
    """What is in a stream or wrapper, in memory."""
    data = stream.read(MAX_UNPACKED + 1)
    if len(data) > MAX_UNPACKED:
        raise LimitError("limit-size", f"The input is, or unpacks to, more than {MAX_UNPACKED} bytes.")
    return io.BytesIO(data)


def _found(name: str, stream: BinaryIO, member: str = "") -> Iterator[Source | Unreadable]:
    """The file, or those in it when it is an archive (rule 2)."""
    inside = unwrapped(stream)
    if is_archive(inside):
        if member:
            raise InputError(
                "input-unknown", "An archive in an archive is not opened: unpack the outer one first."
            )
        yield from _members(name, inside)
        return
    if inside is not stream:
        inside = _taken(inside)
    start = inside.read(START)
    if not start:
        raise InputError("input-empty", "The file is empty.")
    size = inside.seek(0, io.SEEK_END)
    inside.seek(0)
    yield Source(name, inside, start, size, member)


def _members(name: str, archive: BinaryIO) -> Iterator[Source | Unreadable]:
    count = 0
    for member, stream in members(archive, MAX_UNPACKED):
        count += 1
        if count > MAX_FILES:
            raise LimitError("limit-size", f"The archive has more than {MAX_FILES} files.")
        inner = _printable(f"{name}:{member}")
        try:
            if isinstance(stream, GatewayError):
                raise stream
            yield from _found(inner, stream, _printable(member))
        except GatewayError as error:
            yield Unreadable(inner, error.located(input=inner))
    if not count:
        raise InputError("input-empty", "The archive has no files in it.")


def _files(argument: str) -> Iterator[Path | Unreadable]:
    if argument == "-" or not os.path.isdir(argument):
        yield Path(argument)
        return
    problems: list[Unreadable] = []
    count = 0
    for folder, inner, files in os.walk(argument, onerror=lambda error: problems.append(_closed(error))):
        yield from problems
        count += len(problems)
        problems.clear()
        inner.sort()
        for path in (Path(folder, name) for name in sorted([*inner, *files])):
            if path.is_symlink() and not _leads_inside(path, argument):
                yield _unreadable(
                    str(path), "input-unreadable", "A link that leads out of the folder is not followed."
                )
            if path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                yield _unreadable(argument, "limit-size", f"The folder has more than {MAX_FILES} files.")
                return
            yield path
    yield from problems
    if not count and not problems:
        # Nothing to check must not look like nothing wrong.
        yield _unreadable(argument, "input-empty", "The folder has no files in it.")


def _leads_inside(link: Path, folder: str) -> bool:
    """Rule 1."""
    top = os.path.realpath(folder)
    return os.path.commonpath([top, os.path.realpath(link)]) == top


def _closed(error: OSError) -> Unreadable:
    return _unreadable(
        os.fsdecode(error.filename), "input-unreadable", f"The folder cannot be read: {error.strerror}."
    )


def _unreadable(name: str, code: str, message: str) -> Unreadable:
    kind = LimitError if code == "limit-size" else InputError
    return Unreadable(_printable(name), kind(code, message, where=Where(_printable(name))))


def _printable(name: str) -> str:
    """A file's name as text that can be written anywhere, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
