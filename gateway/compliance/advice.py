"""What to change, in words: for everything that a check finds.

Rules
1. Where nothing is declared, that is what to do.
2. Otherwise: take it out. When people with data rights may have it, or everyone from some day on, that is said too.
3. The advice never offers a label that would be wrong, only that one be given.
"""

from __future__ import annotations

from datetime import datetime

from gateway.compliance.surface import Sort, Surface
from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.alerts.judge import NOT_RELEASED
from gateway.policy.profile import Profile
from gateway.policy.rule import Decision, Resource
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

_REWRITTEN = 'Of packets that somebody re-wrote, say which schema they had: schema = "lsst/11.0" at the head.'


def advice(
    surface: Surface,
    label: Provenance,
    decision: Decision,
    profile: Profile,
    audience: Audience,
    now: datetime,
) -> str:
    """What the owner of the data can do about a decision; empty when it passes."""
    if decision.passes:
        return ""
    rewritten = f" {_REWRITTEN}" if surface.denied is NOT_RELEASED else ""
    if not label.parts():
        named = surface.path if surface.path.steps else FieldPath(("**",))
        return f'Declare in the manifest where it comes from: path = ["{named}"] and its origin.{rewritten}'
    resource = surface.resource
    if surface.denied is None or surface.denied is not decision:
        rights = Audience(audience.rights | {part.release for part in label.parts() if part.release})
        if rights != audience and explain(profile, resource, label, rights, now).decision.passes:
            people = f", or give it only to people with data rights to {', '.join(sorted(rights.rights))}"
        else:
            people = ""
        day = _public_from(resource, label, profile, now)
        later = f" Everyone may see it from {day:%Y-%m-%d} on." if day else ""
        renamed = (
            " If it is a field of an alert under another name, declare which: alert-field."
            if surface.sort == "field" and label.origin is Origin.ALERT and resource.kind == "table"
            else ""
        )
        return f"{_TAKE_OUT[surface.sort]}{people}.{later}{renamed}"
    return f"{_TAKE_OUT[surface.sort]}.{rewritten}"


def _public_from(resource: Resource, label: Provenance, profile: Profile, now: datetime) -> datetime | None:
    """When everyone may see it, if a clock decides that."""
    moment = now
    while (change := changes(profile, label, moment)) is not None:
        moment = change
        if explain(profile, resource, label, PUBLIC, moment).decision.passes:
            return moment
    return None


def of_packets(decision: Decision) -> str:
    """What to do about packets, or rows of them, that a rule withholds."""
    if decision.effect == "quarantine":
        return "Hold these packets back, and have somebody look at them."
    if decision.effect == "refuse":
        return "Hold these packets back."
    return "Leave these rows out, as gateway convert does."
