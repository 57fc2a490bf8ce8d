"""Conditions of rules, put to a packet: which of its rows they hold of.

The numbers that facts are worked out of are picked from the packet once, and nothing else is read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gateway.errors import SchemaError
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import AvroType, Primitive, Record, nullable
from gateway.model.fieldpath import FieldPath
from gateway.policy.facts import FACTS, Need, Number
from gateway.policy.reach import places, rows_of
from gateway.policy.rule import Rule
from gateway.schema.pick import Picker
from gateway.schema.shapes import Raw, varint

__all__ = ["Conditions", "Held", "Take", "taker"]

Picked = dict[str, Raw]
Take = Callable[[Any], Number]
"""A number out of what was picked of a record; None for a null."""


@dataclass(frozen=True, slots=True)
class Held:
    """A rule whose condition holds: of a root field as a whole (`rows` is None), or of these rows of an array."""

    rule: Rule
    field: str
    rows: tuple[int, ...] | None = None


class Conditions:
    """The conditions of some rules, compiled for a schema. Keep them: call once a packet."""

    def __init__(self, schema: AlertSchema, rules: Iterable[Rule]) -> None:
        self._places = places(schema)
        self._wanted: dict[str, list[str]] = {}
        self._tests: list[Callable[[Picked], Held | None]] = []
        for rule in rules:
            assert rule.where is not None
            found = (place for pattern in rule.paths for place in rows_of(rule.where, pattern, schema))
            self._tests += [self._test(rule, place) for place in dict.fromkeys(found)]
        self._pick = Picker(schema.root, self._wanted)

    def __call__(self, payload: bytes) -> list[Held]:
        """What holds of a packet. Raises AvroError when it is damaged as far as it is looked at."""
        picked = self._pick(payload)
        return [held for test in self._tests if (held := test(picked)) is not None]

    def _test(self, rule: Rule, place: FieldPath) -> Callable[[Picked], Held | None]:
        assert rule.where is not None
        fact, condition, top = FACTS[rule.where.fact], rule.where, place.top
        self._wanted.setdefault(top, [])
        of_the_row, *of_others = fact.needs
        own = self._take(top, self._places[place], of_the_row)
        others = [self._other(need) for need in of_others]

        def holds(row: Raw, picked: Picked) -> bool:
            return condition.holds(fact.value(own(row), *[other(picked) for other in others]))

        def test_rows(picked: Picked) -> Held | None:
            found = tuple([i for i, row in enumerate(picked[top] or ()) if holds(row, picked)])
            return Held(rule, top, found) if found else None

        def test_one(picked: Picked) -> Held | None:
            return Held(rule, top) if picked[top] is not None and holds(picked[top], picked) else None

        return test_rows if place.steps[-1].endswith("[]") else test_one

    def _other(self, need: Need) -> Callable[[Picked], Number]:
        """A number out of another record of the packet."""
        take = self._take(need.record, self._places.get(FieldPath((need.record,))), need)
        return lambda picked: take(picked.get(need.record))

    def _take(self, top: str, record: Record | None, need: Need) -> Take:
        """A field of a record as a number, of an array its size; not known where there is no such field."""
        if need.names == SIZE:
            return lambda rows: rows if isinstance(rows, int) else len(rows)
        for field in record.fields if record else ():
            if field.name in need.names:
                names = self._wanted.setdefault(top, [])
                if field.name not in names:
                    names.append(field.name)
                return taker(names.index(field.name), nullable(field.type)[0])
        return lambda _row: None


SIZE = ("size",)


def taker(place: int, type_: AvroType) -> Take:
    """A function that takes the number at a place out of the raw values of a record."""
    number = _NUMBERS.get(type_.name) if isinstance(type_, Primitive) else None
    if number is None:
        raise SchemaError("schema-invalid", "A field that a rule asks for is not a number.")

    def take(row: Any) -> Number:
        raw = row[place] if row else None
        return None if raw is None else number(raw)

    return take


_NUMBERS: dict[str, Callable[[bytes], float | int]] = {
    "boolean": lambda raw: raw[0],
    "int": lambda raw: varint(raw, 0)[0],
    "long": lambda raw: varint(raw, 0)[0],
    "float": lambda raw: float(struct.unpack("<f", raw)[0]),
    "double": lambda raw: float(struct.unpack("<d", raw)[0]),
}
