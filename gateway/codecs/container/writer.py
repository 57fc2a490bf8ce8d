"""Writes a container: deterministic, for the sync marker is made from the schema and the first datum, not drawn at
random."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import BinaryIO

from gateway.codecs.container.compression import CODECS
from gateway.codecs.container.reader import MAGIC
from gateway.errors import AvroError
from gateway.model.alert import AlertSchema
from gateway.schema.raw import write_varint

__all__ = ["Writer", "write"]

_BLOCK_TARGET = 2**20


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
            self.flush()

    def close(self) -> None:
        """Write what is still held back. The file itself stays open."""
        if not self._sync:
            self._start(b"")
        self.flush()

    def flush(self) -> None:
        """End a block, if something is held back. What the file itself holds back is its own."""
        if self._batch:
            data = CODECS[self.codec][0](b"".join(self._batch))
            self.file.write(write_varint(len(self._batch)) + _bytes(data) + self._sync)
            self._batch.clear()
            self._size = 0

    def _start(self, first: bytes) -> None:
        seed = self.schema.sha256.encode() + self.codec.encode() + first
        self._sync = hashlib.sha256(seed).digest()[:16]
        text = json.dumps(self.schema.json, separators=(",", ":")).encode()
        meta = b"".join(map(_bytes, (b"avro.codec", self.codec.encode(), b"avro.schema", text)))
        self.file.write(MAGIC + write_varint(2) + meta + b"\0" + self._sync)


def write(file: BinaryIO, schema: AlertSchema, payloads: Iterable[bytes], codec: str = "null") -> int:
    """Write a container of these data, taken one by one; returns their number. Raises as `Writer` does."""
    writer = Writer(file, schema, codec)
    for payload in payloads:
        writer.add(payload)
    writer.close()
    return writer.count


def _bytes(data: bytes) -> bytes:
    return write_varint(len(data)) + data
