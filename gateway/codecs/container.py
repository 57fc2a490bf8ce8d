"""Avro object container files (Avro 1.11, "Object Container Files"): a header with the schema, then blocks.

Rules
1. A file is read as a stream, one block at a time; header, block and decompressed block have limits, so that
   memory stays flat and a small file cannot become a large one.
2. Every datum is walked to find its end, so what leaves here is whole and undamaged by the schema's measure.
3. A damaged block costs its own alerts and no others: reading goes on behind the next sync marker. What was
   lost comes out as `Rejected`, in its place.
4. Writing is deterministic: the sync marker is made from the schema and the first datum, not drawn at random.

fastavro reads containers too, but decompresses without a limit and stops at the first damage.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import BinaryIO

import cramjam
import zstandard

from gateway.errors import AvroError, GatewayError, LimitError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.model.rejected import Rejected
from gateway.schema.parse import parse_schema_text
from gateway.schema.raw import Layout, write_varint
from gateway.schema.registry import released

__all__ = [
    "CODECS",
    "MAGIC",
    "MAX_BLOCK",
    "MAX_ENTRIES",
    "MAX_HEADER",
    "Block",
    "Header",
    "Writer",
    "open_blocks",
    "read",
    "read_block",
    "write",
]

MAGIC = b"Obj\x01"
MAX_HEADER = 4 * 2**20
"""Largest header in bytes: the schema text with its documentation is up to 165 kB."""
MAX_ENTRIES = 1000
"""Most entries in a header: the specification has two, writers add a few."""
MAX_BLOCK = 256 * 2**20
"""Largest block in bytes, before and after decompression: writers aim at 16 kB to a few MB."""
_BLOCK_TARGET = 2**20


# Compression


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    out = inflater.decompress(data, MAX_BLOCK + 1)
    if len(out) > MAX_BLOCK:
        raise LimitError("limit-size", f"A container block unpacks to more than {MAX_BLOCK} bytes.")
    if not inflater.eof:
        raise ValueError
    return out  # what follows the end is not looked at: fastavro writes a checksum there


def _deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def _unsnap(data: bytes) -> bytes:
    if len(data) < 5:
        raise ValueError
    body, checksum = data[:-4], data[-4:]
    if cramjam.snappy.decompress_raw_len(body) > MAX_BLOCK:
        raise LimitError("limit-size", f"A container block unpacks to more than {MAX_BLOCK} bytes.")
    out = bytes(cramjam.snappy.decompress_raw(body))
    if zlib.crc32(out).to_bytes(4, "big") != checksum:
        raise ValueError
    return out


def _snap(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data)) + zlib.crc32(data).to_bytes(4, "big")


def _unzstd(data: bytes) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(data) as reader:
        out = reader.read(MAX_BLOCK + 1)
    if len(out) > MAX_BLOCK:
        raise LimitError("limit-size", f"A container block unpacks to more than {MAX_BLOCK} bytes.")
    return out


CODECS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "null": (bytes, bytes),
    "deflate": (_deflate, _inflate),
    "snappy": (_snap, _unsnap),
    "zstandard": (zstandard.ZstdCompressor(level=3).compress, _unzstd),
}
"""Codec name -> (compress, decompress)."""


def _decompress(codec: str, data: bytes) -> bytes:
    try:
        return CODECS[codec][1](data)
    except GatewayError:
        raise
    except (
        ValueError,
        zlib.error,
        zstandard.ZstdError,
        cramjam.DecompressionError,
        OverflowError,
        MemoryError,
    ):
        raise AvroError("avro-compression", f"A {codec} block cannot be decompressed.") from None


# Reading


class _Stream:
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
    """

    data: bytes = field(repr=False)
    count: int
    start: int
    record: int


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


def open_blocks(file: BinaryIO) -> tuple[Header, Iterator[Block | Rejected]]:
    """The header of a container and its blocks, which are not looked into.

    Raises AvroError, SchemaError and LimitError when the header cannot be read.
    """
    stream = _Stream(file)
    if stream.take(4) != MAGIC:
        raise AvroError(
            "avro-container", "The file does not start like an Avro container.", where=Where(offset=0)
        )
    header = _header(stream)
    return header, _blocks(stream, header.sync)


def _blocks(stream: _Stream, sync: bytes) -> Iterator[Block | Rejected]:
    record = 0
    while True:
        stream.release()
        start = stream.pos
        try:
            found = _block(stream, sync)
        except GatewayError as error:
            yield Rejected(error.located(offset=start, record=record), stream.skip(sync))
            continue
        if found is None:
            return
        count, data, marker = found
        yield Block(data, count, start, record)
        record += count
        if marker != sync:
            yield Rejected(_wrong_marker().located(offset=stream.pos - len(sync), record=record), marker)


def _block(stream: _Stream, sync: bytes, *, strict: bool = False) -> tuple[int, bytes, bytes] | None:
    """Count, data and marker of the next block; None at the end.

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
    return count, stream.take(size), stream.take(len(sync))


def _only_marker_wrong(stream: _Stream, size: int, sync: bytes) -> bool:
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
        data = _decompress(header.codec, block.data)
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


def _header(stream: _Stream) -> Header:
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


# Writing


class Writer:
    """Writes a container, one datum after the other; memory stays flat.

    Raises AvroError (avro-codec) for a codec that is not in `CODECS`.
    """

    def __init__(self, file: BinaryIO, schema: AlertSchema, codec: str = "null") -> None:
        if codec not in CODECS:
            raise AvroError("avro-codec", f"The codec is not one of {', '.join(CODECS)}.")
        self.file, self.schema, self.codec = file, schema, codec
        self.count = 0
        self._sync = b""
        self._batch: list[bytes] = []
        self._size = 0

    def add(self, payload: bytes) -> None:
        """Append one datum."""
        if not self._sync:
            self._start(payload)
        self._batch.append(payload)
        self._size += len(payload)
        self.count += 1
        if self._size >= _BLOCK_TARGET:
            self._flush()

    def close(self) -> None:
        """Write what is still held back. The file itself stays open."""
        if not self._sync:
            self._start(b"")
        self._flush()

    def _start(self, first: bytes) -> None:
        seed = self.schema.sha256.encode() + self.codec.encode() + first
        self._sync = hashlib.sha256(seed).digest()[:16]
        text = json.dumps(self.schema.json, separators=(",", ":")).encode()
        meta = b"".join(map(_bytes, (b"avro.codec", self.codec.encode(), b"avro.schema", text)))
        self.file.write(MAGIC + write_varint(2) + meta + b"\0" + self._sync)

    def _flush(self) -> None:
        if self._batch:
            data = CODECS[self.codec][0](b"".join(self._batch))
            self.file.write(write_varint(len(self._batch)) + _bytes(data) + self._sync)
            self._batch.clear()
            self._size = 0


def write(file: BinaryIO, schema: AlertSchema, payloads: Iterable[bytes], codec: str = "null") -> int:
    """Write a container of these data, taken one by one; returns their number. Raises as `Writer` does."""
    writer = Writer(file, schema, codec)
    for payload in payloads:
        writer.add(payload)
    writer.close()
    return writer.count


def _bytes(data: bytes) -> bytes:
    return write_varint(len(data)) + data
