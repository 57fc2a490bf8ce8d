"""Conditions of rules, put to a packet: which of its rows they hold of.

The fields that facts are worked out of are read as raw values, once a packet, and nothing else is.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import SchemaError
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import AvroType, Primitive, Record, nullable
from gateway.model.fieldpath import FieldPath
from gateway.policy.facts import FACTS, Need, Number
from gateway.policy.reach import places, rows_of
from gateway.policy.rule import Rule
from gateway.schema.raw import Layout, Raw
from gateway.schema.raw import varint as read_varint

__all__ = ["Conditions", "Held"]

Take = Callable[[Any], Number]
"""A number out of the raw value of a record, None for a null."""


@dataclass(frozen=True, slots=True)
class Held:
    """A rule whose condition holds: of a record or the packet (`rows` is None), or of these rows of an array."""

    rule: Rule
    array: str | None = None
    rows: tuple[int, ...] | None = None


class Conditions:
    """The conditions of some rules, compiled for a schema. Keep them: call once a packet."""

    def __init__(self, schema: AlertSchema, rules: Iterable[Rule]) -> None:
        self._names = [field.name for field in schema.root.fields]
        self._records = places(schema)
        wanted: set[str] = set()
        self._tests: list[Callable[[list[Raw]], Held | None]] = []
        for rule in rules:
            assert rule.where is not None
            for place in dict.fromkeys(
                place for pattern in rule.paths for place in rows_of(rule.where, pattern, schema)
            ):
                self._tests.append(self._test(rule, place, wanted))
        self._layout = Layout(schema.root, dict.fromkeys(wanted, "read"))

    def __bool__(self) -> bool:
        return bool(self._tests)

    def __call__(self, payload: bytes) -> list[Held]:
        """What holds of a packet. Raises AvroError when it is damaged as far as it is read."""
        if not self._tests:
            return []
        raw = self._layout.read(payload)
        return [held for test in self._tests if (held := test(raw)) is not None]

    def _test(self, rule: Rule, place: FieldPath, wanted: set[str]) -> Callable[[list[Raw]], Held | None]:
        assert rule.where is not None
        fact, condition = FACTS[rule.where.fact], rule.where
        root = self._names.index(place.top)
        wanted.add(place.top)
        record = self._records[place]
        others = [None if need.record == "row" else self._other(need, wanted) for need in fact.needs]
        own = [self._take(record, need) if need.record == "row" else None for need in fact.needs]

        def value(row: Raw, raw: list[Raw]) -> Number:
            return fact.value(
                *[
                    take(row) if take is not None else other(raw) if other is not None else None
                    for take, other in zip(own, others, strict=True)
                ]
            )

        if place.steps[-1].endswith("[]"):

            def test_rows(raw: list[Raw]) -> Held | None:
                found = tuple(i for i, row in enumerate(raw[root] or ()) if condition.holds(value(row, raw)))
                return Held(rule, place.top, found) if found else None

            return test_rows

        def test_one(raw: list[Raw]) -> Held | None:
            return Held(rule) if raw[root] is not None and condition.holds(value(raw[root], raw)) else None

        return test_one

    def _other(self, need: Need, wanted: set[str]) -> Callable[[list[Raw]], Number] | None:
        """A number out of another record of the packet; None where the schema has no such record."""
        record = self._records.get(FieldPath((need.record,)))
        if record is None:
            return None
        place, take = self._names.index(need.record), self._take(record, need)
        wanted.add(need.record)
        if take is None:
            return None
        return lambda raw: None if raw[place] is None else take(raw[place])

    @staticmethod
    def _take(record: Record | None, need: Need) -> Take | None:
        """A field of a record's raw value as a number; of an array its size; None where it has no such field."""
        if record is None:
            return len
        for name in need.names:
            for place, field in enumerate(record.fields):
                if field.name == name:
                    return _taker(place, nullable(field.type)[0])
        return None


def _taker(place: int, type_: AvroType) -> Take:
    kind = type_.name if isinstance(type_, Primitive) else ""
    number = _NUMBERS.get(kind)
    if number is None:
        raise SchemaError("schema-invalid", "A field that a rule asks for is not a number.")

    def take(row: Sequence[Raw]) -> Number:
        raw = row[place]
        return None if raw is None else number(raw)

    return take


_NUMBERS: dict[str, Callable[[bytes], float | int]] = {
    "boolean": lambda raw: raw[0],
    "int": lambda raw: read_varint(raw, 0)[0],
    "long": lambda raw: read_varint(raw, 0)[0],
    "float": lambda raw: float(struct.unpack("<f", raw)[0]),
    "double": lambda raw: float(struct.unpack("<d", raw)[0]),
}
