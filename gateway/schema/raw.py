"""Cut an Avro datum into the raw bytes of its fields, and put it together again.

Rules
1. A raw value is the wire bytes of a field, not yet interpreted: for a number or boolean its encoding, for a
   string or bytes its content without the length, for a record a list in schema order, for an array a list of
   items, for a map a list of (key, value) pairs, None for null, and (branch number, raw value) for a union of
   several types other than null.
2. Runs of fields of regular shape (numbers, booleans, and unions of null with one of these) become one compiled
   regular expression with a group a field, so that a hundred fields are cut by one call into C. Strings, arrays
   and records end a run.
3. What nobody asked for is skipped, never built; reading stops after the last field that was asked for. Of a
   field that is measured only its size is kept: the number of an array's items, the length of bytes or text.
4. The fast code only notices *that* a datum is damaged. `gateway.schema.damage` then walks it again, slowly, to
   say where and why.
5. Writing raw values gives the canonical encoding: an array is one block with a positive count. (Arrays in
   several blocks, or with byte sizes, read the same and are written differently.)

Avro 1.11 specification, "Binary Encoding".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from itertools import groupby
from typing import Any, Literal

from gateway.errors import LimitError
from gateway.model.avrotype import (
    NULL,
    Array,
    AvroType,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
    nullable,
)
from gateway.schema.damage import explain

__all__ = [
    "MAX_PAYLOAD",
    "Layout",
    "Raw",
    "damage_told",
    "reader_of",
    "skipper_of",
    "varint",
    "write_varint",
    "writer_of",
]

MAX_PAYLOAD = 64 * 2**20
"""Largest datum in bytes: LSST expects packets of about 82 kB; the largest cutouts there ever were had 4 MB."""

Raw = Any
"""A raw value, see rule 1. (A recursive alias would cost every caller a cast for no safety.)"""

Reader = Callable[[bytes, int], tuple[Raw, int]]
Skipper = Callable[[bytes, int], int]
Writer = Callable[[Raw], bytes]

_SHORT = 12
"""Strings up to this length are skipped inside the expression of their record (rule 2)."""
_CHUNK = 16
"""Records of an array that one expression skips at once. The branches of its unions exclude each other by
their first byte,
so an expression that does not match fails without trying other ways."""


class _Damaged(Exception):
    """The fast code met something that cannot be; `explain` will say what."""


# Variable-length integers


def varint(data: bytes, pos: int) -> tuple[int, int]:
    """The zigzag integer at `pos`, and where it ends. IndexError at the end of the data."""
    byte = data[pos]
    pos += 1
    if byte < 0x80:
        return (byte >> 1) ^ -(byte & 1), pos
    value = byte & 0x7F
    shift = 7
    while byte >= 0x80:
        byte = data[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise _Damaged
    return (value >> 1) ^ -(value & 1), pos


def write_varint(value: int) -> bytes:
    """The zigzag encoding of an integer of up to 64 bits."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _length(data: bytes, pos: int) -> tuple[int, int]:
    """A length prefix that the rest of the data can hold."""
    size, pos = varint(data, pos)
    if size < 0 or pos + size > len(data):
        raise _Damaged
    return size, pos


# Regular shapes

_REGULAR = {
    "boolean": rb"[\x00\x01]",
    "int": rb"(?:[\x80-\xff]{0,3}+[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x0f])",
    "long": rb"(?:[\x80-\xff]{0,8}+[\x00-\x7f]|[\x80-\xff]{9}[\x00\x01])",
    # Dots, not a count: a third faster, for `re` takes single steps without setting up a loop.
    "float": b"." * 4,
    "double": b"." * 8,
}


def _branches(type_: AvroType) -> tuple[bytes, bytes]:
    """The bytes of the two branch numbers of a union with null: for null, and before a value. Empty for no union."""
    if not isinstance(type_, Union):
        return b"", b""
    return (b"\x00", b"\x02") if type_.branches[0] == NULL else (b"\x02", b"\x00")


