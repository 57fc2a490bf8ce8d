"""Where in a packet conditions can be put, and which rules can match nothing. The bad profiles are more of this."""

from dataclasses import replace

import pytest
from sentences import is_sentence

from gateway.model.alert import SchemaKey
from gateway.model.provenance import Origin
from gateway.policy.facts import Condition
from gateway.policy.moment import Moment
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.reach import fault, places, rows_of
from gateway.policy.rule import Effect, Rule
from gateway.schema import registry


def rule(
    effect: Effect, kinds: str, path: str = "**", *, origin: Origin = Origin.ALERT, where: str = "", until: str = ""
) -> Rule:  # fmt: skip
    return Rule(
        "x",
        effect,
        (origin,),
        tuple(map(KindRange.parse, kinds.split("; "))),
        (PathPattern.parse(path),),
        "P25",
        "test",
        "inferred",
        "For a test.",
        where=Condition.parse(where) if where else None,
        end=Moment.parse(until) if until else None,
    )


def test_the_places_of_a_packet() -> None:
    assert {str(path) for path in places(registry.get("lsst/11.1"))} == {
        "diaSource", "diaObject", "ssSource", "mpc_orbits",
        "prvDiaSources", "prvDiaSources[]", "prvDiaForcedSources", "prvDiaForcedSources[]",
    }  # fmt: skip
    assert {str(path) for path in places(registry.get("ztf/3.3"))} == {
        "candidate", "prv_candidates", "prv_candidates[]", "cutoutScience", "cutoutTemplate", "cutoutDifference",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("where", "path", "schema", "found"),
    [
        ("history-age > 0", "**", "lsst/11.1", {"diaSource", "prvDiaSources[]", "prvDiaForcedSources[]"}),
        ("history-age > 0", "prvDiaSources[]", "lsst/3.0", {"prvDiaSources[]"}),
        ("history-age > 0", "prvDiaSources", "lsst/11.1", set()),
        ("extra-rows > 0", "**", "lsst/11.1", {"prvDiaSources", "prvDiaForcedSources"}),
        ("programid = 1", "**", "ztf/4.02", {"candidate", "prv_candidates[]", "fp_hists[]"}),
        ("programid = 1", "**", "lsst/11.1", set()),
        ("withdrawn = 1", "**", "lsst/11.1", {"diaSource", "prvDiaSources[]", "prvDiaForcedSources[]"}),
        ("withdrawn = 1", "**", "lsst/8.0", set()),
        ("trail-rate > 1", "**", "lsst/11.1", {"diaSource", "prvDiaSources[]"}),
    ],
)
def test_where_a_condition_can_be_put(where: str, path: str, schema: str, found: set[str]) -> None:
    rows = rows_of(Condition.parse(where), PathPattern.parse(path), registry.get(schema))
    assert {str(place) for place in rows} == found


@pytest.mark.parametrize(
    "good",
    [
        rule("pass", "lsst"),
        rule("pass", "lsst", "diaSource.programId"),  # versions 3 to 5 have it
        rule("pass", "lsst; table", "DiaSource.whatever"),  # a table may have any column
        rule("pass", "table", "DiaSource.ra", origin=Origin.PPDB),
        rule("pass", "lsst; table", "diaSource.ra", origin=Origin.PPDB),
        rule("pass", "table", "DiaSource.whatever", origin=Origin.DATA_RELEASE),
        rule("redact", "table", "DiaSource.whatever", origin=Origin.PPDB),
        rule("redact", "lsst", "prvDiaSources[]", where="history-age > 3"),
        rule("refuse", "lsst", "diaSource", where="trail-rate > 3"),
        rule("refuse", "lsst", "prvDiaSources", where="extra-rows > 0"),
        rule("redact", "table", where="objects > 10"),
        rule("refuse", "image", until="observed + 80 h"),
    ],
)
def test_a_good_rule(good: Rule) -> None:
    assert fault(good, {}) is None


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        (rule("pass", "lsst", "diaSource"), "path"),
        (rule("pass", "lsst; ztf", "alert.ra"), "path"),
        (rule("pass", "lsst", "DiaSource.ra"), "path"),  # so is a column called
        (rule("pass", "lsst >=99.0"), "kind"),
        (replace(rule("pass", "image"), start=Moment.parse("released + 2 y")), "release"),
        (replace(rule("pass", "image"), start=Moment.parse("released + 2 y"), releases=("dp9",)), "release"),
        (rule("pass", "table", "diaSource.ra", origin=Origin.PPDB), "path"),
        (rule("pass", "lsst; table", "Visit.ra", origin=Origin.PPDB), "path"),
        (rule("redact", "lsst", "prvDiaSources", where="extra-rows > 0"), "where"),
        (rule("redact", "lsst <9.0", "prvDiaSources[]", where="withdrawn = 1"), "where"),
        (rule("redact", "table; lsst", where="objects > 10"), "where"),
    ],
)
def test_a_bad_rule(bad: Rule, key: str) -> None:
    found = fault(bad, {})
    assert found is not None
    assert found[0] == key
    assert is_sentence(found[1])


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_each_released_version_can_be_named(key: SchemaKey) -> None:
    alone = f"{key.family} >={key.major}.{key.minor} <{key.major}.{key.minor + 1}"
    assert fault(rule("pass", alone), {}) is None
