"""Files and standard output as a place for converted alerts.

Rules
1. A directory gets one file an item, named for the event. The same bytes may come again (redelivery is normal);
   other bytes under a name that is taken get a number behind it, and never replace what an earlier run wrote
   unless `force` is set.
2. One file takes one VOEvent, or any number in a tar archive; one Avro message in its own framing, or any
   number in an object container; any number of JSON lines.
3. The same results make the same bytes: archives have no time in them (`gateway.transports.tar`).
4. A file appears under its name when it is complete. When the run is interrupted, nothing is left behind.
5. What exists and is no file (a device, a named pipe) is written to as it is, and never replaced.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from gateway.codecs import container
from gateway.codecs.datum import Datum
from gateway.errors import OutputError, SettingsError
from gateway.model.alert import AlertSchema
from gateway.transports.tar import Archive

__all__ = ["Directory", "OneFile", "Place"]


class Place(ABC):
    """Where results go. A context manager: what is not closed without an error does not appear."""

    @abstractmethod
    def put(self, data: bytes, stem: str, suffix: str, datum: Datum | None = None) -> str:
        """Take one result; returns where it will be found.

        data : what a file of its own would hold
        datum : the same as something that can go into a container, if it is Avro
        """

    @abstractmethod
    def finish(self) -> None:
        """Complete the output."""

    @abstractmethod
    def discard(self) -> None:
        """Undo what is incomplete."""

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        else:
            self.discard()


class Directory(Place):
    """One file an item (rule 1)."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self.path, self.force = path, force
        self.replaced: set[Path] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from None

    def put(self, data: bytes, stem: str, suffix: str, datum: Datum | None = None) -> str:
        """Write one file, unless it is there already."""
        data = _alone(data, datum)
        number = 1
        while True:
            path = self.path / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
            if path not in self.replaced and (self.force or not path.exists()):
                break
            if _holds(path, data):
                return str(path)
            number += 1
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise _unwritable(path, error) from None
        if self.force:
            self.replaced.add(path)
        return str(path)

    def has_other(self, data: bytes, stem: str, suffix: str) -> bool:
        """Whether a file of that name is there with other bytes."""
        path = self.path / f"{stem}{suffix}"
        return path.exists() and not _holds(path, data)

    def finish(self) -> None:
        """Nothing is left to do."""

    def discard(self) -> None:
        """Every file there is complete."""


class OneFile(Place):
    """One file, or standard output for ``-`` (rule 2)."""

    def __init__(self, path: str, *, force: bool = False) -> None:
        self.path, self.stdout = Path(path), path == "-"
        # Not those of pathlib, which raise for a folder without permission.
        exists = not self.stdout and os.path.exists(self.path)
        self.special = exists and not os.path.isfile(self.path) and not os.path.isdir(self.path)
        if exists and not self.special and not force:
            raise OutputError("output-exists", f"{path} exists.")
        self.part = self.path if self.special else self.path.with_name(f".{self.path.name}.part")
        self.file: BinaryIO = sys.stdout.buffer if self.stdout else self._open()
        self.archive = Archive.named(self.path.name, self.file)
        self.first: tuple[bytes, Datum | None] | None = None
        self.writer: container.Writer | None = None
        self.count = 0

    def _open(self) -> BinaryIO:
        try:
            return self.part.open("wb")
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def put(self, data: bytes, stem: str, suffix: str, datum: Datum | None = None) -> str:
        """Append to the file. Raises SettingsError (settings-value) for what it cannot hold."""
        if self.stdout and suffix == ".avro" and sys.stdout.isatty():
            raise SettingsError("settings-value", "Avro is not for terminals: use -o FILE, or a pipe.")
        self.count += 1
        try:
            if self.archive is not None:
                self.archive.add(_alone(data, datum), stem, suffix)
            elif suffix == ".json":
                self.file.write(data)
            elif datum is not None:
                self._to_avro(data, datum)
            elif self.first is not None:
                raise SettingsError(
                    "settings-value",
                    "One XML file takes one event: use --out-dir DIR, or -o events.tar for many.",
                )
            else:
                self.first = data, None
                self.file.write(data)
        except BrokenPipeError:
            raise  # no fault: the reader has seen enough
        except OSError as error:
            raise _unwritable(self.path, error) from None
        return str(self.path)

    def _to_avro(self, data: bytes, datum: Datum) -> None:
        """A message in a framing of its own waits: a second one makes a container of both."""
        if self.writer is None and self.first is None and datum.codec is None:
            self.first = data, datum
            return
        if self.writer is None:
            waiting = self.first[1] if self.first else None
            self.writer = container.Writer(self.file, (waiting or datum).schema, datum.codec or "null")
            if waiting:
                self.writer.add(waiting.payload)
        self._same_schema(self.writer.schema, datum.schema)
        self.writer.add(datum.payload)

    @staticmethod
    def _same_schema(one: AlertSchema, other: AlertSchema) -> None:
        if one.sha256 != other.sha256:
            raise SettingsError(
                "settings-value",
                "The alerts have different schemas, and a container has one: use --out-dir DIR.",
            )

    def finish(self) -> None:
        """Complete the output. Nothing that was put leaves no file."""
        if not self.count:
            self.discard()
            return
        try:
            if self.archive is not None:
                self.archive.finish()
            if self.writer is not None:
                self.writer.close()
            elif self.first is not None and self.first[1] is not None:
                self.file.write(self.first[0])
            self.file.flush()
            if not self.stdout:
                self.file.close()
                if not self.special:
                    self.part.replace(self.path)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.discard()
            raise _unwritable(self.path, error) from None

    def discard(self) -> None:
        """Remove the incomplete file."""
        if self.archive is not None:
            with suppress(OSError):
                self.archive.close()  # or it would try to when it is collected
        if not self.stdout:
            with suppress(OSError):
                self.file.close()
            if not self.special:
                with suppress(OSError):
                    os.unlink(self.part)


def _alone(data: bytes, datum: Datum | None) -> bytes:
    """What a file of its own holds: for an alert from a container, a container."""
    return data if datum is None or datum.codec is None else datum.contained()


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file has just these bytes; what cannot be read has others."""
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        "output-unwritable", f"{path} cannot be written: {error.strerror or 'unknown reason'}."
    )
