"""Files, standard input, directories and tar archives as a source of alerts and VOEvents.

Rules
1. The first bytes decide what an input is, not its name:

       Obj 01           Avro object container of alerts, or of stored VOEvents (schema `voevent`)
       C3 01            Avro single-object encoding
       00               Confluent wire format
       tar, .gz .bz2 .xz  archive: each member is an input
       {                JSON, one document or one a line
       < or a BOM       VOEvent
       else             a bare datum, if a schema was named

2. Reading has two stages. `units` cuts an input into pieces without looking into them, cheaply and in one
   process; `items` opens a piece, in any process.
3. What cannot be read comes out as `Rejected` in its place; only an unusable argument raises.
4. Memory stays flat: one piece at a time, and each piece has a limit.
5. Provenance is declared: `Declared.alert` for alerts, `Declared.event` for VOEvents, as the caller says.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from gateway.codecs import alert_json, confluent, container, single_object, voevent_avro, voevent_json
from gateway.codecs.json_misfit import no_form
from gateway.codecs.voevent import encode
from gateway.errors import GatewayError, InputError, LimitError, Where
from gateway.model.alert import Alert, Framing
from gateway.model.document import Document
from gateway.model.provenance import Origin, Provenance
from gateway.model.rejected import Rejected
from gateway.safexml import MAX_BYTES
from gateway.schema import registry
from gateway.schema.raw import MAX_PAYLOAD
from gateway.transports.ondisk import OnDisk

__all__ = ["MAX_MEMBERS", "Declared", "Found", "Unit", "items", "of_stream", "units"]

MAX_MESSAGE = MAX_PAYLOAD + 16
"""Largest single message or document, in bytes."""
MAX_MEMBERS = 10_000_000
"""Most members of an archive."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the caller says of the inputs: origins, and the schema of bare data (``lsst/11.0``).

    issued : they come straight from the survey's own distribution (`gateway.model.provenance`)
    fields : parts that come from elsewhere (`Provenance.fields`)
    """

    alert: Origin | None = Origin.ALERT
    event: Origin | None = Origin.EXTERNAL
    release: str | None = None
    schema: str | None = None
    issued: bool = False
    fields: tuple[tuple[str, Provenance], ...] = ()

    def provenance(self, origin: Origin | None, source: str = "") -> Provenance:
        """That of an input of this name."""
        return Provenance(origin, self.release, source, issued=self.issued, fields=self.fields)

    def restored(self, source: str) -> Provenance:
        """That of an alert which is taken out of an event: made of all parts of it, wherever they come from (P26)."""
        inputs = tuple(other for _, other in self.fields)
        return replace(self.provenance(self.alert, source), inputs=inputs)


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of an input that has not been looked into.

    kind : ``block`` of a container, ``message``, or ``rejected``
    header : of a container, for a block, or what is damaged between blocks
    file : of a block that was left in its file, with the header
    alone : it came through a pipe, where the next one may be long in coming, and nothing should wait for that
    """

    name: str
    kind: str
    data: bytes = field(repr=False)
    header: container.Header | None = None
    block: container.Block | None = None
    error: GatewayError | None = None
    file: OnDisk | None = None
    alone: bool = False

    @property
    def size(self) -> int:
        """Its bytes, wherever they are."""
        if self.block is None:
            return len(self.data)
        return self.block.place[1] if self.block.place else len(self.block.data)


@dataclass(frozen=True, slots=True)
class Found:
    """One alert, document or refusal, and the name people know it by (``visit.avro[3]``)."""

    name: str
    item: Alert | Document | Rejected


