"""Reads containers, block by block.

Rules
1. A file is read as a stream, one block at a time; header, block and decompressed block have limits, so that
   memory stays flat and a small file cannot become a large one.
2. Every datum is walked to find its end, so what leaves here is whole and undamaged by the schema's measure.
3. A damaged block costs its own alerts and no others: reading goes on behind the next sync marker. What was
   lost comes out as `Rejected`, in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import BinaryIO

from gateway.codecs.container.compression import CODECS, MAX_BLOCK, decompress
from gateway.codecs.container.stream import FileStream, Stream
from gateway.errors import AvroError, GatewayError, LimitError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.model.rejected import Rejected
from gateway.schema.parse import parse_schema_text
from gateway.schema.raw import Layout
from gateway.schema.registry import released

__all__ = ["MAGIC", "MAX_ENTRIES", "MAX_HEADER", "Block", "Header", "open_blocks", "read", "read_block"]

MAGIC = b"Obj\x01"
MAX_HEADER = 4 * 2**20
"""Largest header in bytes: the schema text with its documentation is up to 165 kB."""
MAX_ENTRIES = 1000
"""Most entries in a header: the specification has two, writers add a few."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a container say. Comparable and cheap to send to another process.

    others : how many entries there are beside schema and codec; what they say is not kept
    """

    schema_text: bytes
    codec: str
    sync: bytes
    others: int = 0

    @property
    def schema(self) -> AlertSchema:
        """The writer schema: the released one where it is one."""
        return _schema(self.schema_text)


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it is in the file.

    start : its first byte in the file
    record : number of its first record, from 0
    place : where in the file its data are, and their size, when they were left there: then `data` is empty
    """

    data: bytes = field(repr=False)
    count: int
    start: int
    record: int
    place: tuple[int, int] | None = None


@lru_cache(maxsize=64)
def _schema(text: bytes) -> AlertSchema:
    return released(parse_schema_text(text))


@lru_cache(maxsize=64)
def _layout(schema: AlertSchema) -> Layout:
    return Layout(schema.root)


def read(file: BinaryIO, provenance: Provenance = UNDECLARED) -> Iterator[Alert | Rejected]:
    """The alerts of a container, in order; damaged blocks as `Rejected` in their place.

    Raises AvroError, SchemaError and LimitError when the header cannot be read.
    """
    header, blocks = open_blocks(file)
    for block in blocks:
        yield from (block,) if isinstance(block, Rejected) else read_block(header, block, provenance)


def open_blocks(file: BinaryIO, *, leave: bool = False) -> tuple[Header, Iterator[Block | Rejected]]:
    """The header of a container and its blocks, which are not looked into.

    leave : find out where the blocks are and leave their data there; for a regular file, read from its first byte
    Raises AvroError, SchemaError and LimitError when the header cannot be read.
    """
    stream = FileStream(file) if leave else Stream(file)
    if stream.take(4) != MAGIC:
        raise AvroError(
            "avro-container", "The file does not start like an Avro container.", where=Where(offset=0)
        )
    header = _header(stream)
    return header, _blocks(stream, header.sync, leave)


def _blocks(stream: Stream, sync: bytes, leave: bool) -> Iterator[Block | Rejected]:
    record = 0
    while True:
        stream.release()
        start = stream.pos
        try:
            found = _block(stream, sync, leave=leave)
        except GatewayError as error:
            yield Rejected(error.located(offset=start, record=record), stream.skip(sync))
            continue
        if found is None:
            return
        count, content, marker = found
        yield (
            Block(content, count, start, record)
            if isinstance(content, bytes)
            else Block(b"", count, start, record, content)
        )
        record += count
        if marker != sync:
            yield Rejected(_wrong_marker().located(offset=stream.pos - len(sync), record=record), marker)


def _block(
    stream: Stream, sync: bytes, *, strict: bool = False, leave: bool = False
) -> tuple[int, bytes | tuple[int, int], bytes] | None:
    """Count, data (or where they are) and marker of the next block; None at the end.

    strict : a block with a wrong marker is an error, even if its marker is all that is wrong with it
    """
    count = stream.number()
    if count is None:
        return None
    if count < 0:
        raise AvroError("avro-container", "A block has a negative count.")
    size = stream.length(MAX_BLOCK, "container block")
    if not stream.is_ahead(sync, size) and (strict or not _only_marker_wrong(stream, size, sync)):
        raise _wrong_marker()
    return count, stream.leave(size) if leave else stream.take(size), stream.take(len(sync))


def _only_marker_wrong(stream: Stream, size: int, sync: bytes) -> bool:
    """Whether a block's size is right for all that: no marker is inside, and the file goes on or ends well
    behind it."""
    start = stream.pos
    if stream.is_within(sync, size):
        return False
    try:
        stream.take(size + len(sync))
        _block(stream, sync, strict=True)
    except GatewayError:
        return False
    finally:
        stream.pos = start
    return True


def _wrong_marker() -> AvroError:
    return AvroError("avro-container", "A block does not end with the sync marker of its file.")


def read_block(
    header: Header, block: Block, provenance: Provenance = UNDECLARED
) -> Iterator[Alert | Rejected]:
    """The alerts of one block; what cannot be read is one `Rejected` at the end."""
    layout, framing = _layout(header.schema), Framing("container", header.codec)
    try:
        data = decompress(header.codec, block.data)
    except GatewayError as error:
        yield Rejected(error.located(offset=block.start, record=block.record), block.data)
        return
    pos, record = 0, block.record
    try:
        for record in range(block.record, block.record + block.count):
            end = layout.end(data, pos)
            yield Alert(
                header.schema,
                data[pos:end],
                framing,
                replace(provenance, position=record),
            )
            pos = end
        if pos != len(data):
            raise AvroError("avro-trailing", "A block is longer than its records.")
    except GatewayError as error:
        # A byte of the unpacked block is nowhere in the file; the block is.
        error.where = replace(error.where, offset=block.start)
        yield Rejected(error.located(record=record), data[pos:])


def _header(stream: Stream) -> Header:
    meta: dict[bytes, bytes] = {}
    entries = 0
    while True:
        count = stream.number()
        if count is None:
            raise AvroError(
                "avro-truncated", "The container ends in its header.", where=Where(offset=stream.pos)
            )
        if count < 0:
            count = -count
            stream.length(MAX_HEADER, "header")
        if count == 0:
            break
        for _ in range(count):
            key = stream.take(stream.length(MAX_HEADER, "header"))
            meta[key] = stream.take(stream.length(MAX_HEADER, "header"))
            entries += 1
            if stream.pos > MAX_HEADER or entries > MAX_ENTRIES:
                message = f"The container's header has more than {MAX_HEADER} bytes or {MAX_ENTRIES} entries."
                raise LimitError("limit-size", message)
    sync = stream.take(16)
    codec = meta.get(b"avro.codec", b"null").decode("ascii", "replace")
    if codec not in CODECS:
        raise AvroError("avro-codec", f"The container's codec is not one of {', '.join(CODECS)}.")
    if b"avro.schema" not in meta:
        raise AvroError("avro-container", "The container's header has no schema.")
    header = Header(meta[b"avro.schema"], codec, sync, len(meta.keys() - {b"avro.schema", b"avro.codec"}))
    _layout(header.schema)  # a schema that cannot be used is an error of the header
    return header