def _optional(type_: AvroType, shape: bytes) -> bytes:
    """The expression for a union of null and a shape."""
    null, before = map(re.escape, _branches(type_))
    return b"(?:" + null + b"|" + before + shape + b")"


def _regular(type_: AvroType, capture: bool) -> bytes | None:
    """The expression for a type of regular shape, or None. With `capture`, exactly one group."""
    rest, was_nullable = nullable(type_)
    if not isinstance(rest, Primitive) or rest.name not in _REGULAR:
        return None
    shape = b"(" * capture + _REGULAR[rest.name] + b")" * capture
    return _optional(type_, shape) if was_nullable else shape


def _short(type_: AvroType) -> bytes | None:
    """An expression that skips a regular field or a short string; longer strings do not match."""
    shape = _regular(type_, capture=False)
    if shape is not None:
        return shape
    rest, was_nullable = nullable(type_)
    if not isinstance(rest, Primitive) or rest.name not in ("string", "bytes"):
        return None
    text = b"(?:" + b"|".join(b"\\x%02x.{%d}" % (2 * n, n) for n in range(_SHORT + 1)) + b")"
    return _optional(type_, text) if was_nullable else text


# Readers, skippers and writers by type


def _reader(type_: AvroType) -> Reader:
    shape = _regular(type_, capture=True)
    if shape is not None:
        match = re.compile(shape, re.S).match

        def read_regular(data: bytes, pos: int) -> tuple[Raw, int]:
            found = match(data, pos)
            if found is None:
                raise _Damaged
            return found[1], found.end()

        return read_regular
    if isinstance(type_, Union):
        return _union_reader(type_)
    if isinstance(type_, Record):
        return _fields(type_).read
    if isinstance(type_, (Array, Map)):
        return _block_reader(type_)
    if isinstance(type_, Fixed):
        return _fixed_reader(type_.size)
    if isinstance(type_, Enum):
        return _enum_reader(len(type_.symbols))
    return _text_reader if type_.name != "null" else (lambda _data, pos: (None, pos))


def _text_reader(data: bytes, pos: int) -> tuple[Raw, int]:
    size, pos = _length(data, pos)
    return data[pos : pos + size], pos + size


def _fixed_reader(size: int) -> Reader:
    def read_fixed(data: bytes, pos: int) -> tuple[Raw, int]:
        if pos + size > len(data):
            raise _Damaged
        return data[pos : pos + size], pos + size

    return read_fixed


def _enum_reader(symbols: int) -> Reader:
    read_number = _reader(Primitive("int"))

    def read_enum(data: bytes, pos: int) -> tuple[Raw, int]:
        raw, end = read_number(data, pos)
        if not 0 <= varint(raw, 0)[0] < symbols:
            raise _Damaged
        return raw, end

    return read_enum


def _union_reader(type_: Union) -> Reader:
    rest, was_nullable = nullable(type_)
    readers = [_reader(branch) for branch in type_.branches]
    tagged = isinstance(rest, Union) or not was_nullable

    def read_union(data: bytes, pos: int) -> tuple[Raw, int]:
        tag = data[pos]
        branch = tag >> 1
        if tag & 0x81 or branch >= len(readers):
            raise _Damaged
        value, pos = readers[branch](data, pos + 1)
        return ((branch, value) if tagged and value is not None else value), pos

    return read_union


def _block_reader(type_: Array | Map) -> Reader:
    read_item = _reader(type_.items) if isinstance(type_, Array) else _pair_reader(type_.values)

    def read_blocks(data: bytes, pos: int) -> tuple[Raw, int]:
        items = []
        count, pos = _count(data, pos)
        while count:
            for _ in range(count):
                item, pos = read_item(data, pos)
                items.append(item)
            count, pos = _count(data, pos)
        return items, pos

    return read_blocks


def _pair_reader(values: AvroType) -> Reader:
    read_value = _reader(values)

    def read_pair(data: bytes, pos: int) -> tuple[Raw, int]:
        key, pos = _text_reader(data, pos)
        value, pos = read_value(data, pos)
        return (key, value), pos

    return read_pair


