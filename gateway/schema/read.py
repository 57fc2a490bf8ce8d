"""Readers: from a place in the data to the raw value of a type that is there, and the place behind it.

Whatever is damaged raises `Damaged`, or IndexError when the data end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from gateway.model.avrotype import Array, AvroType, Enum, Fixed, Map, Primitive, Record, Union, nullable
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
    varint,
)

__all__ = ["Reader", "blocks_reader", "nullable_reader", "pair_reader", "reader", "record_reader"]

Reader = Callable[[bytes, int], tuple[Raw, int]]


def reader(type_: AvroType) -> Reader:
    """Reads a value of a type."""
    shape = regular(type_, capture=True)
    if shape is not None:
        return _regular_reader(re.compile(shape, re.S).match)
    if isinstance(type_, Union):
        rest, was_nullable = nullable(type_)
        return (
            nullable_reader(type_, reader(rest))
            if was_nullable and not isinstance(rest, Union)
            else _union_reader(type_)
        )
    if isinstance(type_, Record):
        return record_reader(type_)
    if isinstance(type_, (Array, Map)):
        return blocks_reader(reader(type_.items) if isinstance(type_, Array) else pair_reader(type_.values))
    if isinstance(type_, Fixed):
        return _fixed_reader(type_.size)
    if isinstance(type_, Enum):
        return _enum_reader(len(type_.symbols))
    return _read_text if type_.name != "null" else (lambda _data, pos: (None, pos))


@lru_cache(maxsize=MAX_COMPILED)
def record_reader(record: Record) -> Reader:
    """Reads the fields of a record into a list.

    A record of regular fields and one text, which is mostly short, is cut by one expression. Where that does not match,
    and in other records, run is read after run.
    """
    whole, place = _with_short_text(record)
    steps: list[tuple[Match | None, Reader | None]] = [
        (None, reader(run)) if isinstance(run, AvroType) else (run, None)
        for run in runs(record.fields, capture=True)
    ]

    def read_record(data: bytes, pos: int) -> tuple[Raw, int]:
        values: list[Raw] = []
        if whole is not None and (found := whole(data, pos)) is not None:
            values += found.groups()
            text = values[place]
            values[place] = text and text[1:]
            return values, found.end()
        for match, read in steps:
            if match is not None:
                found = match(data, pos)
                if found is None:
                    raise Damaged
                values += found.groups()
                pos = found.end()
            else:
                assert read is not None
                value, pos = read(data, pos)
                values.append(value)
        return values, pos

    return read_record


def _with_short_text(record: Record) -> tuple[Match | None, int]:
    """The expression for a record of regular fields and one short text, with a group a field, and the text's place."""
    shapes = [regular(field.type, capture=True) for field in record.fields]
    if len(shapes) == 1 or shapes.count(None) != 1:
        return None, 0
    place = shapes.index(None)
    shapes[place] = short_text(record.fields[place].type, capture=True)
    if shapes[place] is None:
        return None, 0
    return re.compile(b"".join(shape or b"" for shape in shapes), re.S).match, place


def _regular_reader(match: Match) -> Reader:
    def read_regular(data: bytes, pos: int) -> tuple[Raw, int]:
        found = match(data, pos)
        if found is None:
            raise Damaged
        return found[1], found.end()

    return read_regular


def _read_text(data: bytes, pos: int) -> tuple[Raw, int]:
    size, pos = length(data, pos)
    return data[pos : pos + size], pos + size


def _fixed_reader(size: int) -> Reader:
    def read_fixed(data: bytes, pos: int) -> tuple[Raw, int]:
        if pos + size > len(data):
            raise Damaged
        return data[pos : pos + size], pos + size

    return read_fixed


def _enum_reader(symbols: int) -> Reader:
    read_number = reader(Primitive("int"))

    def read_enum(data: bytes, pos: int) -> tuple[Raw, int]:
        raw, end = read_number(data, pos)
        if not 0 <= varint(raw, 0)[0] < symbols:
            raise Damaged
        return raw, end

    return read_enum


def nullable_reader(type_: Union, read_value: Reader) -> Reader:
    """Reads a union of null and what `read_value` reads."""
    (null,), (before,) = branches(type_)

    def read_nullable(data: bytes, pos: int) -> tuple[Raw, int]:
        branch = data[pos]
        if branch == null:
            return None, pos + 1
        if branch != before:
            raise Damaged
        return read_value(data, pos + 1)

    return read_nullable


def _union_reader(type_: Union) -> Reader:
    readers = [reader(branch) for branch in type_.branches]

    def read_union(data: bytes, pos: int) -> tuple[Raw, int]:
        tag = data[pos]
        branch = tag >> 1
        if tag & 0x81 or branch >= len(readers):
            raise Damaged
        value, pos = readers[branch](data, pos + 1)
        return None if value is None else (branch, value), pos

    return read_union


def blocks_reader(read_item: Reader) -> Reader:
    """Reads the items of an array, or the entries of a map, into a list."""

    def read_blocks(data: bytes, pos: int) -> tuple[Raw, int]:
        items = []
        number, pos = count(data, pos)
        while number:
            for _ in range(number):
                item, pos = read_item(data, pos)
                items.append(item)
            number, pos = count(data, pos)
        return items, pos

    return read_blocks


def pair_reader(values: AvroType) -> Reader:
    """Reads an entry of a map."""
    read_value = reader(values)

    def read_pair(data: bytes, pos: int) -> tuple[Raw, int]:
        key, pos = _read_text(data, pos)
        value, pos = read_value(data, pos)
        return (key, value), pos

    return read_pair
