"""What the envelope needs of a packet, taken out of its raw values."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

from gateway.mapping.facts import Trigger, designation_text, identity, newest_first
from gateway.mapping.plan import Column, Plan, Rows, Values, make_plan
from gateway.mapping.settings import Settings
from gateway.mapping.surveys import Survey
from gateway.model.alert import Alert, AlertSchema
from gateway.model.avrotype import Primitive
from gateway.model.fieldpath import FieldPath
from gateway.policy.release import Release
from gateway.schema.raw import Layout, Raw
from gateway.schema.text import integer

__all__ = ["TriggerReader", "local_of"]

MAX_COMPILED = 64
"""Most compiled readers kept: a stream has one or two schemas."""


class TriggerReader:
    """Compiled for a plan; called with the raw values of the root, in schema order."""

    def __init__(self, plan: Plan) -> None:
        names = {field.name: i for i, field in enumerate(plan.schema.root.fields)}
        survey, columns = plan.survey, {c.name: c for c in plan.trigger.columns} if plan.trigger else {}
        self.place = names.get(survey.record, 0)
        first = _first(columns)
        numbers = ((survey.id,), survey.ra, survey.dec, survey.ra_error, survey.dec_error, survey.covariance)
        times = (survey.observed, survey.processed, survey.withdrawn)
        # For each of the first fields of a Trigger its column, if it is there, and the function that reads it.
        readers = [(first(found), _number) for found in numbers] + [(first(found), _time) for found in times]
        self.values = [
            (slot, column.place, read(column)) for slot, (column, read) in enumerate(readers) if column
        ]
        self.nothing = [None] * len(readers)
        self.hides_injection = plan.hides_injection
        self.injected = [columns[name].place for name in survey.injected if name in columns]
        self.history = self._history(plan, names) if plan.settings.cite != "none" else None
        self.cite_all = plan.settings.cite == "all"
        self.designation = self._designation(plan, names) if plan.settings.classify else None

    @property
    def reads(self) -> list[int]:
        """The places of the root fields that must be read."""
        places = [self.place] if self.values or self.injected else []
        return places + [found[0] for found in (self.history, self.designation) if found]

    @staticmethod
    def _history(plan: Plan, names: dict[str, int]) -> tuple[int, int, int, Callable[[bytes], Any]] | None:
        array, id_name = plan.survey.history
        rows = next((p for p in plan.visible if isinstance(p, Rows) and p.name == array), None)
        columns = {c.name: c for c in rows.columns} if rows else {}
        time = _first(columns)(plan.survey.observed)
        if id_name not in columns or time is None:
            return None
        return names[array], columns[id_name].place, time.place, _number(time)

    @staticmethod
    def _designation(plan: Plan, names: dict[str, int]) -> tuple[int, int] | None:
        if plan.survey.designation is None:
            return None
        record, field = plan.survey.designation
        values = next((p for p in plan.visible if isinstance(p, Values) and p.name == record), None)
        column = next((c for c in values.columns if c.name == field), None) if values else None
        return (names[record], column.place) if column else None

    def __call__(self, raw: list[Raw]) -> Trigger:
        """The values of one packet."""
        record = raw[self.place] if self.values or self.injected else ()
        values: list[Any] = self.nothing.copy()
        for slot, place, read in self.values:
            if (value := record[place]) is not None:
                values[slot] = read(value)
        trigger = Trigger(*values)
        trigger.injected = self.hides_injection
        for place in self.injected:
            if record[place] == b"\x01":
                trigger.injected = True
        if self.history:
            trigger.earlier = self._earlier(raw)
        if self.designation:
            trigger.designation = self._known_as(raw)
        return trigger

    def _known_as(self, raw: list[Raw]) -> str | None:
        assert self.designation is not None
        owner, field = self.designation
        name = None if raw[owner] is None else raw[owner][field]
        return None if name is None else designation_text(name.decode())

    def _earlier(self, raw: list[Raw]) -> tuple[int, ...]:
        assert self.history is not None
        array, id_place, time_place, number = self.history
        rows = [
            (number(row[time_place]), integer(row[id_place]))
            for row in raw[array] or ()
            if row[id_place] is not None and row[time_place] is not None
        ]
        return newest_first(rows, all_of_them=self.cite_all)


def local_of(release: Release[Alert], settings: Settings) -> str | None:
    """The local part of the IVOID that the alert's event has, without making the event; None when the id is
    withheld. Raises AvroError when the packet is damaged as far as it is read."""
    reader, layout, survey = _compiled(release.item.schema, release.withheld, settings)
    trigger = reader(layout.read(release.item.payload))
    return None if trigger.id is None else identity(trigger, survey, settings)[0]


@lru_cache(maxsize=MAX_COMPILED)
def _compiled(
    schema: AlertSchema, withheld: frozenset[FieldPath], settings: Settings
) -> tuple[TriggerReader, Layout, Survey]:
    plan = make_plan(schema, withheld, settings)
    reader = TriggerReader(plan)
    wanted: dict[str, Literal["read", "measure"]] = {
        schema.root.fields[place].name: "read" for place in reader.reads
    }
    return reader, Layout(schema.root, wanted), plan.survey


def _first(columns: dict[str, Column]) -> Callable[[tuple[str, ...]], Column | None]:
    return lambda names: next((columns[name] for name in names if name in columns), None)


def _number(column: Column) -> Callable[[bytes], Any]:
    assert isinstance(column.type, Primitive)
    return _NUMBERS[column.type.name]


def _time(column: Column) -> Callable[[bytes], Any]:
    """A time goes with the name of its field, which tells its scale."""
    name, number = column.name, _number(column)
    return lambda raw: (name, number(raw))


_FLOAT, _DOUBLE = struct.Struct("<f").unpack, struct.Struct("<d").unpack
_NUMBERS: dict[str, Callable[[bytes], Any]] = {
    "int": integer,
    "long": integer,
    "float": lambda raw: _FLOAT(raw)[0],
    "double": lambda raw: _DOUBLE(raw)[0],
}
