"""On which verdicts two profiles disagree: nothing is missed, nothing is invented."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gateway.model.audience import PUBLIC, Audience
from gateway.model.provenance import Origin, Provenance
from gateway.policy.difference import SOME_RELEASE, Disagreement, conditions, disagreements
from gateway.policy.facts import Condition
from gateway.policy.pattern import PathPattern
from gateway.policy.profile import Profile, load
from gateway.policy.rule import Resource
from gateway.policy.verdict import explain

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PAIRS = [("seed-2018", "rdo013-2025"), ("strict", "ldm612-2019"), ("packet-only", "precursor-2020")]


@pytest.mark.parametrize("name", ["rdo013-2025", "strict"])
def test_a_profile_agrees_with_itself(name: str) -> None:
    assert disagreements(load(name), load(name), NOW) == []
    assert conditions(load(name), load(name)) == ([], [])


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_each_disagreement_is_one(one: str, other: str) -> None:
    a, b = load(one), load(other)
    found = disagreements(a, b, NOW)
    assert found
    for group in found:
        assert group.one.effect != group.other.effect
        for release in group.releases:
            audience = Audience(frozenset({release})) if group.rights else PUBLIC
            for thing in group.resources[::7]:
                origin = Provenance(group.origin, release)
                assert explain(a, thing, origin, audience, NOW).decision == group.one
                assert explain(b, thing, origin, audience, NOW).decision == group.other


def listed(found: list[Disagreement]) -> set[tuple[Origin, bool, Resource]]:
    return {(group.origin, group.rights, thing) for group in found for thing in group.resources}


def test_the_reverse_says_the_same() -> None:
    a, b = map(load, PAIRS[0])
    there, back = disagreements(a, b, NOW), disagreements(b, a, NOW)
    assert listed(there) == listed(back)
    assert {(group.one, group.other) for group in there} == {(group.other, group.one) for group in back}
    assert conditions(a, b) == conditions(b, a)[::-1]


def test_one_field_that_is_withheld_is_found_in_every_version_that_has_it() -> None:
    profile = load("packet-only")
    (packet,) = (rule for rule in profile.rules if rule.id == "alert-packet")
    no = replace(packet, id="no", effect="redact", paths=(PathPattern.parse("diaSource.programId"),))
    (group_public, group_rights) = disagreements(profile, replace(profile, rules=(*profile.rules, no)), NOW)
    assert {group_public.rights, group_rights.rights} == {False, True}
    for group in (group_public, group_rights):
        assert group.origin is Origin.ALERT
        assert group.releases == (SOME_RELEASE,)
        assert (group.one.rule, group.other.rule) == ("alert-packet", "no")
        assert [(thing.version, str(thing.path)) for thing in group.resources] == [
            ((major, 0), "diaSource.programId") for major in (3, 4, 5)
        ]


def test_a_clock_that_has_run_out() -> None:
    a = load("rdo013-2025")
    b: Profile = replace(a, releases={"dp1": date(2020, 1, 1), "dp2": date(2026, 7, 27)})
    found = disagreements(a, b, NOW)
    assert {(group.origin, group.releases, group.rights) for group in found} == {
        (Origin.DATA_RELEASE, ("dp1",), False)
    }
    assert {group.other.rule for group in found} == {
        "release-after-two-years",
        "release-links-after-two-years",
    }


def test_conditions_are_compared_as_they_are_written() -> None:
    a = load("rdo013-2025")
    changed = tuple(
        replace(rule, where=Condition.parse("history-age > 31")) if rule.id == "history-of-twelve-months" else rule
        for rule in a.rules
    )  # fmt: skip
    one, other = conditions(a, replace(a, rules=changed))
    assert [str(rule.where) for rule in (*one, *other)] == ["history-age > 366", "history-age > 31"]
    renamed = tuple(replace(rule, id=f"{rule.id}-too", reason="Another.") for rule in a.rules)
    assert conditions(a, replace(a, rules=renamed)) == ([], [])
