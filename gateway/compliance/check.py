"""Check: puts everything that a file shows to the policy.

Rules
1. Each thing is judged by the label that the manifest gives it. No label, no pass (P25, P26).
2. A column that is declared to be an alert's is first judged as a column; where no rule speaks of that, as the field of
   an alert that it is (`gateway.compliance.resolve`).
3. Alerts are released one by one as well, because some rules ask for their rows. What such a rule withholds is counted.
4. What is said about a column beside its values is listed when it is withheld; with a column that passes it passes.
5. A file that cannot be read is an error in its place, and the others go on. One that cannot be read to its end is an
   error with the verdicts so far.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.compliance.advice import advice
from gateway.compliance.manifest import Manifest
from gateway.compliance.packets import Packets
from gateway.compliance.report import Report, TargetReport, Verdict
from gateway.compliance.resolve import alert_field, is_of_alerts
from gateway.compliance.sources import Source, Unreadable
from gateway.compliance.surface import Surface
from gateway.compliance.targets import bounded, format_of
from gateway.errors import GatewayError, InputError
from gateway.model.alert import AlertSchema, SchemaKey
from gateway.model.audience import Audience
from gateway.model.provenance import Provenance
from gateway.policy.alerts.judge import NOT_RELEASED
from gateway.policy.engine import Policy
from gateway.policy.pattern import FAMILIES
from gateway.policy.profile import Profile
from gateway.policy.rule import DEFAULT_DENY, Decision, Resource

__all__ = ["check"]

_BESIDE = ("statistics", "documentation")


def check(
    sources: Iterable[Source | Unreadable], policy: Policy, audience: Audience, manifest: Manifest
) -> Report:
    """What an audience may see of these files, and what not. Never raises for a file."""
    profile = policy.profile
    checker = _Checker(policy, audience, manifest)
    return Report(
        profile.id,
        profile.title,
        profile.sha256,
        audience,
        checker.now,
        manifest.sha256,
        [checker.target(source) for source in sources],
    )


class _Checker:
    def __init__(self, policy: Policy, audience: Audience, manifest: Manifest) -> None:
        self.policy, self.audience, self.manifest = policy, audience, manifest
        self.now: datetime = policy.clock()
        self.certain = _certainties(policy.profile)

    def target(self, source: Source | Unreadable) -> TargetReport:
        if isinstance(source, Unreadable):
            return TargetReport(source.name, error=source.error)
        verdicts: list[Verdict] = []
        name, schemas, count = "", [], 0
        error: GatewayError | None = None
        try:
            format_ = format_of(source, self.manifest)
            name = format_.NAME
            content = format_.fields(source, self.manifest)
            schemas = [_described(schema) for schema in content.schemas]
            empty = True
            for surface in bounded(content):
                empty = False
                verdict = self.surface(source.name, surface)
                if surface.sort not in _BESIDE or not verdict.decision.passes:
                    verdicts.append(verdict)
            if empty:
                # Nothing to check must not look like nothing wrong.
                raise InputError("input-empty", "The file has nothing in it that could be checked.")
            explained = any(not verdict.decision.passes for verdict in verdicts)
            packets = Packets(self.policy, self.audience, self.manifest, source.name, explained)
            for packet in content.packets:
                packets.add(packet)
            verdicts += packets.verdicts(self.certain)
            count, error = packets.count, packets.error
        except GatewayError as raised:
            error = raised
        if error is not None:
            error.located(input=source.name)
        return TargetReport(source.name, name, verdicts, schemas, count, error)

    def surface(self, file: str, surface: Surface) -> Verdict:
        label, named = self.manifest.label(file, surface.path)
        resource = surface.resource
        decision = surface.denied
        if decision is NOT_RELEASED and label.parts() and not is_of_alerts(label):
            decision = None  # Avro that nobody says is an alert is a table like any other
        if decision is None:
            decision = self.policy.decide(resource, label, self.audience)
            if resource.kind == "table" and _is_silent(decision):
                field = alert_field(
                    surface.within or surface.path, named, label, self.manifest, empty=surface.empty
                )
                if field is not None:
                    resource, decision = field, self.policy.decide(field, label, self.audience)
        return Verdict(
            surface.name,
            _kind(resource),
            _origin(label),
            decision,
            self.certain.get(decision.rule, "inferred"),
            advice(surface, label, decision, self.policy.profile, self.audience, self.now),
            surface.line,
        )


def _is_silent(decision: Decision) -> bool:
    """Whether no rule spoke; of a meet the profile stands before the name."""
    return decision.rule.rpartition("/")[2] == DEFAULT_DENY.rule


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


def _described(schema: AlertSchema) -> tuple[str, str]:
    return str(schema.key or schema.name), schema.sha256
