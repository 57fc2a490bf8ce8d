"""What to change, in words: for everything that a check finds.

Rules
1. Where nothing is declared, that is what to do.
2. Otherwise: take it out. When people with data rights may have it, or everyone from some day on, that is said too.
3. The advice never offers a label that would be wrong, only that one be given.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.compliance.found import Found
from gateway.compliance.surface import Sort
from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin
from gateway.policy.alerts.judge import NOT_RELEASED
from gateway.policy.profile import Profile
from gateway.policy.rule import DEFAULT_DENY, Decision
from gateway.policy.verdict import changes, explain

__all__ = ["advice", "of_packets"]

_TAKE_OUT: dict[Sort, str] = {
    "field": "Leave it out",
    "statistics": "Write the file without these statistics",
    "documentation": "Write the file without what is said about this column",
    "text": "Take this text out",
    "metadata": "Take this entry out",
    "pixels": "Leave the pixels out",
    "link": "Take the address out",
}

_STAMP = (
    "If it is a stamp of an alert in a file of its own, declare which and of what: alert-field and trigger."
)
_TRIGGER = "Declare in the manifest what its alert says: trigger = {ra = ..., dec = ..., bboxSize = ...}."
_REWRITTEN = 'Of packets that somebody re-wrote, say which schema they had: schema = "lsst/11.0" at the head.'


def advice(found: Found, decision: Decision, profile: Profile, audience: Audience, now: datetime) -> str:
    """What the owner of the data can do about a decision; empty when it passes."""
    if decision.passes:
        return ""
    surface, label = found.surface, found.label
    rewritten = f" {_REWRITTEN}" if surface.denied is NOT_RELEASED else ""
    if not label.parts():
        named = surface.path if surface.path.steps else FieldPath(("**",))
        return f'Declare in the manifest where it comes from: path = ["{named}"] and its origin.{rewritten}'
    if surface.denied is not None and surface.denied is decision:
        return f"{_TAKE_OUT[surface.sort]}.{rewritten}"
    rights = Audience(audience.rights | {part.release for part in label.parts() if part.release})
    is_for_them = rights != audience and _passes(found, profile, rights, now)
    people = f", or give it only to people with data rights to {', '.join(sorted(rights.rights))}"
    day = _public_from(found, profile, now)
    later = f" Everyone may see it from {day:%Y-%m-%d} on." if day else ""
    more = _declaration(found, decision) or _objects(found, profile, audience, now)
    return f"{_TAKE_OUT[surface.sort]}{people if is_for_them else ''}.{later}{more}"


def _objects(found: Found, profile: Profile, audience: Audience, now: datetime) -> str:
    few = replace(found, resource=replace(found.resource, objects=0))
    if found.resource.kind == "table" and _passes(few, profile, audience, now):
        return " If it is about few objects, declare how many: objects."
    return ""


def _declaration(found: Found, decision: Decision) -> str:
    """What a declaration could change, when it is right."""
    if found.stamp is not None:
        more = f" {_TRIGGER}" if found.stamp.rule == "cutout-unplaced" else ""
        return f" As a stamp: {found.stamp.reason}{more}"
    if found.label.origin is not Origin.ALERT or not decision.rule.endswith(DEFAULT_DENY.rule):
        return ""
    if found.resource.kind == "table" and found.surface.sort == "field":
        return " If it is a field of an alert under another name, declare which: alert-field."
    return f" {_STAMP}" if found.resource.kind == "image" else ""


def _passes(found: Found, profile: Profile, audience: Audience, now: datetime) -> bool:
    """Whether an audience may see it; of an image that is no stamp of an alert that is not told."""
    return found.stamp is None and all(
        explain(profile, resource, label, audience, now).decision.passes for resource, label in found.asked
    )


def _public_from(found: Found, profile: Profile, now: datetime) -> datetime | None:
    """When everyone may see it, if a clock decides that."""
    moment = now
    while (change := changes(profile, found.label, moment)) is not None:
        moment = change
        if _passes(found, profile, PUBLIC, moment):
            return moment
    return None


def of_packets(decision: Decision) -> str:
    """What to do about packets, or rows of them, that a rule withholds."""
    if decision.effect == "quarantine":
        return "Hold these packets back, and have somebody look at them."
    if decision.effect == "refuse":
        return "Hold these packets back."
    return "Leave these rows out, as gateway convert does."
