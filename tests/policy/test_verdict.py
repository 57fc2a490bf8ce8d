"""Where a field comes from, which rules lose and why, and when a decision changes. More: test_truth_table.py."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from rules import profile, rule

from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.facts import Condition
from gateway.policy.moment import Moment
from gateway.policy.profile import Profile
from gateway.policy.rule import DEFAULT_DENY, Resource, strictest
from gateway.policy.verdict import UNDECLARED, Explanation, at, changes, explain, passes_unseen

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ALERT, DP1, DP2 = (
    Provenance(Origin.ALERT),
    Provenance(Origin.DATA_RELEASE, "dp1"),
    Provenance(Origin.DATA_RELEASE, "dp2"),
)
RA = Resource("lsst", FieldPath.parse("diaSource.ra"), (11, 1))
RELEASES = {"dp1": date(2025, 6, 30), "dp2": date(2026, 7, 27)}
OF_RELEASES = {"origins": (Origin.DATA_RELEASE,)}


def asked(
    judge: Profile, thing: Resource = RA, origin: Provenance = ALERT, audience: Audience = PUBLIC
) -> Explanation:
    return explain(judge, thing, origin, audience, NOW)


def meet(*members: Profile) -> Profile:
    return replace(profile(), id="meet", members=members)


def test_a_field_is_from_where_it_is_declared_to_be_from() -> None:
    mixed = replace(ALERT, fields=(("diaSource.*", DP1), ("*.ra", DP2), ("diaObject.ra", ALERT)))
    assert at(mixed, FieldPath.parse("ssSource.x")) is mixed
    assert at(mixed, FieldPath.parse("diaSource.dec")).parts() == (DP1,)
    assert at(mixed, FieldPath.parse("diaSource.ra")).parts() == (DP1, DP2)
    assert at(mixed, FieldPath.parse("diaObject.ra")).parts() == (DP2, ALERT)


def test_what_lost_is_told_strictest_first_and_once() -> None:
    rules = [rule("d"), rule("c", "redact"), rule("b", "refuse"), rule("a", "redact", "diaSource.ra")]
    found = asked(profile(*rules))
    assert found.decision.rule == "b"
    assert [loser.rule for loser in found.losers] == ["a", "c", "d"]
    assert found.conditional == ()
    # Of a derived value each input is asked: one passes, the other does not, and what lost in both is told once.
    derived = Provenance(inputs=(ALERT, DP1, ALERT))
    found = asked(
        profile(rule("d"), rule("e", **OF_RELEASES), rule("c", "redact", **OF_RELEASES)), origin=derived
    )
    assert (found.decision.rule, [loser.rule for loser in found.losers]) == ("c", ["d", "e"])


def test_of_a_meet_each_is_asked_and_named() -> None:
    one, other = (
        replace(profile(rule("a")), id="one"),
        replace(profile(rule("b", "redact"), rule("c")), id="other"),
    )
    found = asked(meet(one, other))
    assert found.decision.rule == "other/b"
    assert [loser.rule for loser in found.losers] == ["one/a", "other/c"]
    found = asked(meet(one, replace(profile(), id="none")))
    assert found.decision == replace(DEFAULT_DENY, rule="none/default-deny")
    assert asked(profile()).decision == strictest([]) == DEFAULT_DENY


def test_without_an_origin_nothing_is_asked() -> None:
    assert asked(profile(rule("a")), origin=Provenance()) == Explanation(UNDECLARED)


def test_what_depends_on_the_packet_is_not_decided_here() -> None:
    old = rule("old", "redact", "prvDiaSources[]", where=Condition.parse("history-age > 366"))
    fast = rule("fast", "refuse", "diaSource", where=Condition.parse("trail-rate > 1"))
    judge = profile(rule("all"), old, fast)
    inside = Resource("lsst", FieldPath.parse("prvDiaSources[].ra"), (11, 1))
    assert asked(judge, inside).decision.passes
    assert asked(judge, inside).conditional == (old, fast)
    assert asked(judge).conditional == (fast,)  # a row that is redacted is not around this
    assert asked(judge, replace(RA, kind="ztf", version=(4, 2))).conditional == (fast,)
    assert asked(meet(judge, judge), inside).conditional == (old, fast)
    assert asked(meet(profile(old), profile(fast)), inside).conditional == (old, fast)
    assert asked(profile(rule("all"), replace(fast, kinds=rule("x").kinds[1:]))).conditional == ()


def test_a_condition_on_a_table_is_decided_by_what_is_known_of_it() -> None:
    table = {"kinds": (replace(rule("x").kinds[0], kind="table"),), "origins": (Origin.DDP,)}
    judge = profile(
        rule("all", **table), rule("many", "redact", **table, where=Condition.parse("objects > 1000"))
    )
    for objects, passes in ((1000, True), (1001, False), (None, False)):
        thing = Resource("table", FieldPath(("T", "x")), objects=objects)
        found = asked(judge, thing, Provenance(Origin.DDP))
        assert found.decision.passes is passes
        assert found.conditional == ()


def test_a_rule_lasts_until_its_moment_and_when_that_is_not_known_for_good() -> None:
    held = rule("held", "redact", **OF_RELEASES, end=Moment.parse("released + 1 y"))
    judge = profile(rule("all", **OF_RELEASES), held, releases=RELEASES)
    for origin, passes in ((DP1, True), (DP2, False), (replace(DP1, release="dp9"), False)):
        assert asked(judge, origin=origin).decision.passes is passes


def test_whatever_is_of_a_kind_passes_unseen_only_if_no_part_of_it_could_be_taken_away() -> None:
    def unseen(
        *rules: object, kind: str = "lsst", origin: Provenance = ALERT, audience: Audience = PUBLIC
    ) -> bool:
        return passes_unseen(profile(*rules, releases=RELEASES), kind, origin, audience, NOW)

    everything = rule("all")
    assert unseen(everything)
    assert not unseen()
    assert not unseen(everything, kind="voevent")
    assert not unseen(everything, origin=DP1)
    assert not unseen(everything, origin=Provenance())
    assert not unseen(everything, origin=replace(ALERT, fields=(("x", DP1),)))
    assert not unseen(everything, origin=replace(ALERT, inputs=(DP1,)))
    for paths in (["diaSource.**"], ["*"]):  # not everything
        assert not unseen(rule("some", "pass", *paths))
    for effect in ("redact", "refuse"):
        assert not unseen(everything, rule("no", effect, "diaSource.ra"))
        handled = rule("no", effect, "diaSource.ra", handled=True)
        assert not unseen(everything, handled)
        assert unseen(everything, handled, origin=replace(ALERT, issued=True))
        assert unseen(everything, rule("no", effect, "diaSource.ra", **OF_RELEASES))
        assert unseen(everything, rule("no", effect, "diaSource.ra", kinds=rule("x").kinds[1:]))
    look = rule("look", "quarantine", "diaSource")
    assert not unseen(everything, look)
    assert unseen(everything, look, origin=replace(ALERT, issued=True))
    holders = rule("holders", **OF_RELEASES, rights=True)
    assert unseen(holders, origin=DP1, audience=Audience(frozenset({"dp1"})))
    assert not unseen(holders, origin=DP1)
    both = meet(profile(everything), profile(everything, rule("no", "redact", "diaSource.ra")))
    assert not passes_unseen(both, "lsst", ALERT, PUBLIC, NOW)
    assert passes_unseen(meet(profile(everything), profile(everything)), "lsst", ALERT, PUBLIC, NOW)


def test_the_next_change_is_the_first_that_is_to_come() -> None:
    rules = (
        rule("year", **OF_RELEASES, start=Moment.parse("released + 1 y")),
        rule("three", **OF_RELEASES, start=Moment.parse("released + 3 y")),
        rule("until", "redact", **OF_RELEASES, end=Moment.parse("released + 2 y")),
        rule("other"),
    )
    judge = profile(*rules, releases=RELEASES)
    first, second, third = (datetime(year, 7, 1, tzinfo=UTC) for year in (2026, 2027, 2028))
    instant = timedelta(microseconds=1)
    assert changes(judge, DP1, first - instant) == first
    assert changes(judge, DP1, first) == second
    assert changes(judge, DP1, second) == third
    assert changes(judge, DP1, third) is None
    assert changes(judge, ALERT, first) is None
    assert changes(judge, replace(DP1, release="dp9"), first) is None
    assert changes(judge, Provenance(inputs=(DP2, DP1)), first) == second
    assert changes(meet(profile(), judge), DP1, first) == second
