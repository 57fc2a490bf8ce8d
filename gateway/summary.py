"""What an item is, in a few words: for ``gateway inspect``. Like everything that leaves, it passes the policy first."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from gateway.codecs.voevent import decode
from gateway.mapping.facts import position, utc
from gateway.mapping.plan import Blob, Plan, Rows, Scalar, make_plan
from gateway.mapping.restore import is_minted
from gateway.mapping.settings import Settings
from gateway.mapping.trigger import TriggerReader
from gateway.model.alert import Alert, AlertSchema
from gateway.model.document import Document
from gateway.model.fieldpath import FieldPath
from gateway.model.voevent import Group, Param, Table, VOEvent
from gateway.policy.engine import Policy
from gateway.schema.raw import Layout

__all__ = ["summarize"]

Summary = dict[str, Any]


def summarize(item: Alert | Document, policy: Policy) -> Summary:
    """A few facts about an item, ready for JSON. Raises GatewayError."""
    if isinstance(item, Document):
        return _event(policy.release(decode(item.data), provenance=item.provenance).item, len(item.data))
    return _alert(policy, item)


def _alert(policy: Policy, alert: Alert) -> Summary:
    release = policy.release(alert)
    plan, layout = _plan(alert.schema, release.withheld)
    raw = layout.read(alert.payload)
    trigger = TriggerReader(plan)(raw)
    ra, dec = position(trigger)
    names = [field.name for field in alert.schema.root.fields]
    shown = {part.name: part for part in plan.parts if not isinstance(part, Scalar)}
    return {
        "kind": "alert",
        "schema": str(plan.key),
        "wire_id": plan.key.wire_id if plan.key.family == "lsst" else None,
        "framing": str(alert.framing),
        "bytes": len(alert.payload),
        "origin": alert.provenance.origin.value if alert.provenance.origin else None,
        "id": None if trigger.id is None else str(trigger.id),
        "time_utc": utc(trigger.observed, plan.survey),
        "ra_deg": ra,
        "dec_deg": dec,
        "withheld": len(release.withheld),
        "parts": {name: _size(shown[name], raw[names.index(name)]) for name in shown},
    }


def _size(part: object, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(part, Rows):
        return f"{value} rows"
    if isinstance(part, Blob):
        return f"{value if isinstance(value, int) else len(value[part.place or 0])} bytes"
    return f"{sum(item is not None for item in value)} of {len(value)} fields"


@cache
def _plan(schema: AlertSchema, withheld: frozenset[FieldPath]) -> tuple[Plan, Layout]:
    plan = make_plan(schema, withheld, Settings())
    wanted: dict[str, Literal["read", "measure"]] = {
        part.name: "measure"
        if isinstance(part, Rows) or (isinstance(part, Blob) and not part.record)
        else "read"
        for part in plan.parts
    }
    return plan, Layout(schema.root, wanted)


def _event(event: VOEvent, size: int) -> Summary:
    coords = event.wherewhen.observation.coords if event.wherewhen and event.wherewhen.observation else None
    position = coords.position2d.value if coords and coords.position2d else None
    items = event.what.items if event.what else ()
    return {
        "kind": "VOEvent",
        "version": event.version,
        "bytes": size,
        "ivorn": event.ivorn,
        "role": event.role or "observation",
        "date": event.who.date if event.who else None,
        "time": coords.time.instant.iso_time if coords and coords.time and coords.time.instant else None,
        "system": coords.coord_system_id if coords else None,
        "position": [axis.text.strip() for axis in position] if position else None,
        "params": sum(isinstance(item, Param) for item in items),
        "groups": sum(isinstance(item, Group) for item in items),
        "tables": sum(isinstance(item, Table) for item in items),
        "cites": [f"{cited.cite} {cited.ivorn}" for cited in event.citations.events]
        if event.citations
        else [],
        "made_from_alert": is_minted(event),
    }
