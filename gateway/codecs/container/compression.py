"""Compression codecs of container blocks, with a limit on what a block may unpack to."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cramjam
import zstandard

from gateway.errors import AvroError, GatewayError, LimitError

__all__ = ["CODECS", "MAX_BLOCK", "decompress"]

MAX_BLOCK = 256 * 2**20
"""Largest block in bytes, before and after decompression: writers aim at 16 kB to a few MB."""


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


def decompress(codec: str, data: bytes) -> bytes:
    """A block's data. Raises AvroError (avro-compression) and LimitError (limit-size)."""
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
