"""Avro object container files (Avro 1.11, "Object Container Files"): a header with the schema, then blocks.

Rules
1. A file is read as a stream, one block at a time; header, block and decompressed block have limits, so that
   memory stays flat and a small file cannot become a large one.
2. Every datum is walked to find its end, so what leaves here is whole and undamaged by the schema's measure.
3. A damaged block costs its own alerts and no others: reading goes on behind the next sync marker. What was lost
   comes out as `Rejected`, in its place.
4. Writing is deterministic: the sync marker is made from the schema and the first datum, not drawn at random.

fastavro reads containers too, but decompresses without a limit and stops at the first damage.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
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

__all__ = ["CODECS", "MAGIC", "MAX_BLOCK", "MAX_HEADER", "read", "write"]

MAGIC = b"Obj\x01"
MAX_HEADER = 4 * 2**20
"""Largest header in bytes: the schema text with its documentation is up to 165 kB."""
MAX_BLOCK = 256 * 2**20
"""Largest block in bytes, before and after decompression: writers aim at 16 kB to a few MB."""
_BLOCK_TARGET = 2**20


# Compression


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj(-15)
    out = inflater.decompress(data, MAX_BLOCK)
    if inflater.unconsumed_tail:
        raise LimitError("limit-size", f"A container block unpacks to more than {MAX_BLOCK} bytes.")
    if not inflater.eof:
        raise ValueError
    return out


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
    except (ValueError, zlib.error, zstandard.ZstdError, cramjam.DecompressionError, OverflowError, MemoryError):
        raise AvroError("avro-compression", f"A {codec} block cannot be decompressed.") from None


# Reading


class _Stream:
    """A byte stream that knows its position and raises when the data end early."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.pos = file, 0

    def take(self, size: int) -> bytes:
        # In pieces, so that a false length claims no memory that the file does not fill.
        parts, missing = [], size
        while missing:
            part = self.file.read(min(missing, 2**20))
            if not part:
                raise AvroError("avro-truncated", "The container ends early.", where=Where(offset=self.pos))
            parts.append(part)
            missing -= len(part)
            self.pos += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def number(self) -> int | None:
        """The next zigzag integer; None at the end of the data."""
        value = shift = 0
        while True:
            byte = self.file.read(1)
            if not byte:
                if shift == 0:
                    return None
                raise AvroError("avro-truncated", "The container ends early.", where=Where(offset=self.pos))
            self.pos += 1
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7
            if shift > 63:
                raise AvroError("avro-container", "A container number is too long.", where=Where(offset=self.pos))

    def length(self, limit: int, what: str) -> int:
        start = self.pos
        size = self.number()
        if size is None:
            raise AvroError("avro-truncated", "The container ends early.", where=Where(offset=self.pos))
        if size < 0:
            raise AvroError("avro-container", f"The size of the {what} is negative.", where=Where(offset=start))
        if size > limit:
            raise LimitError("limit-size", f"The {what} claims {size} bytes; the limit is {limit}.", where=Where(offset=start))
        return size

    def search(self, marker: bytes) -> bool:
        """Go behind the next `marker`; False at the end of the data."""
        window = b""
        while part := self.file.read(2**16):
            window += part
            at = window.find(marker)
            self.pos += len(part)
            if at >= 0:
                rest = window[at + len(marker) :]
                self.file = _Chain(rest, self.file)  # type: ignore[assignment]
                self.pos -= len(rest)
                return True
            window = window[-len(marker) + 1 :]
        return False


