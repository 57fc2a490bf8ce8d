"""Cut an Avro datum into the raw bytes of its fields, and put it together again.

Rules
1. A raw value is the wire bytes of a field, not yet interpreted: for a number or boolean its encoding, for a
   string or bytes its content without the length, for a record a list in schema order, for an array a list of
   items, for a map a list of (key, value) pairs, None for null, and (branch number, raw value) for a union of
   several types other than null.
2. What nobody asked for is skipped, never built; reading stops after the last field that was asked for. Of a
   field that is measured only its size is kept: the number of an array's items, the length of bytes or text.
3. The fast code only notices *that* a datum is damaged. `gateway.schema.damage` then walks it again, slowly, to
   say where and why.
4. Writing raw values gives the canonical encoding: an array is one block with a positive count. (Arrays in
   several blocks, or with byte sizes, read the same and are written differently.)

    shapes  what the three below share: integers, and runs of fields as one expression
    read    places in the data -> raw values
    skip    places in the data -> the places behind, and sizes
    write   raw values -> data
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Literal

from gateway.errors import LimitError
from gateway.model.avrotype import Record
from gateway.schema.damage import explain
from gateway.schema.read import Reader, record_reader
from gateway.schema.shapes import Damaged, Raw, varint, write_varint
from gateway.schema.skip import Skipper, measurer, record_skipper
from gateway.schema.write import Writer, record_writer

__all__ = ["MAX_PAYLOAD", "Layout", "Raw", "varint", "write_varint"]

MAX_PAYLOAD = 64 * 2**20
"""Largest datum in bytes: LSST expects packets of about 82 kB; the largest cutouts there ever were had 4 MB."""

Mode = Literal["read", "measure"]


class Layout:
    """A record schema for cutting and joining; what is used of it is compiled once, so keep it.

    wanted : for root fields, ``read`` or ``measure`` (rule 2); all are read by default. The others are skipped
        and None in
        the result, and the data are not looked at behind the last wanted one.
    """

    def __init__(self, root: Record, wanted: Mapping[str, Mode] | None = None) -> None:
        self.root = root
        self.modes = ["read" if wanted is None else wanted.get(field.name) for field in root.fields]
        while self.modes and self.modes[-1] is None:
            self.modes.pop()
        self.to_the_end = len(self.modes) == len(root.fields)

    @cached_property
    def _readers(self) -> list[Reader]:
        """For each group of neighbours that are wanted alike, what reads a list of their values."""
        groups = groupby(zip(self.modes, self.root.fields, strict=False), lambda pair: pair[0])
        return [
            _reader(mode, Record(self.root.fullname, tuple(field for _, field in pairs)))
            for mode, pairs in groups
        ]

    @cached_property
    def _skip(self) -> Skipper:
        return record_skipper(self.root)

    @cached_property
    def _write(self) -> Writer:
        return record_writer(self.root)

    def read(self, data: bytes) -> list[Raw]:
        """The raw values of the root fields, in schema order.

        Raises AvroError with the code, byte and field of the first damage, and LimitError (limit-size).
        """
        _require_size(data)
        pos = 0
        values: list[Raw] = []
        try:
            for read in self._readers:
                some, pos = read(data, pos)
                values += some
            if self.to_the_end and pos != len(data):
                raise Damaged
        except (Damaged, IndexError):
            explain(data, self.root)
        return values

    def end(self, data: bytes, pos: int = 0) -> int:
        """Where the datum that starts at `pos` ends, with every byte of it checked. Raises AvroError."""
        try:
            return self._skip(data, pos)
        except (Damaged, IndexError):
            explain(data, self.root, pos)

    def check(self, data: bytes) -> None:
        """Raise AvroError unless the data are one datum and nothing else."""
        _require_size(data)
        if self.end(data) != len(data):
            explain(data, self.root)

    def write(self, raw: Sequence[Raw]) -> bytes:
        """The datum with these raw values, in canonical encoding (rule 4)."""
        return self._write(raw)


def _require_size(data: bytes) -> None:
    if len(data) > MAX_PAYLOAD:
        raise LimitError("limit-size", f"The alert has {len(data)} bytes; the limit is {MAX_PAYLOAD}.")


def _reader(mode: str | None, fields: Record) -> Reader:
    """What reads a list of the values of neighbouring fields."""
    if mode == "read":
        return record_reader(fields)
    if mode is None:
        skip, nothing = record_skipper(fields), [None] * len(fields.fields)
        return lambda data, pos: (nothing, skip(data, pos))
    measurers = [measurer(field.type) for field in fields.fields]

    def read_sizes(data: bytes, pos: int) -> tuple[Raw, int]:
        sizes = []
        for measure in measurers:
            size, pos = measure(data, pos)
            sizes.append(size)
        return sizes, pos

    return read_sizes
