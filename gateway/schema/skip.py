"""Skippers and counters: from a place in the data to the place behind a value, without building it.

1. A record whose only irregular fields are short strings is skipped by one expression, and in an array so are many
   such records at once. Where that does not match, the fields are skipped run by run.
2. A counter also tells the size of what it skips: the items of an array or map, the bytes of a text.

Whatever is damaged raises `Damaged`, or IndexError when the data end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from gateway.model.avrotype import Array, AvroType, Map, Primitive, Record, Union, nullable
from gateway.schema.read import Reader, pair_reader, reader
from gateway.schema.shapes import (
    MAX_COMPILED,
    Damaged,
    Match,
    Raw,
    branches,
    count,
    length,
    regular,
    runs,
    short_text,
)

__all__ = ["Skipper", "measurer", "record_skipper", "short", "skipper"]

Skipper = Callable[[bytes, int], int]
ManySkipper = Callable[[bytes, int, int], int]

_CHUNK = 16
"""Records of an array that one expression skips at once. The branches of its unions exclude each other by their first
byte, so an expression that does not match fails without trying other ways."""
_TEXTS = (Primitive("bytes"), Primitive("string"))


def skipper(type_: AvroType) -> Skipper:
    """Skips a value of a type."""
    shape = regular(type_, capture=False)
    if shape is not None:
        return _pattern_skipper(re.compile(shape, re.S).match)
    if isinstance(type_, Record):
        return record_skipper(type_)
    rest, was_nullable = nullable(type_)
    if was_nullable and isinstance(type_, Union) and not isinstance(rest, Union):
        return _nullable_skipper(type_)
    if isinstance(type_, (Array, Map)):
        count_items = _counter(type_)
        return lambda data, pos: count_items(data, pos)[1]
    if isinstance(type_, Primitive) and type_.name in ("string", "bytes"):
        return _skip_text
    read = reader(type_)
    return lambda data, pos: read(data, pos)[1]


@lru_cache(maxsize=MAX_COMPILED)
def record_skipper(record: Record) -> Skipper:
    """Skips the fields of a record."""
    short = _short_record(record)
    whole = None if short is None else re.compile(short, re.S).match
    skippers = [
        skipper(run) if isinstance(run, AvroType) else _pattern_skipper(run)
        for run in runs(record.fields, capture=False)
    ]

    def skip_record(data: bytes, pos: int) -> int:
        if whole is not None and (found := whole(data, pos)) is not None:
            return found.end()
        for skip in skippers:
            pos = skip(data, pos)
        return pos

    return skip_record


def measurer(type_: AvroType) -> Reader:
    """Reads the number of an array's items or the length of bytes or text; None for null."""
    rest, was_nullable = nullable(type_)
    if isinstance(rest, Array):
        measure_value = _counter(rest)
    elif rest in _TEXTS:
        measure_value = _measure_text
    else:
        raise ValueError("only arrays, bytes and strings can be measured")
    if not (was_nullable and isinstance(type_, Union)):
        return measure_value
    (null,), (before,) = branches(type_)

    def measure_nullable(data: bytes, pos: int) -> tuple[Raw, int]:
        branch = data[pos]
        if branch == null:
            return None, pos + 1
        if branch != before:
            raise Damaged
        return measure_value(data, pos + 1)

    return measure_nullable


def short(type_: AvroType) -> bytes | None:
    """An expression that skips a regular field or a short string; longer strings do not match."""
    return regular(type_, capture=False) or short_text(type_, capture=False)


def _short_record(record: Record) -> bytes | None:
    """The same for a whole record."""
    shapes = [shape for field in record.fields if (shape := short(field.type)) is not None]
    return b"".join(shapes) if len(shapes) == len(record.fields) else None


def _pattern_skipper(match: Match) -> Skipper:
    def skip_pattern(data: bytes, pos: int) -> int:
        found = match(data, pos)
        if found is None:
            raise Damaged
        return found.end()

    return skip_pattern


def _nullable_skipper(type_: Union) -> Skipper:
    (null,), (before,) = branches(type_)
    skip_value = skipper(nullable(type_)[0])

    def skip_nullable(data: bytes, pos: int) -> int:
        branch = data[pos]
        if branch == null:
            return pos + 1
        if branch != before:
            raise Damaged
        return skip_value(data, pos + 1)

    return skip_nullable


def _skip_text(data: bytes, pos: int) -> int:
    size, pos = length(data, pos)
    return pos + size


def _measure_text(data: bytes, pos: int) -> tuple[Raw, int]:
    size, pos = length(data, pos)
    return size, pos + size


def _counter(type_: Array | Map) -> Reader:
    """Skips the blocks of an array or map; gives the number of items."""
    skip_many = _items_skipper(type_.items) if isinstance(type_, Array) else _pairs_skipper(type_.values)

    def count_items(data: bytes, pos: int) -> tuple[Raw, int]:
        total = 0
        number, pos = count(data, pos)
        while number:
            total += number
            pos = skip_many(data, pos, number)
            number, pos = count(data, pos)
        return total, pos

    return count_items


def _items_skipper(type_: AvroType) -> ManySkipper:
    """Skips so many values of a type: `_CHUNK` at a time where one expression can."""
    skip = skipper(type_)
    short = _short_record(type_) if isinstance(type_, Record) else None
    chunk = re.compile(b"(?:%b){%d}" % (short, _CHUNK), re.S).match if short else None

    def skip_items(data: bytes, pos: int, number: int) -> int:
        if chunk is not None:
            while number >= _CHUNK and (found := chunk(data, pos)) is not None:
                pos = found.end()
                number -= _CHUNK
        for _ in range(number):
            pos = skip(data, pos)
        return pos

    return skip_items


def _pairs_skipper(values: AvroType) -> ManySkipper:
    read_pair = pair_reader(values)

    def skip_pairs(data: bytes, pos: int, number: int) -> int:
        for _ in range(number):
            _, pos = read_pair(data, pos)
        return pos

    return skip_pairs