class _Chain:
    """Bytes that were read too far, and then the file again."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self.head, self.file = head, file

    def read(self, size: int) -> bytes:
        if not self.head:
            return self.file.read(size)
        part, self.head = self.head[:size], self.head[size:]
        return part


def read(file: BinaryIO, provenance: Provenance = UNDECLARED) -> Iterator[Alert | Rejected]:
    """The alerts of a container, in order; damaged blocks as `Rejected` in their place.

    Raises AvroError, SchemaError and LimitError when the header cannot be read.
    """
    stream = _Stream(file)
    if stream.take(4) != MAGIC:
        raise AvroError("avro-container", "The file does not start like an Avro container.", where=Where(offset=0))
    schema, codec, sync = _header(stream)
    layout, framing = Layout(schema.root), Framing("container", codec)
    record = 0
    while True:
        start = stream.pos
        data = b""
        try:
            count = stream.number()
            if count is None:
                return
            if count < 0:
                raise AvroError("avro-container", "A block has a negative count.")
            data = stream.take(stream.length(MAX_BLOCK, "container block"))
            if stream.take(16) != sync:
                raise AvroError("avro-container", "A block does not end with the sync marker of its file.")
        except GatewayError as error:
            yield Rejected(error.located(offset=start, record=record), data)
            if not stream.search(sync):
                return
            continue
        try:
            block = _decompress(codec, data)
        except GatewayError as error:
            yield Rejected(error.located(offset=start, record=record), data)
            record += count
            continue
        pos, position = 0, record
        try:
            for position in range(record, record + count):
                end = layout.end(block, pos)
                yield Alert(
                    schema,
                    block[pos:end],
                    framing,
                    Provenance(provenance.origin, provenance.release, provenance.source, position),
                )
                pos = end
            if pos != len(block):
                raise AvroError("avro-trailing", "A block is longer than its records.", where=Where(offset=pos))
        except GatewayError as error:
            yield Rejected(error.located(record=position), block[pos:])
        record += count


def _header(stream: _Stream) -> tuple[AlertSchema, str, bytes]:
    meta: dict[bytes, bytes] = {}
    while True:
        count = stream.number()
        if count is None:
            raise AvroError("avro-truncated", "The container ends in its header.", where=Where(offset=stream.pos))
        if count < 0:
            count = -count
            stream.length(MAX_HEADER, "header")
        if count == 0:
            break
        for _ in range(count):
            key = stream.take(stream.length(MAX_HEADER, "header"))
            meta[key] = stream.take(stream.length(MAX_HEADER, "header"))
            if stream.pos > MAX_HEADER:
                raise LimitError("limit-size", f"The container's header is longer than {MAX_HEADER} bytes.")
    sync = stream.take(16)
    codec = meta.get(b"avro.codec", b"null").decode("ascii", "replace")
    if codec not in CODECS:
        raise AvroError("avro-codec", f"The container's codec is not one of {', '.join(CODECS)}.")
    if b"avro.schema" not in meta:
        raise AvroError("avro-container", "The container's header has no schema.")
    return released(parse_schema_text(meta[b"avro.schema"])), codec, sync


# Writing


def write(file: BinaryIO, schema: AlertSchema, payloads: Iterable[bytes], codec: str = "null") -> int:
    """Write a container; returns the number of records. The payloads are taken one by one, memory stays flat.

    Raises AvroError (avro-codec) for a codec that is not in `CODECS`.
    """
    if codec not in CODECS:
        raise AvroError("avro-codec", f"The codec is not one of {', '.join(CODECS)}.")
    compress = CODECS[codec][0]
    sync = b""
    batch: list[bytes] = []
    size = total = 0

    def header(first: bytes) -> bytes:
        nonlocal sync
        sync = hashlib.sha256(schema.sha256.encode() + codec.encode() + first).digest()[:16]
        text = json.dumps(schema.json, separators=(",", ":")).encode()
        meta = b"".join(_bytes(part) for part in (b"avro.codec", codec.encode(), b"avro.schema", text))
        return MAGIC + write_varint(2) + meta + b"\0" + sync

    def block() -> bytes:
        data = compress(b"".join(batch))
        return write_varint(len(batch)) + _bytes(data) + sync

    for payload in payloads:
        if not total:
            file.write(header(payload))
        batch.append(payload)
        size += len(payload)
        total += 1
        if size >= _BLOCK_TARGET:
            file.write(block())
            batch.clear()
            size = 0
    if not total:
        file.write(header(b""))
    if batch:
        file.write(block())
    return total


def _bytes(data: bytes) -> bytes:
    return write_varint(len(data)) + data