def _count(data: bytes, pos: int) -> tuple[int, int]:
    """The item count of a block. More items than bytes left cannot be: it would be a cheap way to exhaust memory."""
    count, pos = varint(data, pos)
    if count < 0:
        count = -count
        _, pos = _length(data, pos)
    if count > len(data) - pos:
        raise _Damaged
    return count, pos


def _skipper(type_: AvroType) -> Skipper:
    shape = _short(type_)
    if isinstance(type_, Record):
        return _fields(type_).skip
    rest, was_nullable = nullable(type_)
    if was_nullable and isinstance(type_, Union) and not isinstance(rest, Union):
        if shape is not None and not (isinstance(rest, Primitive) and rest.name in ("string", "bytes")):
            return _pattern_skipper(re.compile(shape, re.S))
        skip_value, null = _skipper(rest), 2 * type_.branches.index(NULL)

        def skip_nullable(data: bytes, pos: int) -> int:
            branch = data[pos]
            if branch == null:
                return pos + 1
            if branch > 2 or branch & 1:
                raise _Damaged
            return skip_value(data, pos + 1)

        return skip_nullable
    if isinstance(type_, (Array, Map)):
        return _block_skipper(type_)
    if isinstance(type_, Primitive) and type_.name in ("string", "bytes"):
        return _skip_text
    if shape is not None:
        return _pattern_skipper(re.compile(shape, re.S))
    read = _reader(type_)
    return lambda data, pos: read(data, pos)[1]


def _skip_text(data: bytes, pos: int) -> int:
    size, pos = _length(data, pos)
    return pos + size


def _pattern_skipper(pattern: re.Pattern[bytes]) -> Skipper:
    match = pattern.match

    def skip_pattern(data: bytes, pos: int) -> int:
        found = match(data, pos)
        if found is None:
            raise _Damaged
        return found.end()

    return skip_pattern


def _many_skipper(type_: AvroType) -> Callable[[bytes, int, int], int]:
    """Skips so many values of a type: `_CHUNK` at a time where one expression can."""
    skip = _skipper(type_)
    chunk = _fields(type_).chunk if isinstance(type_, Record) else None

    def skip_many(data: bytes, pos: int, count: int) -> int:
        if chunk is not None:
            while count >= _CHUNK and (found := chunk(data, pos)) is not None:
                pos = found.end()
                count -= _CHUNK
        for _ in range(count):
            pos = skip(data, pos)
        return pos

    return skip_many


def _pairs_skipper(values: AvroType) -> Callable[[bytes, int, int], int]:
    read_pair = _pair_reader(values)

    def skip_pairs(data: bytes, pos: int, count: int) -> int:
        for _ in range(count):
            _, pos = read_pair(data, pos)
        return pos

    return skip_pairs


def _block_skipper(type_: Array | Map) -> Skipper:
    count_items = _item_counter(type_)
    return lambda data, pos: count_items(data, pos)[1]


def _item_counter(type_: Array | Map) -> Reader:
    """Skips the blocks of an array or map; gives the number of items."""
    skip_many = _many_skipper(type_.items) if isinstance(type_, Array) else _pairs_skipper(type_.values)

    def count_items(data: bytes, pos: int) -> tuple[Raw, int]:
        total = 0
        count, pos = _count(data, pos)
        while count:
            total += count
            pos = skip_many(data, pos, count)
            count, pos = _count(data, pos)
        return total, pos

    return count_items


def _skip_reader(type_: AvroType) -> Reader:
    skip = _skipper(type_)
    return lambda data, pos: (None, skip(data, pos))