def units(arguments: Iterable[str]) -> Iterator[Unit]:
    """The pieces of the inputs that the arguments name: files, directories (all files in them, sorted), ``-``."""
    for argument in arguments:
        path = Path(argument)
        # Those of os.path say no where pathlib's raise: for a folder without permission, or too long a name.
        inside = argument != "-" and os.path.isdir(path)
        files = sorted(p for p in path.rglob("*") if os.path.isfile(p)) if inside else [path]
        if not files:
            yield _nothing_in(_printable(argument), "folder")
        for file in files:
            name = _printable(str(file))
            try:
                with nullcontext(_stdin()) if argument == "-" else file.open("rb") as stream:
                    there = None if argument == "-" else OnDisk.of(str(file), stream)
                    for unit in of_stream(name, stream, there):
                        yield unit if there else replace(unit, alone=True)
            except (OSError, ValueError) as error:  # ValueError: a name with a NUL
                reason = getattr(error, "strerror", None) or "it cannot be read"
                problem = InputError(
                    "input-unreadable", f"The file cannot be read: {reason}.", where=Where(name)
                )
                yield Unit(name, "rejected", b"", error=problem)


def _nothing_in(name: str, what: str) -> Unit:
    """Nothing to read must not look like nothing wrong."""
    problem = InputError("input-empty", f"The {what} has no files in it.", where=Where(name))
    return Unit(name, "rejected", b"", error=problem)


