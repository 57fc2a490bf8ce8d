"""Avro object container files (Avro 1.11, "Object Container Files"): a header with the schema, then blocks.

fastavro reads containers too, but decompresses without a limit and stops at the first damage.

    compression  the codecs
    stream       bytes with a way back
    reader       a file -> blocks -> alerts, and what is damaged
    writer       alerts -> a file
"""

from gateway.codecs.container.compression import CODECS, MAX_BLOCK
from gateway.codecs.container.reader import (
    MAGIC,
    MAX_ENTRIES,
    MAX_HEADER,
    Block,
    Header,
    open_blocks,
    read,
    read_block,
)
from gateway.codecs.container.writer import Writer, write

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