def _measurer(type_: AvroType) -> Reader:
    """Reads the number of an array's items or the length of bytes or text; None for null."""
    rest, was_nullable = nullable(type_)
    if was_nullable and isinstance(type_, Union):
        measure_value, null = _measurer(rest), 2 * type_.branches.index(NULL)

        def measure_nullable(data: bytes, pos: int) -> tuple[Raw, int]:
            branch = data[pos]
            if branch == null:
                return None, pos + 1
            if branch > 2 or branch & 1:
                raise _Damaged
            return measure_value(data, pos + 1)

        return measure_nullable
    if isinstance(rest, Array):
        return _item_counter(rest)

    if rest not in (Primitive("bytes"), Primitive("string")):
        raise ValueError("only arrays, bytes and strings can be measured")

    def measure_text(data: bytes, pos: int) -> tuple[Raw, int]:
        size, pos = _length(data, pos)
        return size, pos + size

    return measure_text


_MODES: dict[str | None, Callable[[AvroType], Reader]] = {
    "read": lambda type_: _reader(type_),
    "measure": _measurer,
    None: _skip_reader,
}


def _writer(type_: AvroType) -> Writer:
    rest, was_nullable = nullable(type_)
    if isinstance(type_, Union):
        if isinstance(rest, Union) or not was_nullable:
            writers = [_writer(branch) for branch in type_.branches]
            null_branch = b"" if NULL not in type_.branches else write_varint(type_.branches.index(NULL))
            return lambda raw: null_branch if raw is None else write_varint(raw[0]) + writers[raw[0]](raw[1])
        null, before = _branches(type_)
        write_value = _writer(rest)
        return lambda raw: null if raw is None else before + write_value(raw)
    if isinstance(type_, Record):
        return _fields(type_).write
    if isinstance(type_, Array):
        write_item = _writer(type_.items)
        return lambda raw: b"".join([write_varint(len(raw)), *map(write_item, raw), b"\0"]) if raw else b"\0"
    if isinstance(type_, Map):
        write_entry = _writer(type_.values)
        return lambda raw: (
            b"".join(
                [write_varint(len(raw))]
                + [write_varint(len(k)) + k + write_entry(v) for k, v in raw]
                + [b"\0"]
            )
            if raw
            else b"\0"
        )
    if isinstance(type_, Primitive) and type_.name in ("string", "bytes"):
        return lambda raw: write_varint(len(raw)) + raw
    if isinstance(type_, Primitive) and type_.name == "null":
        return lambda _raw: b""
    return lambda raw: raw


