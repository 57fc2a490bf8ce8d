"""Decide about one thing: which rules match, which of them wins.

Rules
1. No origin is declared: denied (clause P26).
2. Of a value that was derived from others, each is asked, and the strictest decision holds (P26); unless it is a
   declared derived data product, which has rules of its own (P15).
3. Of a profile that is the meet of others, each is asked, and the strictest decision holds.
4. A rule with a condition on rows is not decided here: it is one of the `conditional` that the engine puts to
   each packet. Rows that it redacts are those around the field; when it refuses, it refuses the packet.
5. A rule that passes matches only what is known (`gateway.policy.known`, clause P25).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.model.audience import Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Provenance
from gateway.policy.known import known
from gateway.policy.pattern import FAMILIES, PathPattern
from gateway.policy.profile import Profile
from gateway.policy.rule import DEFAULT_DENY, Decision, Resource, Rule, strictest

__all__ = ["UNDECLARED", "Explanation", "all_pass", "at", "changes", "explain", "passes_unseen"]

UNDECLARED = Decision(
    "redact", "default-deny", "P26", "It is not declared where this comes from, so it is withheld."
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and how it came about.

    decision : what holds
    losers : what other rules that match would have decided, strictest first
    conditional : rules that may still deny it for what is in a packet
    """

    decision: Decision
    losers: tuple[Decision, ...] = ()
    conditional: tuple[Rule, ...] = ()


def explain(
    profile: Profile, resource: Resource, provenance: Provenance, audience: Audience, now: datetime
) -> Explanation:
    """The decision about a thing for an audience at a time (UTC), and how it came about."""
    parts = provenance.parts()
    if not parts:
        return Explanation(UNDECLARED)
    decisions: list[Decision] = []
    losers: list[Decision] = []
    conditional: dict[Rule, None] = {}
    for judge in profile.judges:
        for part in parts:
            found = [rule for rule in judge.rules if _matches(rule, judge, resource, part, audience, now)]
            later = [rule for rule in found if rule.where is not None and resource.kind in FAMILIES]
            conditional |= dict.fromkeys(later)
            made = [_named(rule.decision, judge, profile) for rule in found if rule not in later]
            winner = strictest(made) if made else _named(DEFAULT_DENY, judge, profile)
            decisions.append(winner)
            losers += [decision for decision in made if decision != winner]
    winner = strictest(decisions)
    losers += [decision for decision in decisions if decision != winner]
    ordered = sorted(dict.fromkeys(losers), key=lambda decision: decision.rank)
    return Explanation(winner, tuple(ordered), tuple(conditional))


def at(provenance: Provenance, path: FieldPath) -> Provenance:
    """Where one field comes from: what is declared for it or for what it is in, of several declarations all, and
    otherwise for all."""
    found = [other for pattern, other in provenance.fields if PathPattern.of(pattern).holds(path)]
    if not found:
        return provenance
    return found[0] if len(found) == 1 else Provenance(inputs=tuple(found))


def _named(decision: Decision, judge: Profile, profile: Profile) -> Decision:
    return decision if judge is profile else replace(decision, rule=f"{judge.id}/{decision.rule}")


def _matches(
    rule: Rule, judge: Profile, resource: Resource, part: Provenance, audience: Audience, now: datetime
) -> bool:
    if not _in_force(rule, judge, part, audience, now):
        return False
    if rule.where is not None and resource.kind in FAMILIES:
        return any(kind.matches(resource.kind, resource.version) for kind in rule.kinds) and (
            rule.effect != "redact" or any(pattern.holds(resource.path) for pattern in rule.paths)
        )
    if rule.where is not None and not rule.where.holds(resource.objects):
        return False
    return rule.covers(resource) and (rule.effect != "pass" or known(resource, part.origin))


def _in_force(rule: Rule, judge: Profile, part: Provenance, audience: Audience, now: datetime) -> bool:
    """Whether a rule matches things of this provenance, for this audience, now."""
    if part.origin not in rule.origins or (rule.handled and part.issued):
        return False
    if rule.releases and part.release not in rule.releases:
        return False
    if rule.rights and (part.release is None or part.release not in audience.rights):
        return False
    if rule.start is not None:
        start = rule.start.of(part, judge.releases)
        if start is None or now < start:
            return False
    end = rule.end.of(part, judge.releases) if rule.end is not None else None
    return end is None or now < end


def passes_unseen(
    profile: Profile, kind: str, provenance: Provenance, audience: Audience, now: datetime
) -> bool:
    """Whether whatever is of this kind and provenance passes, even what is too damaged to be looked into.

    False as soon as a rule could deny a part of it; but what comes straight from the survey may be what an operator
    should look at (`quarantine`). In a VOEvent may be any link and any text.
    """
    if kind == "voevent":
        return all(all_pass(profile, one, provenance, audience, now) for one in ("voevent", "link", "text"))
    return all_pass(profile, kind, provenance, audience, now)


def all_pass(profile: Profile, kind: str, provenance: Provenance, audience: Audience, now: datetime) -> bool:
    """Whether everything of this kind passes, whatever it is."""
    parts = [part for one in (provenance, *(other for _, other in provenance.fields)) for part in one.parts()]
    return bool(parts) and all(
        any(_passes_all(rule, kind) and _in_force(rule, judge, part, audience, now) for rule in judge.rules)
        and not any(
            _may_deny(rule, part) and _is_about(rule, kind) and part.origin in rule.origins
            for rule in judge.rules
        )
        for judge in profile.judges
        for part in parts
    )


def _may_deny(rule: Rule, part: Provenance) -> bool:
    if part.issued:
        return rule.effect in ("redact", "refuse") and not rule.handled
    return rule.effect != "pass"


def _is_about(rule: Rule, kind: str) -> bool:
    return any(one.kind == kind for one in rule.kinds)


def _passes_all(rule: Rule, kind: str) -> bool:
    return rule.effect == "pass" and _is_about(rule, kind) and any(p.deep and not p.steps for p in rule.paths)


def changes(profile: Profile, provenance: Provenance, now: datetime) -> datetime | None:
    """When decisions about things of this provenance change next, all else being equal; None for never."""
    parts = provenance.parts()
    moments = [
        moment.of(part, judge.releases)
        for judge in profile.judges
        for rule in judge.rules
        for moment in (rule.start, rule.end)
        for part in parts
        if moment is not None and part.origin in rule.origins
    ]
    return min((moment for moment in moments if moment is not None and moment > now), default=None)
