"""What is decided about the fields of an alert, and what of a packet is left. Real profiles are in test_engine.py."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from alerts import changed, simulated
from rules import profile, rule
from sentences import is_sentence

from gateway.errors import PolicyError
from gateway.model.alert import Alert
from gateway.model.audience import PUBLIC, Audience
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.policy.alerts.judge import AlertJudge, Left, refuse
from gateway.policy.facts import Condition
from gateway.policy.moment import Moment
from gateway.policy.rule import Decision, Rule
from gateway.policy.verdict import UNDECLARED as UNDECLARED_DECISION
from gateway.schema.project import values_of

ALERT, DP1 = Provenance(Origin.ALERT), Provenance(Origin.DATA_RELEASE, "dp1")
FOUND = simulated()[0]
HOLDER = Audience(frozenset({"dp1"}))
NOW = datetime(2026, 11, 24, tzinfo=UTC)
RELEASES = {"dp1": date(2025, 6, 30), "dp2": date(2026, 7, 27)}
ALL = rule("all")
TO_HOLDERS = rule("holders", origins=(Origin.DATA_RELEASE,), rights=True)
IMAGES = {"cutoutDifference", "cutoutScience", "cutoutTemplate"}
ROWS = values_of(FOUND)["prvDiaSources"]


def judge(
    *rules: Rule,
    provenance: Provenance = ALERT,
    audience: Audience = PUBLIC,
    alert: Alert = FOUND,
    moment: datetime = NOW,
) -> AlertJudge:
    return AlertJudge(profile(*rules, releases=RELEASES), alert.schema, provenance, audience, moment)


def asking(where: str, effect: Any, path: str) -> Rule:
    return rule(where, effect, path, where=Condition.parse(where))


def withheld(found: AlertJudge) -> set[str]:
    return set(map(str, found.withheld))


def left(found: AlertJudge, alert: Alert = FOUND) -> tuple[Left, dict[str, Any]]:
    made = found(alert.payload)
    assert made is not None
    return made, values_of(replace(alert, payload=made.payload))


def refused(found: AlertJudge, alert: Alert = FOUND) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        found(alert.payload)
    assert is_sentence(caught.value.message)
    return caught.value


def test_who_asks_decides() -> None:
    assert refused(judge(TO_HOLDERS, provenance=DP1)).code == "policy-withheld"
    assert judge(TO_HOLDERS, provenance=DP1, audience=HOLDER)(FOUND.payload) is None


def test_where_a_field_is_from_decides_about_it() -> None:
    mixed = replace(ALERT, fields=(("diaSource.ra", DP1),))
    assert withheld(judge(ALL, TO_HOLDERS, provenance=mixed)) >= {"diaSource.ra"}
    assert "diaSource.dec" not in withheld(judge(ALL, TO_HOLDERS, provenance=mixed))
    assert not withheld(judge(ALL, TO_HOLDERS, provenance=mixed, audience=HOLDER))


def test_what_nothing_is_taken_from_stays_the_same() -> None:
    found = judge(ALL, asking("history-age > 99999", "redact", "prvDiaSources[]"))
    assert found(FOUND.payload) is None
    assert found.held(FOUND.payload) == []


def test_a_field_is_made_blank_and_counted_once_for_each_rule() -> None:
    made, values = left(
        judge(ALL, rule("name", "redact", "target_name"), rule("time", "redact", "timeProcessedMjdTai"))
    )
    assert (made.rows, made.remade) == (0, 0)
    assert values["target_name"] is None
    assert values["diaSource"] == values_of(FOUND)["diaSource"]
    assert made.rules["name"] == 1


def test_rows_are_taken_away_by_any_rule_and_counted_for_each() -> None:
    time = values_of(FOUND)["diaSource"]["midpointMjdTai"]
    ages = [time - row["midpointMjdTai"] for row in ROWS]
    old = sum(age > sorted(ages)[-3] - 1e-6 for age in ages)
    rules = (
        asking(f"history-age > {sorted(ages)[-3] - 1e-3:.4f}", "redact", "prvDiaSources[]"),
        asking(f"history-age > {sorted(ages)[-2] - 1e-3:.4f}", "redact", "prvDiaSources[]"),
    )
    found = judge(ALL, *rules)
    made, values = left(found)
    assert old >= 3
    assert made.rows == old
    assert len(values["prvDiaSources"]) == len(ROWS) - old
    assert max(time - row["midpointMjdTai"] for row in values["prvDiaSources"]) < sorted(ages)[-3]
    assert made.rules[rules[0].id] == old > made.rules[rules[1].id] > 0
    assert [one.rule for one in found.held(FOUND.payload)] == list(rules)
    again = found(FOUND.payload)  # counts begin anew with each packet
    assert again is not None
    assert again.rules == made.rules


def test_rows_of_two_arrays_by_one_rule() -> None:
    names = ("prvDiaSources", "prvDiaForcedSources")
    both = rule("both", "redact", *(f"{name}[]" for name in names), where=Condition.parse("withdrawn = 0"))
    made, values = left(judge(ALL, both))
    rows = sum(len(values_of(FOUND)[name]) for name in names)
    assert values["prvDiaSources"] == values["prvDiaForcedSources"] == []
    assert made.rows == rows
    assert made.rules == {"both": rows}


def test_rows_and_fields_at_once() -> None:
    made, values = left(
        judge(
            ALL, asking("withdrawn = 0", "redact", "prvDiaSources[]"), rule("name", "redact", "target_name")
        )
    )
    assert (values["prvDiaSources"], values["target_name"]) == ([], None)
    assert made.rules == {"name": 1, "withdrawn = 0": len(ROWS)}


@pytest.mark.parametrize(
    ("effect", "code"), [("refuse", "policy-withheld"), ("quarantine", "policy-quarantine")]
)
def test_what_is_refused_stops_all(effect: str, code: str) -> None:
    for found in (
        judge(ALL, rule("no", effect, "target_name")),
        judge(ALL, asking("trail-rate >= 0", effect, "diaSource")),
        judge(ALL, rule("name", "redact", "target_name"), rule("no", effect, "diaSource.ra")),
        judge(
            ALL,
            asking("withdrawn = 0", "redact", "prvDiaSources[]"),
            asking("trail-rate >= 0", effect, "diaSource"),
        ),
    ):
        assert refused(found).code == code


def test_when_nothing_passes_nothing_goes_on() -> None:
    for rules in ([], [rule("one", "redact")]):
        assert refused(judge(*rules)).code == "policy-withheld"
    first = rule("only", "pass", "target_name")
    assert left(judge(first))[1]["diaSource"]["ra"] == 0.0


@pytest.mark.parametrize(
    ("key", "path", "hides"),
    [
        ("lsst/11.1", "diaSource.ra", True),
        ("lsst/11.1", "diaSource.dec", True),
        ("lsst/3.0", "diaSource.decl", True),
        ("ztf/4.02", "candidate.ra", True),
        ("ztf/4.02", "candidate.dec", True),
        ("lsst/11.1", "diaSource.psfFlux", False),
        ("lsst/11.1", "diaObject.ra", False),
    ],
)
def test_an_image_is_as_restricted_as_the_position_of_the_trigger(key: str, path: str, hides: bool) -> None:
    alert = simulated(key)[0]
    there = IMAGES.intersection(values_of(alert))
    found = withheld(judge(ALL, rule("a", "redact", path), alert=alert))
    images = {one for one in found if one.startswith("cutout")}
    assert found - images == {path}
    assert {one.partition(".")[0] for one in images} == (there if hides else set())


def test_an_image_may_be_more_restricted_than_the_position() -> None:
    found = judge(ALL, rule("z", "redact", "diaSource.ra"), rule("a", "refuse", "cutoutScience"))
    rules = {str(path): decision.rule for path, decision in found.decisions}
    assert (rules["cutoutScience"], rules["cutoutTemplate"]) == ("a", "z")


def test_images_are_looked_at_and_made_again() -> None:
    found = simulated("lsst/11.1", cutouts="real")[0]
    beside = changed(found, cutoutScience=values_of(found)["cutoutScience"] + b"s3ntinel")
    made, values = left(judge(ALL, asking("stamp = 1", "redact", "cutoutScience")), beside)
    assert (made.remade, made.rows, made.rules) == (1, 0, {"stamp = 1": 1})
    assert values["cutoutScience"] == values_of(found)["cutoutScience"]
    refusing = judge(ALL, asking("stamp = 1", "quarantine", "cutoutScience"))
    assert refusing(found.payload) is None
    assert refused(refusing, beside).code == "policy-quarantine"


def test_a_judge_is_in_office_until_the_next_clock_runs_out() -> None:
    year, two = (
        rule(unit, origins=(Origin.DATA_RELEASE,), start=Moment.parse(f"released + {unit}"))
        for unit in ("1 y", "2 y")
    )
    before, between = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    assert judge(ALL, year, two).until is None
    assert judge(ALL, year, two, provenance=DP1, moment=before).until == datetime(2026, 7, 1, tzinfo=UTC)
    assert judge(ALL, year, two, provenance=DP1, moment=between).until == datetime(2027, 7, 1, tzinfo=UTC)
    assert judge(year, provenance=DP1, moment=between).until is None
    mixed = replace(ALERT, fields=(("diaObject.**", replace(DP1, release="dp2")), ("diaSource.ra", DP1)))
    assert judge(ALL, two, provenance=mixed).until == datetime(2027, 7, 1, tzinfo=UTC)


def test_what_a_refusal_says() -> None:
    for effect, code in (
        ("refuse", "policy-withheld"),
        ("redact", "policy-withheld"),
        ("quarantine", "policy-quarantine"),
    ):
        with pytest.raises(PolicyError) as caught:
            refuse(Decision(cast(Any, effect), "the-rule", "P21", "Because of that."))
        assert (caught.value.code, caught.value.clause) == (code, "P21")
        assert caught.value.message == "Refused by rule the-rule: Because of that."
    for name in ("default-deny", "seed-2018/default-deny"):
        with pytest.raises(PolicyError) as caught:
            refuse(replace(UNDECLARED_DECISION, rule=name))
        assert (caught.value.code, caught.value.clause) == ("policy-provenance", "P26")
        assert is_sentence(caught.value.message)
    # A derived value that is withheld for its inputs was declared; so is what no rule passes.
    for rule_, clause in (("another", "P26"), ("default-deny", "P25")):
        with pytest.raises(PolicyError) as caught:
            refuse(Decision("redact", rule_, clause, "Because of that."))
        assert (caught.value.code, caught.value.clause) == ("policy-withheld", clause)


def test_what_is_not_declared_is_refused_as_such() -> None:
    assert refused(judge(ALL, provenance=UNDECLARED)).code == "policy-provenance"
