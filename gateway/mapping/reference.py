"""The mapping, slowly and plainly: fastavro decodes, the VOEvent model is built value by value, the codec writes it.

This is the specification that `gateway.mapping.fast` is tested against: the two make the same bytes for every
packet. It shares with it only what is configuration (the plan, the facts) and knows nothing of raw values,
templates or early stops.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.codecs.voevent import encode
from gateway.mapping import exact, forms, restore
from gateway.mapping.facts import Trigger, designation_text, envelope, facts_of, newest_first
from gateway.mapping.minted import CORE_LIMIT, Minted
from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values, length_group, make_plan
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.avrotype import Primitive
from gateway.model.floattext import reference_text
from gateway.model.voevent import Group, Param, Reference, Table, What
from gateway.policy.events.notice import policy_group
from gateway.policy.release import Release
from gateway.schema.project import values_of
from gateway.schema.raw import Layout

__all__ = ["mint"]

Item = Param | Group | Table


def mint(release: Release[Alert], settings: Settings) -> Minted:
    """The VOEvent of an alert: the same as ``Minter(settings).mint(release)``."""
    alert = release.item
    Layout(alert.schema.root).check(alert.payload)
    plan = make_plan(alert.schema, release.withheld, settings)
    values = values_of(alert)
    facts = facts_of(_trigger(values, plan), plan.survey, settings)
    items: dict[str, Item] = {}
    left_out = []
    for part in plan.parts:
        value = values[part.name]
        if value is None:
            continue
        size = _hidden_size(part, plan, value)
        if size:
            left_out.append(part.name)
        items[part.name] = _item(part, plan, value, facts.local)
    complete = release.whole and not (plan.left_out or left_out)
    notice = () if release.whole else (policy_group(release),)
    dropped: list[str] = []

    def document(is_exact: bool) -> bytes:
        what = What((*items.values(), *notice, exact.avro_group(alert, plan, is_exact), *carried))
        return encode(envelope(facts, plan.survey, plan.key, settings, what))

    carried: tuple[Group, ...] = ()
    data = document(complete)
    while settings.detail == "core" and len(data) > CORE_LIMIT:
        largest = max(items, key=lambda name: _written_size(items[name]))
        dropped.append(largest)
        del items[largest]
        complete = False
        data = document(False)
    is_exact = complete and restore.gives_back(data, alert.payload)
    if complete and not is_exact:
        carried = (exact.payload_group(alert),) if settings.detail == "full" else ()
        data = document(False)
    return Minted(
        data, facts.ivorn, is_exact, facts.role, tuple(left_out), tuple(dropped), len(plan.withheld)
    )


def _written_size(item: Item) -> int:
    from gateway.model.voevent import VOEvent

    whole = encode(VOEvent("2.0", "ivo://org.example/x", what=What((item,))))
    return len(whole)


def _item(part: Part, plan: Plan, value: Any, event_id: str) -> Item:
    if isinstance(part, Scalar):
        return _param(part.column, value)
    if isinstance(part, Values):
        return Group(part.name, part.record.fullname, _params(part.columns, value))
    if isinstance(part, Rows):
        if not value or not plan.shown(part):
            return length_group(part.name, "array", len(value))
        rows = tuple(tuple(_cell(column, row[column.name]) for column in part.columns) for row in value)
        return Table(part.name, part.record.fullname, tuple(column.field for column in part.columns), rows)
    content = _content(part, value)
    names = _params(part.columns, value) if part.record else ()
    url = plan.cutout(part, event_id)
    if plan.shown(part):
        url = f"data:{plan.survey.cutout_type};base64,{base64.b64encode(content).decode()}"
    references: tuple[Reference, ...] = (plan.cutout_reference(url),) if url else ()
    length = Param("length", str(len(content)), data_type="int")
    return Group(part.name, part.type, (*names, length, *references))


def _content(part: Blob, value: Any) -> bytes:
    content: bytes = value if part.record is None else value[part.record.fields[part.place or 0].name]
    return content


def _hidden_size(part: Part, plan: Plan, value: Any) -> int:
    if plan.shown(part):
        return 0
    return len(_content(part, value)) if isinstance(part, Blob) else len(value)


def _params(columns: tuple[Column, ...], record: dict[str, Any]) -> tuple[Param, ...]:
    return tuple(_param(column, record[column.name]) for column in columns if record[column.name] is not None)


def _param(column: Column, value: Any) -> Param:
    text = _text(column, value)
    return forms.param(column, text) if column.textual else column.param(text)


def _cell(column: Column, value: Any) -> str:
    if value is None:
        return ""
    text = _text(column, value)
    return forms.cell(text) if column.textual else text


def _text(column: Column, value: Any) -> str:
    assert isinstance(column.type, Primitive)
    kind = column.type.name
    if kind == "boolean":
        return "true" if value else "false"
    if kind in ("float", "double"):
        return reference_text(value, bits=32 if kind == "float" else 64)
    if column.type.logical == "timestamp-micros":
        try:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
        except OverflowError:
            return str(value)
        return moment.strftime(f"{moment.year:04d}-%m-%dT%H:%M:%S.%fZ")
    return str(value)


def _trigger(values: dict[str, Any], plan: Plan) -> Trigger:
    survey = plan.survey
    record = values[survey.record]
    visible = {column.name for column in plan.trigger.columns} if plan.trigger else set()

    def first(names: tuple[str, ...]) -> tuple[str, Any] | None:
        name = next((name for name in names if name in visible), None)
        return (name, record[name]) if name and record[name] is not None else None

    def value(names: tuple[str, ...]) -> Any:
        found = first(names)
        return found[1] if found else None

    return Trigger(
        id=value((survey.id,)),
        ra=value(survey.ra),
        dec=value(survey.dec),
        ra_error=value(survey.ra_error),
        dec_error=value(survey.dec_error),
        covariance=value(survey.covariance),
        observed=first(survey.observed),
        processed=first(survey.processed),
        withdrawn=first(survey.withdrawn),
        injected=plan.hides_injection or any(record[name] for name in survey.injected if name in visible),
        earlier=_earlier(values, plan),
        designation=_designation(values, plan),
    )


def _visible(plan: Plan, kind: type, name: str) -> set[str]:
    part = next((p for p in plan.visible if isinstance(p, kind) and p.name == name), None)
    return {column.name for column in part.columns} if isinstance(part, (Rows, Values)) else set()


def _earlier(values: dict[str, Any], plan: Plan) -> tuple[int, ...]:
    array, id_name = plan.survey.history
    visible = _visible(plan, Rows, array)
    time = next((name for name in plan.survey.observed if name in visible), None)
    if plan.settings.cite == "none" or id_name not in visible or time is None:
        return ()
    rows = [(row[time], row[id_name]) for row in values[array] or ()]
    return newest_first([row for row in rows if None not in row], all_of_them=plan.settings.cite == "all")


def _designation(values: dict[str, Any], plan: Plan) -> str | None:
    if not plan.settings.classify or plan.survey.designation is None:
        return None
    record, field = plan.survey.designation
    if field not in _visible(plan, Values, record) or not values[record] or values[record][field] is None:
        return None
    return designation_text(values[record][field])
