"""Rules, explanations and disagreements in words for people, and as values for JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.model.audience import Audience
from gateway.model.provenance import Provenance
from gateway.policy.difference import Disagreement
from gateway.policy.profile import Profile
from gateway.policy.rule import Decision, Resource, Rule
from gateway.policy.verdict import Explanation

__all__ = [
    "about",
    "disagreement_values",
    "disagreement_words",
    "explanation_values",
    "explanation_words",
    "rule_values",
]


def about(rule: Rule) -> str:
    """What a rule matches: ``diaSource.* (lsst >=8.0) of ppdb, for people with rights``."""
    paths = ", ".join(map(str, rule.paths))
    kinds = ", ".join(map(str, rule.kinds))
    text = f"{kinds} of {', '.join(origin.value for origin in rule.origins)}"
    if paths != "**":
        text = f"{paths} ({kinds}) of {', '.join(origin.value for origin in rule.origins)}"
    more = [
        f"release {' or '.join(rule.releases)}" if rule.releases else "",
        "for people with rights" if rule.rights else "",
        "not straight from the survey" if rule.handled else "",
        f"from {rule.start} on" if rule.start else "",
        f"until {rule.end}" if rule.end else "",
        f"where {rule.where}" if rule.where else "",
    ]
    return ", ".join([text, *filter(None, more)])


def rule_values(rule: Rule) -> dict[str, Any]:
    """A rule under the keys of its file."""
    return {
        "id": rule.id,
        "effect": rule.effect,
        "origin": [origin.value for origin in rule.origins],
        "kind": list(map(str, rule.kinds)),
        "path": list(map(str, rule.paths)),
        "release": list(rule.releases),
        "audience": "rights-holders" if rule.rights else "everyone",
        "custody": "handled" if rule.handled else "any",
        "from": str(rule.start) if rule.start else None,
        "until": str(rule.end) if rule.end else None,
        "where": str(rule.where) if rule.where else None,
        "clause": rule.clause,
        "source": rule.source,
        "certainty": rule.certainty,
        "reason": rule.reason,
    }


def _decision_values(decision: Decision) -> dict[str, str]:
    return {
        "effect": decision.effect,
        "rule": decision.rule,
        "clause": decision.clause,
        "reason": decision.reason,
    }


def _decision_words(decision: Decision) -> str:
    return f"{decision.effect} by {decision.rule} ({decision.clause}): {decision.reason}"


def _thing(resource: Resource) -> str:
    version = f" {resource.version[0]}.{resource.version[1]}" if resource.version else ""
    path = str(resource.path)
    return f"{path} ({resource.kind}{version})" if path else f"{resource.kind}{version} as a whole"


# Explanations


def explanation_words(
    profile: Profile, resource: Resource, provenance: Provenance, audience: Audience, found: Explanation
) -> str:
    """The winner, those that it overruled, and what depends on the packet."""
    origin = provenance.origin.value if provenance.origin else "undeclared"
    release = f" {provenance.release}" if provenance.release else ""
    lines = [
        f"{_thing(resource)} of {origin}{release}, for {audience}, by {profile.id}:",
        f"  {_decision_words(found.decision)}",
    ]
    for head, rows in (
        ("Other rules that match:", [_decision_words(decision) for decision in found.losers]),
        (
            "Unless this holds of a packet:",
            [f"{rule.effect} {about(rule)}: {rule.id} ({rule.clause})" for rule in found.conditional],
        ),
    ):
        if rows:
            lines += [head, *(f"  {row}" for row in rows)]
    return "\n".join(lines)


def explanation_values(
    profile: Profile, resource: Resource, provenance: Provenance, audience: Audience, found: Explanation
) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "profile": profile.id,
        "sha256": profile.sha256,
        "kind": resource.kind,
        "version": ".".join(map(str, resource.version)) if resource.version else None,
        "path": str(resource.path),
        "origin": provenance.origin.value if provenance.origin else None,
        "release": provenance.release,
        "audience": str(audience),
        "decision": _decision_values(found.decision),
        "losers": list(map(_decision_values, found.losers)),
        "conditional": list(map(rule_values, found.conditional)),
    }


# Disagreements

_NAMED = 3
"""So many fields of a record are named; of more their number is said."""


def disagreement_words(one: str, other: str, group: Disagreement) -> str:
    """What two profiles, of these ids, say about some things."""
    whom = "people with rights to it" if group.rights else "the public"
    lines = [
        f"{group.origin.value}, release {' or '.join(group.releases)}, for {whom}:",
        f"  {one}: {_decision_words(group.one)}",
        f"  {other}: {_decision_words(group.other)}",
    ]
    counts: Counter[str] = Counter()
    named: dict[str, list[str]] = {}
    for resource in dict.fromkeys((thing.kind, str(thing.path)) for thing in group.resources):
        kind, path = resource
        record = f"{kind} {path.rpartition('.')[0] or path}" if path else kind
        counts[record] += 1
        named.setdefault(record, []).append(f"{kind} {path}" if path else f"{kind}, all")
    for record, count in sorted(counts.items()):
        lines.append(f"    {', '.join(named[record])}" if count <= _NAMED else f"    {record}.* ({count})")
    return "\n".join(lines)


def disagreement_values(group: Disagreement) -> dict[str, Any]:
    """The same for JSON, with everything that it is about."""
    return {
        "origin": group.origin.value,
        "releases": list(group.releases),
        "rights": group.rights,
        "one": _decision_values(group.one),
        "other": _decision_values(group.other),
        "about": [
            {
                "kind": resource.kind,
                "version": ".".join(map(str, resource.version)) if resource.version else None,
                "path": str(resource.path),
            }
            for resource in group.resources
        ],
    }