class _Fields:
    """The fields of one record, as runs of regular ones and single others (rule 2); compiled when first used."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def _runs(self, capture: bool) -> list[re.Pattern[bytes] | AvroType]:
        """The fields in order, each run of regular ones as one expression."""
        runs: list[re.Pattern[bytes] | AvroType] = []
        for regular, fields in groupby(self.record.fields, lambda f: _regular(f.type, capture) is not None):
            types = [field.type for field in fields]
            if regular:
                runs.append(re.compile(b"".join(_regular(t, capture) or b"" for t in types), re.S))
            else:
                runs += types
        return runs

    @cached_property
    def steps(self) -> list[tuple[Callable[[bytes, int], re.Match[bytes] | None] | None, Reader | None]]:
        return [
            (run.match, None) if isinstance(run, re.Pattern) else (None, _reader(run))
            for run in self._runs(capture=True)
        ]

    @cached_property
    def skippers(self) -> list[Skipper]:
        return [
            _pattern_skipper(run) if isinstance(run, re.Pattern) else _skipper(run)
            for run in self._runs(capture=False)
        ]

    @cached_property
    def _short(self) -> bytes | None:
        """An expression for the whole record, when its only irregular fields are short strings."""
        short = [_short(field.type) for field in self.record.fields]
        return b"".join(s or b"" for s in short) if None not in short else None

    @cached_property
    def whole(self) -> Callable[[bytes, int], re.Match[bytes] | None] | None:
        """Skips the record at once."""
        return None if self._short is None else re.compile(self._short, re.S).match

    @cached_property
    def chunk(self) -> Callable[[bytes, int], re.Match[bytes] | None] | None:
        """Skips `_CHUNK` records at once."""
        return None if not self._short else re.compile(b"(?:%b){%d}" % (self._short, _CHUNK), re.S).match

    @cached_property
    def writers(self) -> list[tuple[bytes, bytes, Writer | None]]:
        """For each field what stands for null, what stands before a value, and for an irregular one what
        writes it."""
        writers: list[tuple[bytes, bytes, Writer | None]] = []
        for field in self.record.fields:
            if _regular(field.type, capture=False) is None or field.type == NULL:
                writers.append((b"", b"", _writer(field.type)))
            else:
                writers.append((*_branches(field.type), None))
        return writers

    def read(self, data: bytes, pos: int) -> tuple[Raw, int]:
        values: list[Raw] = []
        for match, read in self.steps:
            if match is not None:
                found = match(data, pos)
                if found is None:
                    raise _Damaged
                values += found.groups()
                pos = found.end()
            else:
                assert read is not None
                value, pos = read(data, pos)
                values.append(value)
        return values, pos

    def skip(self, data: bytes, pos: int) -> int:
        if self.whole is not None:
            found = self.whole(data, pos)
            if found is not None:
                return found.end()
        for skip in self.skippers:
            pos = skip(data, pos)
        return pos

    def write(self, raw: Sequence[Raw]) -> bytes:
        return b"".join(
            [
                write(value) if write is not None else null if value is None else before + value
                for (null, before, write), value in zip(self.writers, raw, strict=True)
            ]
        )


@cache
def _fields(record: Record) -> _Fields:
    return _Fields(record)


@contextmanager
def damage_told(data: bytes, root: Record) -> Iterator[None]:
    """Turns what the fast code notices into an AvroError that says where and why (rule 4)."""
    try:
        yield
    except (_Damaged, IndexError):
        explain(data, root)


reader_of, skipper_of, writer_of = _reader, _skipper, _writer
"""What reads, skips and writes one value of a type. They notice damage, and need `damage_told` around them."""


class Layout:
    """A record schema compiled for cutting and joining. Compile once and keep it.

    wanted : for root fields, ``read`` or ``measure`` (rule 3); all are read by default. The others are skipped
        and None in
        the result, and the data are not looked at behind the last wanted one.
    """

    def __init__(self, root: Record, wanted: Mapping[str, Literal["read", "measure"]] | None = None) -> None:
        self.root = root
        modes = [("read" if wanted is None else wanted.get(field.name)) for field in root.fields]
        last = max((i for i, mode in enumerate(modes) if mode), default=-1)
        self.to_the_end = last == len(root.fields) - 1
        self._plan: list[Reader] = [
            _MODES[mode](field.type) for mode, field in zip(modes[: last + 1], root.fields, strict=False)
        ]
        self._skip = _fields(root).skip
        self._write = _fields(root).write

    def read(self, data: bytes) -> list[Raw]:
        """The raw values of the root fields, in schema order.

        Raises AvroError with the code, byte and field of the first damage, and LimitError (limit-size).
        """
        if len(data) > MAX_PAYLOAD:
            raise LimitError("limit-size", f"The alert has {len(data)} bytes; the limit is {MAX_PAYLOAD}.")
        pos = 0
        values: list[Raw] = []
        try:
            for read in self._plan:
                value, pos = read(data, pos)
                values.append(value)
            if self.to_the_end and pos != len(data):
                raise _Damaged
        except (_Damaged, IndexError):
            explain(data, self.root)
        return values

    def end(self, data: bytes, pos: int = 0) -> int:
        """Where the datum that starts at `pos` ends, with every byte of it checked. Raises AvroError."""
        try:
            return self._skip(data, pos)
        except (_Damaged, IndexError):
            explain(data, self.root, pos)

    def check(self, data: bytes) -> None:
        """Raise AvroError unless the data are one datum and nothing else."""
        if len(data) > MAX_PAYLOAD:
            raise LimitError("limit-size", f"The alert has {len(data)} bytes; the limit is {MAX_PAYLOAD}.")
        if self.end(data) != len(data):
            explain(data, self.root)

    def write(self, raw: Sequence[Raw]) -> bytes:
        """The datum with these raw values, in canonical encoding (rule 5)."""
        return self._write(raw)
