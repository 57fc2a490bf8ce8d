"""Which rows of a packet the conditions of rules hold of, and the numbers that they look at."""

import json
import struct

import pytest
from alerts import changed, long, simulated
from rules import rule
from sentences import is_sentence

from gateway.errors import SchemaError
from gateway.model.alert import Alert
from gateway.model.avrotype import Array, Primitive
from gateway.policy.alerts.conditions import Conditions, Held, taker
from gateway.policy.facts import Condition
from gateway.policy.rule import Rule
from gateway.schema.parse import parse_schema
from gateway.schema.project import project, values_of

MATURE, NEW = simulated("lsst/11.1")[0], simulated("lsst/11.1")[1]  # the second has no history
ROWS = values_of(MATURE)["prvDiaSources"]
NIGHT = values_of(MATURE)["diaSource"]["midpointMjdTai"]


def asking(where: str, *paths: str) -> Rule:
    return rule(f"{where} {paths}", "refuse", *paths, where=Condition.parse(where))


def held(alert: Alert, *rules: Rule) -> list[tuple[str, tuple[int, ...] | None]]:
    found = Conditions(alert.schema, rules)(alert.payload)
    assert {one.rule for one in found} <= set(rules)
    return [(one.field, one.rows) for one in found]


def ages(days: float) -> tuple[int, ...]:
    return tuple(i for i, row in enumerate(ROWS) if NIGHT - row["midpointMjdTai"] > days)


def test_rows_are_told_by_their_numbers() -> None:
    limit = sorted(NIGHT - row["midpointMjdTai"] for row in ROWS)[len(ROWS) // 2]
    some = ages(round(limit, 3))
    assert 0 < len(some) < len(ROWS)
    assert held(MATURE, asking(f"history-age > {limit:.3f}", "prvDiaSources[]")) == [("prvDiaSources", some)]
    assert held(MATURE, asking("history-age > 99999", "prvDiaSources[]")) == []


def test_a_record_holds_as_a_whole() -> None:
    streak = changed(MATURE, diaSource__trailLength=struct.pack("<f", 15.0))
    fast = asking("trail-rate > 0.4", "diaSource")
    assert held(streak, fast) == [("diaSource", None)]
    assert held(changed(MATURE, diaSource__trailLength=None), fast) == []


def test_an_array_holds_by_how_many_rows_it_has() -> None:
    stated = values_of(MATURE)["diaObject"]["nDiaSources"]
    extra = len(ROWS) + 1 - stated
    assert held(MATURE, asking(f"extra-rows = {extra}", "prvDiaSources")) == [("prvDiaSources", None)]
    assert held(MATURE, asking(f"extra-rows != {extra}", "prvDiaSources")) == []
    # One row more than the object says; and with rows that are looked at too, not only counted.
    fewer = changed(MATURE, diaObject__nDiaSources=long(len(ROWS)))
    both = asking("extra-rows = 1", "prvDiaSources"), asking("history-age >= 0", "prvDiaSources[]")
    everyone = tuple(range(len(ROWS)))
    assert held(fewer, *both) == [("prvDiaSources", None), ("prvDiaSources", everyone)]


def test_what_is_not_there_holds_of_nothing() -> None:
    for path in ("prvDiaSources", "prvDiaSources[]"):
        where = "extra-rows >= -9999" if path == "prvDiaSources" else "history-age > -99999"
        assert held(MATURE, asking(where, path))
        assert held(NEW, asking(where, path)) == []


def test_an_object_that_is_not_there_says_nothing_about_its_rows() -> None:
    # A solar-system alert: nothing to compare with, so there are no rows too many.
    assert held(changed(MATURE, diaObject=None), asking("extra-rows = 0", "prvDiaSources"))


@pytest.mark.parametrize("key", ["lsst/11.1", "ztf/4.02"])
def test_a_place_that_two_patterns_name_is_looked_at_once(key: str) -> None:
    where, place = (
        ("withdrawn = 0", "diaSource") if key.startswith("lsst") else ("programid = 1", "candidate")
    )
    found = held(simulated(key)[0], asking(where, "*", place))
    assert found.count((place, None)) == 1


def test_a_schema_without_objects_says_nothing_about_their_rows() -> None:
    bare = json.loads(json.dumps(MATURE.schema.json))
    bare["fields"] = [field for field in bare["fields"] if field["name"] != "diaObject"]
    schema = parse_schema(bare)
    assert [field.name for field in schema.root.fields].count("diaObject") == 0
    assert held(project(MATURE, schema)[0], asking("extra-rows = 0", "prvDiaSources"))


def test_rules_that_can_be_put_nowhere_hold_of_nothing() -> None:
    assert held(MATURE, asking("programid != 4", "**")) == []
    assert held(MATURE) == []


# Numbers


@pytest.mark.parametrize(
    ("name", "raw", "number"),
    [
        ("boolean", b"\x01", 1),
        ("boolean", b"\x00", 0),
        ("int", long(-3), -3),
        ("long", long(2**40), 2**40),
        ("float", struct.pack("<f", 0.5), 0.5),
        ("double", struct.pack("<d", 0.1), 0.1),
        ("double", None, None),
    ],
)
def test_a_number_is_taken_from_its_place(name: str, raw: bytes | None, number: float | None) -> None:
    take = taker(1, Primitive(name))
    assert take([b"?", raw, b"?"]) == number
    assert take(None) is None  # a record that is not there
    assert take(()) is None


@pytest.mark.parametrize("type_", [Primitive("string"), Primitive("bytes"), Array(Primitive("double"))])
def test_what_is_no_number_cannot_be_asked_for(type_: Primitive | Array) -> None:
    with pytest.raises(SchemaError) as caught:
        taker(0, type_)
    assert caught.value.code == "schema-invalid"
    assert is_sentence(caught.value.message)


def test_what_holds_is_of_a_field_unless_rows_are_said() -> None:
    one = asking("withdrawn = 1", "diaSource")
    assert Held(one, "diaSource") == Held(one, "diaSource", None)
