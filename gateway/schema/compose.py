"""Texts of a record's fields -> the datum of the record: the way back from `gateway.mapping.lines`.

Rules
1. Which fields are null differs between records, but few patterns occur. For each there is a `_Pattern`: the branch
   numbers are one format, and the numbers are read and packed together.
2. Numbers as we write them are JSON, which orjson reads many times faster than `float` and `int` do. Whatever else it
   says, or reads in its own way (-0 is an integer, true is 1), sends the record the patient way, text by text, which
   accepts every spelling and knows which field is wrong.
3. Doubles are rounded again to 32 bits; where that could go wrong, it is the patient way too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial
from operator import call

import orjson

from gateway.model.avrotype import AvroType, Record, nullable
from gateway.model.floattext import some_midway
from gateway.schema.gather import gathered, in_order, taker
from gateway.schema.shapes import branches
from gateway.schema.text import NOT_A_VALUE, RAW_BOOLEANS, back_of, from_text, kind_of, raw_integer
from gateway.schema.write import record_writer, writer

__all__ = ["MAX_PATTERNS", "Composer"]

MAX_PATTERNS = 512
"""Most patterns of nulls kept for a record."""

Texts = Sequence[bytes | None]

# As in `gateway.schema.text.integer_text`: a visit's alerts have many numbers in common.
_int = lru_cache(maxsize=4096)(partial(raw_integer, bits=32))
_long = lru_cache(maxsize=4096)(partial(raw_integer, bits=64))


class Composer:
    """For one kind of record: from the texts of its fields to its datum.

    names : of the fields, for errors
    """

    def __init__(self, record: Record, names: Sequence[str]) -> None:
        self.record = record
        self.types = [nullable(field.type)[0] for field in record.fields]
        self.patient = [from_text(type_, name) for type_, name in zip(self.types, names, strict=True)]
        self.write = record_writer(record)
        self.patterns: dict[tuple[int, ...], _Pattern] = {}

    def __call__(self, texts: Texts) -> bytes:
        """The datum of a record. None is null, and may stand only where the schema allows it.

        Raises AvroError (avro-value) with the name of the first field whose text is not one of its type.
        """
        nulls = tuple([place for place, text in enumerate(texts) if text is None])
        pattern = self.patterns.get(nulls)
        if pattern is None:
            if len(self.patterns) >= MAX_PATTERNS:
                self.patterns.clear()
            pattern = self.patterns[nulls] = _Pattern(self.record, nulls)
        try:
            return pattern.datum(texts)
        except NOT_A_VALUE:
            return self.write(
                [None if text is None else back(text) for back, text in zip(self.patient, texts, strict=True)]
            )


class _Pattern:
    """What to do with a record in which just these fields are null, numbered among all."""

    def __init__(self, record: Record, nulls: Collection[int]) -> None:
        types = [nullable(field.type)[0] for field in record.fields]
        kinds = [kind_of(type_) for type_ in types]
        present = [place for place in range(len(types)) if place not in nulls]
        groups = gathered(kinds, present, "float", "double", "int", "long", "boolean")
        floats, doubles, ints, longs, booleans, others = groups
        self.numbers = taker([*floats, *doubles, *ints, *longs])
        self.singles, self.floats = len(floats), len(floats) + len(doubles)
        self.ints = self.floats + len(ints)
        self.python_types = [float] * self.floats + [int] * (len(ints) + len(longs))
        self.pack = struct.Struct(f"<{len(floats)}f{len(doubles)}d").pack
        self.cut = struct.Struct("4s" * len(floats) + "8s" * len(doubles)).unpack
        self.booleans, self.others = taker(booleans), taker(others)
        self.functions = [_composed(types[place]) for place in others]
        self.order = in_order(groups)
        self.form = b"".join(
            null if place in nulls else before.replace(b"%", b"%%") + b"%b"
            for place, (null, before) in enumerate(branches(field.type) for field in record.fields)
        )

    def datum(self, texts: Texts) -> bytes:
        numbers = orjson.loads(b"[%b]" % b",".join(self.numbers(texts)))
        if [*map(type, numbers)] != self.python_types or some_midway(numbers[: self.singles]):
            raise ValueError
        return self.form % self.order(
            [
                *self.cut(self.pack(*numbers[: self.floats])),
                *map(_int, numbers[self.floats : self.ints]),
                *map(_long, numbers[self.ints :]),
                *map(RAW_BOOLEANS.__getitem__, self.booleans(texts)),
                *map(call, self.functions, self.others(texts)),
            ]
        )


def _composed(type_: AvroType) -> Callable[[bytes], bytes]:
    """From the text of a type to its datum."""
    back, write = back_of(type_), writer(type_)
    return lambda text: write(back(text))