def _printable(name: str) -> str:
    """A file's name as text that can be written anywhere, whatever bytes it is made of."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _stdin() -> io.BufferedReader:
    if sys.stdin is None:
        raise OSError(0, "standard input is closed")
    buffer: Any = sys.stdin.buffer  # a BytesIO under test runners, which cannot peek
    return buffer if isinstance(buffer, io.BufferedReader) else io.BufferedReader(buffer)


def of_stream(name: str, stream: io.BufferedReader, file: OnDisk | None = None) -> Iterator[Unit]:
    """The pieces of an open input. `file` is what was opened, when it is a regular file: its blocks stay there."""
    start = stream.peek(512)[:512]
    try:
        if not start:
            raise InputError("input-empty", "The input is empty.")
        if start.startswith(container.MAGIC):
            yield from _of_container(name, stream, file)
        elif _is_archive(start):
            yield from _of_archive(name, stream)
        else:
            yield Unit(name, "message", _take(stream, MAX_MESSAGE))
    except GatewayError as error:
        yield Unit(name, "rejected", b"", error=error.located(input=name))


def _take(stream: BinaryIO, limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise LimitError("limit-size", f"The input is longer than {limit} bytes.")
    return data


def _of_container(name: str, stream: BinaryIO, file: OnDisk | None) -> Iterator[Unit]:
    header, blocks = container.open_blocks(stream, leave=file is not None)
    for block in blocks:
        if isinstance(block, Rejected):
            yield Unit(name, "rejected", block.data, header, error=block.error.located(input=name))
        else:
            yield Unit(name, "block", b"", None if file else header, block, file=file)


def _is_archive(start: bytes) -> bool:
    return start.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")) or start[257:262] == b"ustar"


def _of_archive(name: str, stream: BinaryIO) -> Iterator[Unit]:
    try:
        with tarfile.open(fileobj=stream, mode="r|*") as archive:
            empty = True
            for number, member in enumerate(archive):
                if number >= MAX_MEMBERS:
                    raise LimitError("limit-size", f"The archive has more than {MAX_MEMBERS} members.")
                if not member.isfile():
                    continue
                if member.size > MAX_MESSAGE:
                    raise LimitError(
                        "limit-size", f"A member of the archive has more than {MAX_MESSAGE} bytes."
                    )
                empty = False
                file = archive.extractfile(member)
                data = file.read(MAX_MESSAGE) if file else b""
                inner = _printable(f"{name}:{member.name}")
                if data.startswith(container.MAGIC):
                    yield from of_stream(inner, io.BufferedReader(io.BytesIO(data)))
                else:
                    yield Unit(inner, "message", data)
            if empty:
                yield _nothing_in(name, "archive")
    except (tarfile.TarError, EOFError, OSError, ValueError):
        raise InputError("input-unreadable", "The archive is damaged or not a tar archive.") from None


def items(unit: Unit, declared: Declared) -> Iterator[Found]:
    """What is in a piece. Errors carry the name of their input."""
    try:
        for found in _items(unit, declared):
            if isinstance(found.item, Rejected):
                found.item.error.located(input=unit.name)
            yield found
    except GatewayError as error:
        yield Found(unit.name, Rejected(error.located(input=unit.name), unit.data))


def _items(unit: Unit, declared: Declared) -> Iterator[Found]:
    if unit.kind == "rejected":
        assert unit.error is not None
        provenance = declared.provenance(declared.alert, unit.name)
        yield Found(unit.name, Rejected(unit.error, unit.data, _family(unit.header), provenance))
    elif unit.kind == "block":
        yield from _of_block(unit, declared)
    else:
        yield from _of_message(unit, declared)


def _of_block(unit: Unit, declared: Declared) -> Iterator[Found]:
    header, block = _opened(unit)
    provenance = declared.provenance(declared.alert, unit.name)
    for item in container.read_block(header, block, provenance):
        if isinstance(item, Rejected):
            yield Found(unit.name, replace(item, family=_family(header), provenance=provenance))
            continue
        name = f"{unit.name}[{item.provenance.position}]"
        if item.schema.sha256 == registry.stored_event().sha256:
            yield Found(name, _stored(item, declared))
        else:
            yield Found(name, item)


def _family(header: container.Header | None) -> str | None:
    """Of a released schema. What is damaged in any other may be anything."""
    return header.schema.key.family if header is not None and header.schema.key is not None else None


def _opened(unit: Unit) -> tuple[container.Header, container.Block]:
    """The block with its data, and the header. Raises InputError when it was left in a file that is gone."""
    assert unit.block is not None
    if unit.file is None or unit.block.place is None:
        assert unit.header is not None
        return unit.header, unit.block
    return _header(unit.file), replace(unit.block, data=unit.file.read(*unit.block.place))


@lru_cache(maxsize=16)
def _header(file: OnDisk) -> container.Header:
    with file.open() as stream:
        return container.open_blocks(stream)[0]


def _stored(item: Alert, declared: Declared) -> Document | Rejected:
    """The document in a stored VOEvent."""
    try:
        event = voevent_avro.decode(item.payload)
        assert event.original is not None
        return _document(event.original, item.provenance.source, declared)
    except GatewayError as error:
        return Rejected(error.located(record=item.provenance.position), item.payload)


def _document(data: bytes, name: str, declared: Declared) -> Document:
    return Document(
        data,
        declared.provenance(declared.event, name),
        declared.restored(name),
    )


def _of_message(unit: Unit, declared: Declared) -> Iterator[Found]:
    data, name = unit.data, unit.name
    provenance = declared.provenance(declared.alert, name)
    text = data.lstrip()
    if not data:
        raise InputError("input-empty", "The input is empty.")
    if declared.schema is not None and not text.startswith(b"<"):
        yield Found(name, Alert(registry.get(declared.schema), data, Framing("raw"), provenance))
    elif data.startswith(single_object.MARKER):
        yield Found(name, single_object.read(data, provenance))
    elif data.startswith((b"<\0", b"\0<", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or text.startswith(
        b"<"
    ):
        if len(data) > MAX_BYTES:
            raise LimitError("limit-size", f"The document has {len(data)} bytes; the limit is {MAX_BYTES}.")
        yield Found(name, _document(data, name, declared))
    elif data.startswith(b"\0"):
        yield Found(name, confluent.read(data, provenance))
    elif text.startswith(b"{"):
        yield from _of_json(unit, declared)
    else:
        raise InputError("input-unknown", "The first bytes match no known format.", where=Where(offset=0))


def _of_json(unit: Unit, declared: Declared) -> Iterator[Found]:
    """One JSON document, or one a line."""
    lines = [line for line in unit.data.splitlines() if line.strip()]
    if len(lines) > 1 and not all(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines):
        lines = [unit.data]
    for number, line in enumerate(lines):
        name = f"{unit.name}[{number}]" if len(lines) > 1 else unit.name
        try:
            values = alert_json.decode_values(line)
            if "record" in values:
                provenance = declared.provenance(declared.alert, unit.name)
                yield Found(name, alert_json.decode(line, provenance))
            elif "ivorn" in values:
                yield Found(name, _document(encode(voevent_json.decode(line)), unit.name, declared))
            else:
                raise no_form(values)
        except GatewayError as error:
            yield Found(name, Rejected(error.located(input=unit.name, record=number), line))
