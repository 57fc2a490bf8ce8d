"""What holds of every profile, whatever its rules and whatever is asked."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import chain
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.audience import PUBLIC, Audience
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.moment import Moment
from gateway.policy.pattern import OTHER_KINDS, KindRange, PathPattern
from gateway.policy.profile import Profile, load
from gateway.policy.rule import EFFECTS, Decision, Resource, Rule
from gateway.policy.verdict import Explanation, explain
from gateway.schema import registry, tables

TOKENS = ("dp1", "dp2", "dp0.1", "dp0.10")
MONTHS = ((2025, 7), (2026, 11), (2027, 8), (2029, 1))
TIMES = tuple(datetime(year, month, 1, tzinfo=UTC) for year, month in MONTHS)
LSST = ("seed-2018", "ldm612-2019", "rdo013-2025")


@cache
def fields() -> list[Resource]:
    return [
        Resource(key.family, path, (key.major, key.minor))
        for key in registry.keys()  # noqa: SIM118 - a function, not a dict
        for path, _ in leaves(registry.get(key).root)
    ]


@cache
def things() -> list[Resource]:
    """Some of everything that a shipped profile speaks of."""
    found = {Resource("table", path) for path in tables.columns("ppdb")}
    for judge in (*load("strict").judges, load("precursor-2020")):
        for rule in judge.rules:
            for kind in rule.kinds:
                if kind.kind in OTHER_KINDS:
                    found |= {Resource(kind.kind, FieldPath(path.steps)) for path in rule.paths}
    others = [Resource(kind, FieldPath(("x", "y"))) for kind in OTHER_KINDS]
    return sorted(found, key=str) + others


FIELDS = st.deferred(lambda: st.sampled_from(fields()))
THINGS = st.deferred(lambda: st.sampled_from(things()))
COUNTED = st.builds(lambda thing, count: replace(thing, objects=count), THINGS, st.integers(0, 2000))
RESOURCES = st.one_of(FIELDS, THINGS, COUNTED)
PLAIN = st.builds(
    Provenance,
    origin=st.sampled_from([*Origin, None]),
    release=st.sampled_from([*TOKENS, None]),
    issued=st.booleans(),
    observed=st.sampled_from([None, 60000.0, 61344.0]),
)
PROVENANCES = st.one_of(PLAIN, st.builds(lambda one, other: replace(one, inputs=(other,)), PLAIN, PLAIN))
AUDIENCES = st.builds(Audience, st.frozensets(st.sampled_from(TOKENS)))
NOWS = st.sampled_from(TIMES)
PATHS = ("**", "*.*", "diaSource.*", "diaSource.ra", "candidate.**", "DiaSource.*", "*", "prvDiaSources[].*")
KINDS = ("lsst", "lsst >=8.0", "lsst <7.0", "ztf", *OTHER_KINDS)


def random_rule(seed: int, denies: bool) -> Rule:
    random = Random(seed)

    def some(values: Iterable[Any], least: int = 1) -> tuple[Any, ...]:
        values = list(values)
        return tuple(random.sample(values, random.randint(least, min(3, len(values)))))

    effect = random.choice(EFFECTS[1:] if denies else EFFECTS)
    passes = effect == "pass"
    moment = random.choice([None, None, Moment("released", 2, "y"), Moment("observed", 80, "h")])
    return Rule(
        f"r{seed % 100}",
        effect,
        some(Origin),
        tuple(map(KindRange.parse, some(KINDS))),
        tuple(map(PathPattern.parse, some(PATHS))),
        "P25",
        "test",
        "inferred",
        "For a test.",
        some(TOKENS, 0),
        rights=passes and random.random() < 0.5,
        handled=not passes and random.random() < 0.5,
        start=moment if passes else None,
        end=None if passes else moment,
    )


def rules(denying: bool = False) -> st.SearchStrategy[Rule]:
    return st.builds(random_rule, st.integers(0, 2**32), st.just(denying))


EVERYTHING = Rule(
    "all",
    "pass",
    tuple(Origin),
    tuple(map(KindRange.parse, ("lsst", "ztf", *OTHER_KINDS))),
    (PathPattern((), True),),
    "P25",
    "test",
    "inferred",
    "For a test.",
)


def profile(*found: Rule) -> Profile:
    return Profile("x", "X", date(2026, 1, 1), "", found, releases={"dp1": date(2025, 6, 30)})


def strictness(decision: Decision) -> int:
    return EFFECTS.index(decision.effect)


def denials(explanation: Explanation) -> set[str]:
    return {rule.id for rule in explanation.conditional}


@given(st.lists(rules(), max_size=6), RESOURCES, PROVENANCES, AUDIENCES, NOWS, st.integers())
def test_the_order_of_rules_never_matters(
    found: list[Rule], thing: Resource, origin: Provenance, audience: Audience, now: datetime, seed: int
) -> None:
    other = found.copy()
    Random(seed).shuffle(other)
    one, two = (explain(profile(*rows), thing, origin, audience, now) for rows in (found, other))
    assert one.decision.effect == two.decision.effect
    assert one.decision.rule == two.decision.rule


@given(st.lists(rules(), max_size=6), rules(denying=True), RESOURCES, PROVENANCES, AUDIENCES, NOWS)
def test_a_rule_that_denies_never_shows_more(
    found: list[Rule], more: Rule, thing: Resource, origin: Provenance, audience: Audience, now: datetime
) -> None:
    before = explain(profile(*found), thing, origin, audience, now).decision
    after = explain(profile(*found, more), thing, origin, audience, now).decision
    assert after.passes <= before.passes
    if before.rule != "default-deny":
        assert strictness(after) >= strictness(before)


@given(st.lists(rules(), max_size=6), RESOURCES, PROVENANCES, AUDIENCES, AUDIENCES, NOWS)
def test_more_rights_never_show_less(
    found: list[Rule], thing: Resource, origin: Provenance, one: Audience, more: Audience, now: datetime
) -> None:
    both = Audience(one.rights | more.rights)
    before = explain(profile(*found), thing, origin, one, now)
    after = explain(profile(*found), thing, origin, both, now)
    assert after.decision.passes >= before.decision.passes
    assert strictness(after.decision) <= strictness(before.decision)


@given(st.lists(rules(), max_size=6), RESOURCES, PROVENANCES, PLAIN, AUDIENCES, NOWS)
def test_what_is_derived_from_more_is_never_shown_more(
    found: list[Rule],
    thing: Resource,
    origin: Provenance,
    more: Provenance,
    audience: Audience,
    now: datetime,
) -> None:
    before = explain(profile(*found), thing, origin, audience, now).decision
    derived = replace(origin, inputs=(*origin.inputs, more))
    after = explain(profile(*found), thing, derived, audience, now).decision
    if origin.parts():
        assert after.passes <= before.passes


@given(RESOURCES, PROVENANCES, AUDIENCES, NOWS)
def test_strict_shows_no_more_than_any_lsst_profile(
    thing: Resource, origin: Provenance, audience: Audience, now: datetime
) -> None:
    strict = explain(load_once("strict"), thing, origin, audience, now)
    for name in LSST:
        one = explain(load_once(name), thing, origin, audience, now)
        assert strict.decision.passes <= one.decision.passes
        assert strictness(strict.decision) >= strictness(one.decision)
        assert denials(strict) >= denials(one)


@given(st.lists(rules(), max_size=6), st.text(min_size=1), PROVENANCES, AUDIENCES, NOWS)
def test_a_field_that_no_version_has_never_passes(
    found: list[Rule], name: str, origin: Provenance, audience: Audience, now: datetime
) -> None:
    unknown = Resource("lsst", FieldPath(("diaSource", f"{name}.")), (11, 1))
    unreleased = Resource("lsst", FieldPath(("diaSource", "ra")), (11, 99))
    for thing in (unknown, unreleased):
        assert not explain(profile(*found, EVERYTHING), thing, origin, audience, now).decision.passes


load_once = cache(load)


@pytest.mark.parametrize("name", ["rdo013-2025", "strict"])
def test_every_field_of_every_version_is_public_in_an_alert(name: str) -> None:
    found, now = load_once(name), TIMES[1]
    for issued in (False, True):
        origin = Provenance(Origin.ALERT, issued=issued)
        withheld = [
            thing for thing in fields() if not explain(found, thing, origin, PUBLIC, now).decision.passes
        ]
        assert withheld == []
    assert len(fields()) > 5000


@pytest.mark.parametrize("name", [*LSST, "strict", "packet-only", "ztf-public", "precursor-2020"])
def test_nothing_passes_without_an_origin(name: str) -> None:
    for thing in chain(things(), fields()[::50]):
        decision = explain(
            load_once(name), thing, Provenance(), Audience(frozenset(TOKENS)), TIMES[3]
        ).decision
        assert not decision.passes


@pytest.mark.parametrize("name", [*LSST, "strict"])
def test_catalogues_pass_to_nobody_without_rights(name: str) -> None:
    """All that a packet has, and all that the database has, under the names that they have there."""
    for origin in (
        Origin.DATA_RELEASE,
        Origin.PROMPT_VISIT,
        Origin.PIXELS,
        Origin.USER,
        Origin.BROKER_ANNOTATION,
    ):
        for thing in fields()[::20]:
            assert not explain(
                load_once(name), thing, Provenance(origin, "dp2"), PUBLIC, TIMES[1]
            ).decision.passes
