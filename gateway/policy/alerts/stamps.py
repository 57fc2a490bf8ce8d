"""The images of a packet, put to the rules about stamps: which are as the survey issued them (clauses P13, P14).

A stamp is worth 0 when it is as issued, 1 when something was put beside the image and can be left out, and 2 when it
is none of the survey's (`gateway.policy.cutouts.cutout`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.model.alert import AlertSchema
from gateway.model.avrotype import AvroType, Record, nullable
from gateway.model.fieldpath import FieldPath
from gateway.policy.alerts.conditions import Held, Take, taker
from gateway.policy.cutouts.cutout import Facts, Verdict, inspect
from gateway.policy.facts import STAMP
from gateway.policy.reach import stamps_of
from gateway.policy.rule import Rule
from gateway.schema.raw import Layout
from gateway.schema.shapes import Raw
from gateway.schema.splice import Edit

__all__ = ["Stamps", "is_about_stamps", "that_hold"]

_WORTH = {"as-issued": 0, "rebuilt": 1, "refuse": 2}
_TRIGGER = {"lsst": "diaSource", "ztf": "candidate"}
_FACTS = {"bboxSize": "bbox_size", "ra": "ra", "dec": "dec", "decl": "dec"}


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A field with a stamp: its place in the packet, that of the bytes in it (None when it is the bytes), its rules."""

    name: str
    root: int
    place: int | None
    rules: tuple[Rule, ...]

    def data(self, raw: list[Raw]) -> bytes | None:
        """The stamp of a packet."""
        value: Any = raw[self.root]
        if value is None:
            return None
        data: bytes = value if self.place is None else value[self.place]
        return data

    def edit(self, data: bytes) -> Edit:
        """What puts other bytes in the place of the stamp."""
        if self.place is None:
            return lambda _raw: data
        return lambda raw: [data if i == self.place else value for i, value in enumerate(raw)]


class Stamps:
    """The rules about stamps, compiled for a schema. Keep them: call once a packet."""

    def __init__(self, schema: AlertSchema, rules: Iterable[Rule]) -> None:
        assert schema.key is not None
        self._family = schema.key.family
        names = [field.name for field in schema.root.fields]
        about = tuple(rules)
        found = (
            _Stamp(name, names.index(name), place, tuple(rule for rule in about if _is_about(rule, name)))
            for name, place in stamps_of(schema).items()
        )
        self._stamps = [stamp for stamp in found if stamp.rules]
        trigger = _TRIGGER[self._family]
        self._trigger = names.index(trigger)
        self._facts = _takers(schema.root.fields[self._trigger].type)
        self._layout = Layout(schema.root, dict.fromkeys((trigger, *(s.name for s in self._stamps)), "read"))

    def __bool__(self) -> bool:
        return bool(self._stamps)

    def __call__(self, payload: bytes) -> tuple[list[Held], dict[str, Edit]]:
        """The rules that hold of a packet's stamps, and for stamps that were made again what puts them in place.

        Raises AvroError for a damaged packet.
        """
        raw = self._layout.read(payload)
        numbers: dict[str, Any] = {fact: take(raw[self._trigger]) for fact, take in self._facts.items()}
        facts, held, edits = Facts(**numbers), [], {}
        for stamp in self._stamps:
            data = stamp.data(raw)
            if data is None:
                continue
            verdict = inspect(data, self._family, facts)
            held += [Held(rule, stamp.name) for rule in that_hold(stamp.rules, stamp.name, verdict)]
            if verdict.data is not None and verdict.outcome == "rebuilt":
                edits[stamp.name] = stamp.edit(verdict.data)
        return held, edits


def is_about_stamps(rule: Rule) -> bool:
    """Whether it asks what became of a stamp."""
    return rule.where is not None and rule.where.fact == STAMP


def that_hold(rules: Iterable[Rule], name: str, verdict: Verdict) -> list[Rule]:
    """Those of the rules about stamps that hold of one in the field of this name."""
    return [rule for rule in rules if _is_about(rule, name) and _holds(rule, verdict)]


def _is_about(rule: Rule, name: str) -> bool:
    return any(pattern.matches(FieldPath((name,))) for pattern in rule.paths)


def _holds(rule: Rule, verdict: Verdict) -> bool:
    assert rule.where is not None
    return rule.where.holds(_WORTH[verdict.outcome])


def _takers(trigger: AvroType) -> dict[str, Take]:
    record, _ = nullable(trigger)
    assert isinstance(record, Record)
    return {
        _FACTS[field.name]: taker(place, nullable(field.type)[0])
        for place, field in enumerate(record.fields)
        if field.name in _FACTS
    }
