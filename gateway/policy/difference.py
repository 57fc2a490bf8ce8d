"""Difference: on which verdicts two profiles disagree, and why.

Rules
1. Both are asked about every field of every released schema, every column of the databases that are known, and whatever
   else their rules name; of every origin and release, for the public and for people with rights to that release.
2. Verdicts differ when their effects do. Things about which they differ alike, for the same rules, are one
   `Disagreement`.
3. When an exposure was made is not known, so an embargo is not over. A release has its day where a profile says so.
4. Conditions on rows are compared as they are written: what a row is, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.coverage import DATABASES, subject
from gateway.policy.known import known
from gateway.policy.pattern import FAMILIES
from gateway.policy.profile import Profile
from gateway.policy.rule import Decision, Resource, Rule
from gateway.policy.verdict import explain
from gateway.schema import registry

__all__ = ["SOME_RELEASE", "Disagreement", "conditions", "disagreements"]

SOME_RELEASE = "some-release"
"""Stands for a release where neither profile names one."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Things about which two profiles disagree in the same way.

    releases : to which they may belong
    rights : for people with data rights to that release, otherwise for the public
    """

    origin: Origin
    releases: tuple[str, ...]
    rights: bool
    one: Decision
    other: Decision
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class _How:
    origin: Origin
    rights: bool
    one: Decision
    other: Decision


def disagreements(one: Profile, other: Profile, now: datetime) -> list[Disagreement]:
    """All of them at a time (UTC), those about the most things first."""
    found: dict[tuple[_How, str], list[Resource]] = {}
    for alike in _alike(one, other):
        for origin in Origin:
            for release in _releases(one, other):
                for rights in (False, True):
                    audience = Audience(frozenset({release})) if rights else PUBLIC
                    a, b = (
                        explain(profile, alike[0], Provenance(origin, release), audience, now).decision
                        for profile in (one, other)
                    )
                    if a.effect != b.effect:
                        found.setdefault((_How(origin, rights, a, b), release), []).extend(alike)
    merged: dict[tuple[_How, tuple[Resource, ...]], list[str]] = {}
    for (how, release), things in found.items():
        merged.setdefault((how, tuple(things)), []).append(release)
    groups = [
        Disagreement(how.origin, tuple(releases), how.rights, how.one, how.other, things)
        for (how, things), releases in merged.items()
    ]
    return sorted(groups, key=lambda group: -len(group.resources))


def conditions(one: Profile, other: Profile) -> tuple[list[Rule], list[Rule]]:
    """The rules with conditions that the first has and the other has not, and the reverse (rule 4)."""
    a, b = ({_says(rule): rule for rule in _rules(profile) if rule.where} for profile in (one, other))
    return [rule for says, rule in a.items() if says not in b], [
        rule for says, rule in b.items() if says not in a
    ]


def _says(rule: Rule) -> tuple[object, ...]:
    return (
        rule.effect,
        frozenset(rule.origins),
        frozenset(rule.kinds),
        frozenset(rule.paths),
        frozenset(rule.releases),
        rule.handled,
        rule.end,
        rule.where,
    )


def _rules(profile: Profile) -> Iterator[Rule]:
    return (rule for judge in profile.judges for rule in judge.rules)


def _releases(one: Profile, other: Profile) -> list[str]:
    found = {
        token
        for profile in (one, other)
        for judge in profile.judges
        for token in (*judge.releases, *(token for rule in judge.rules for token in rule.releases))
    }
    return sorted(found) or [SOME_RELEASE]


def _alike(one: Profile, other: Profile) -> list[list[Resource]]:
    """Everything to ask about (rule 1), in lists of what the same rules speak of, so that one answer is all answers."""
    rules = list(dict.fromkeys((*_rules(one), *_rules(other))))
    lists: dict[tuple[object, ...], list[Resource]] = {}
    of_a_kind: dict[tuple[object, ...], list[Rule]] = {}
    for thing in dict.fromkeys(_everything(rules)):
        kind = thing.kind, thing.version
        if kind not in of_a_kind:
            of_a_kind[kind] = [rule for rule in rules if any(each.matches(*kind) for each in rule.kinds)]
        covering = tuple(rule for rule in of_a_kind[kind] if rule.covers(thing))
        lists.setdefault((thing.kind, covering, known(thing, Origin.PPDB)), []).append(thing)
    return list(lists.values())


def _everything(rules: list[Rule]) -> Iterator[Resource]:
    for name in (*map(str, registry.keys()), *DATABASES):
        yield from subject(name).resources
    for rule in rules:
        for kind in rule.kinds:
            if kind.kind not in FAMILIES:
                # A pattern is a thing that it matches: a step * is matched by *.
                yield from (Resource(kind.kind, FieldPath(path.steps)) for path in rule.paths)
