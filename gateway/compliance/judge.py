"""Judge: the verdict about each thing that a file shows.

Rules
1. Each thing is judged by the label that the manifest gives it. No label, no pass (P25, P26).
2. A column, or an image in a file of its own, that is declared to be an alert's is first judged as what it is; where no
   rule speaks of that, as the field of an alert that it is (`gateway.compliance.resolve`).
3. What can be told of texts, addresses and sizes is asked about as well, as a release of a VOEvent does
   (`gateway.policy.events.signs`). A field of an alert is not asked whether it is an image: it is known what it is.
4. An image that is declared to be a stamp of an alert is put to the profile's rules about stamps, as those in packets
   are (P14).
5. What is said about a column beside its values is listed when it is withheld; with a column that passes it passes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.compliance import report
from gateway.compliance.advice import advice
from gateway.compliance.found import Found
from gateway.compliance.manifest import Declared, Manifest
from gateway.compliance.resolve import alert_field, is_of_alerts
from gateway.compliance.surface import Surface
from gateway.model.alert import SchemaKey
from gateway.model.audience import Audience
from gateway.model.provenance import Provenance
from gateway.policy.alerts.judge import NOT_RELEASED
from gateway.policy.alerts.stamps import is_about_stamps, that_hold
from gateway.policy.cutouts.cutout import Verdict
from gateway.policy.engine import Policy
from gateway.policy.events.signs import BULK, in_a_grid
from gateway.policy.pattern import FAMILIES
from gateway.policy.profile import Profile
from gateway.policy.reach import stamps_of
from gateway.policy.rule import ALL, DEFAULT_DENY, Decision, Resource, strictest

__all__ = ["Judge"]

_BESIDE = ("statistics", "documentation")


class Judge:
    """Judges what files show, for one audience, by what one manifest declares."""

    def __init__(self, policy: Policy, audience: Audience, manifest: Manifest) -> None:
        self.policy, self.audience, self.manifest = policy, audience, manifest
        self.now: datetime = policy.clock()
        self.certain = _certainties(policy.profile)
        self._known: dict[tuple[Resource, Provenance], Decision] = {}

    def of(self, file: str, surfaces: Iterable[Surface]) -> list[tuple[Found, report.Verdict]]:
        """The verdicts about all surfaces of a file."""
        self._known.clear()
        found = [self._found(file, surface) for surface in surfaces]
        made = [(one, self.verdict(one, self._decision(one))) for one in _with_grids(found)]
        return [
            (one, verdict)
            for one, verdict in made
            if one.surface.sort not in _BESIDE or not verdict.decision.passes
        ]

    def verdict(self, one: Found, decision: Decision) -> report.Verdict:
        """A decision in words."""
        return report.Verdict(
            one.surface.name,
            _kind(one.resource),
            _origin(one.label),
            decision,
            self.certain.get(decision.rule, "inferred"),
            advice(one, decision, self.policy.profile, self.audience, self.now),
            one.surface.line,
        )

    def _found(self, file: str, surface: Surface) -> Found:
        declared = self.manifest.about(file, surface.path)
        resource = _counted(surface.resource, declared)
        stamp = None
        if resource.kind == "image" and is_of_alerts(declared.label):
            stamp = self._stamp(surface, declared)
            if stamp is None:
                # In an alert an image can be nothing but a stamp, however it is called.
                return Found(surface, declared, replace(resource, path=ALL))
            resource = replace(resource, path=declared.alert_field or ALL)
        if resource.kind in ("table", "image") and self._is_silent(resource, declared.label):
            field = alert_field(
                surface.within or surface.path,
                declared.alert_field,
                declared.label,
                self.manifest,
                empty=surface.empty,
            )
            resource = field or resource
        return Found(surface, declared, resource, stamp)

    def _stamp(self, surface: Surface, declared: Declared) -> Verdict | None:
        """What can be told of an image as the stamp that it is declared to be."""
        schema, named = self.manifest.schema, declared.alert_field
        if schema is None or schema.key is None or named is None or surface.stamp is None:
            return None
        return surface.stamp(schema.key.family, declared.trigger) if named.top in stamps_of(schema) else None

    def _is_silent(self, resource: Resource, label: Provenance) -> bool:
        """Whether no rule speaks of it; of a meet the profile stands before the name."""
        return self._decide(resource, label).rule.rpartition("/")[2] == DEFAULT_DENY.rule

    def _decide(self, resource: Resource, label: Provenance) -> Decision:
        key = resource, label
        if key not in self._known:
            self._known[key] = self.policy.decide(resource, label, self.audience)
        return self._known[key]

    def _decision(self, one: Found) -> Decision:
        denied = one.surface.denied
        if denied is NOT_RELEASED and one.label.parts() and not is_of_alerts(one.label):
            denied = None  # Avro that nobody says is an alert is a table like any other
        if denied is not None:
            return denied
        decisions = [self._decide(resource, label) for resource, label in one.asked]
        return strictest(decisions + self._of_stamp(one))

    def _of_stamp(self, one: Found) -> list[Decision]:
        """Rule 4."""
        named, schema = one.declared.alert_field, self.manifest.schema
        if one.stamp is None or named is None or schema is None or schema.key is None:
            return []
        field = Resource(schema.key.family, named, (schema.key.major, schema.key.minor))
        rules = self.policy.explain(field, one.label, self.audience).conditional
        about = [rule for rule in rules if is_about_stamps(rule)]
        return [rule.decision for rule in that_hold(about, named.top, one.stamp)]


def _counted(resource: Resource, declared: Declared) -> Resource:
    """The resource with the number of objects that is declared, which is never more than the rows there are."""
    given = [count for count in (resource.objects, declared.objects) if count is not None]
    return replace(resource, objects=min(given)) if declared.objects is not None else resource


def _with_grids(found: list[Found]) -> list[Found]:
    """Columns that are together what an image would be have the sign of one; fields of alerts are not among them."""
    grids: dict[tuple[str, int], list[int]] = {}
    for place, one in enumerate(found):
        rows = one.surface.resource.objects
        if one.surface.alike is not None and rows is not None and not one.is_of_an_alert:
            grids.setdefault((str(one.surface.path.top), rows), []).append(place)
    for (_, rows), places in grids.items():
        is_pixel = in_a_grid([found[place].surface.alike for place in places], rows)
        for place in (place for place, is_one in zip(places, is_pixel, strict=True) if is_one):
            surface = found[place].surface
            found[place] = replace(found[place], surface=replace(surface, signs=surface.signs | {BULK}))
    return found


def _certainties(profile: Profile) -> dict[str, str]:
    """By the name of a rule, in a meet also with that of its profile before it."""
    return {
        name: rule.certainty
        for judge in profile.judges
        for rule in judge.rules
        for name in (rule.id, f"{judge.id}/{rule.id}")
    }


def _kind(resource: Resource) -> str:
    if resource.kind in FAMILIES and resource.version is not None:
        return str(SchemaKey(resource.kind, *resource.version))
    return resource.kind


def _origin(label: Provenance) -> str:
    """``data-release dp1``; of something derived, with what it was derived from."""
    own = " ".join(filter(None, (label.origin.value if label.origin else None, label.release)))
    inputs = ", ".join(dict.fromkeys(map(_origin, label.inputs)))
    if not inputs:
        return own or "not declared"
    return f"{own} from {inputs}" if own else inputs
