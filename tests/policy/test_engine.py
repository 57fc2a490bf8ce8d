"""Who sees what of an alert, and what nobody can talk the policy into. Profiles' own tables: test_truth_table.py."""

import gzip
import io
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, cast

import fastavro
import pytest
from alerts import CONFLUENT, KEYS, changed, samples, simulated, withholding
from rules import profile, rule
from sentences import is_sentence
from strategies import zigzag

from gateway.errors import AvroError, PolicyError
from gateway.model.alert import Alert
from gateway.model.audience import PUBLIC, Audience
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.model.voevent import Param, VOEvent
from gateway.policy import engine
from gateway.policy.engine import Policy
from gateway.policy.events.notice import policy_group
from gateway.policy.moment import Moment
from gateway.policy.profile import load
from gateway.policy.release import Release
from gateway.policy.rule import Resource
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.project import values_of
from gateway.schema.registry import released

SECRET = "s3ntinel"
RELEASED = registry.get("lsst/11.1")
JSON = cast(Any, RELEASED.json)
FOUND = simulated()[0]
ISSUED = Provenance(Origin.ALERT, issued=True)
EXTERNAL = Provenance(Origin.EXTERNAL)


def counts(release: Release[Alert]) -> list[Param]:
    """What the Group `policy` of an event made from a release counts besides what is withheld."""
    return [param for param in policy_group(release).params if "." in str(param.name)][1:]


@pytest.mark.parametrize("name", ["rdo013-2025", "packet-only"])
@pytest.mark.parametrize("key", KEYS)
def test_an_issued_packet_passes_as_it_is(key: str, name: str) -> None:
    policy = Policy("ztf-public" if key.startswith("ztf") else name)
    handled = [replace(found, provenance=Provenance(Origin.ALERT)) for found in simulated(key)]
    issued = [replace(found, provenance=ISSUED) for found in simulated(key)]
    if key in samples():  # whose history is later than its trigger, as no real packet's
        issued.append(replace(samples()[key], provenance=ISSUED))
    for found in (*handled, *issued):
        made = policy.release(found)
        assert made.whole
        assert made.original() == found.payload
        assert not made.rules
        assert [path for path, _ in made.decisions] == [path for path, _ in leaves(found.schema.root)]
        assert all(decision.passes for _, decision in made.decisions)


@pytest.mark.parametrize("origin", [one for one in Origin if one is not Origin.ALERT], ids=str)
def test_a_name_is_worth_nothing(origin: Origin) -> None:
    """DP2's DiaSource has none but public names (L02)."""
    secret = replace(changed(FOUND, target_name=SECRET.encode()), provenance=Provenance(origin, "dp2"))
    for name in ("packet-only", "ztf-public"):
        with pytest.raises(PolicyError) as caught:
            Policy(name).release(secret)
        assert caught.value.code == "policy-withheld"
        assert caught.value.clause == "P25"
        assert SECRET not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize("provenance", [UNDECLARED, Provenance(None, "dp1", "public", issued=True)])
def test_what_is_not_declared_is_denied(provenance: Provenance) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy().release(replace(FOUND, provenance=provenance))
    assert (caught.value.code, caught.value.clause) == ("policy-provenance", "P26")
    assert is_sentence(caught.value.message)


def test_of_an_unknown_schema_too_what_is_not_declared_is_denied_as_such() -> None:
    alert = Alert(parse_schema(with_field("lsst.v12_0.alert")), b"", provenance=UNDECLARED)
    with pytest.raises(PolicyError) as caught:
        Policy(profile()).release(alert)
    assert (caught.value.code, caught.value.clause) == ("policy-provenance", "P26")


def test_who_asks_decides() -> None:
    policy = Policy(profile(rule("holders", origins=(Origin.DATA_RELEASE,), rights=True)))
    secret = replace(FOUND, provenance=Provenance(Origin.DATA_RELEASE, "dp2"))
    holder = policy.release(secret, Audience(frozenset({"dp2"})))
    assert holder.whole
    assert holder.audience.rights == {"dp2"}
    with pytest.raises(PolicyError):
        policy.release(secret)


# Leaves


def test_a_withheld_leaf_is_not_in_the_release() -> None:
    secret = changed(FOUND, target_name=SECRET.encode(), diaSource__ra=struct.pack("<d", 123.25))
    made = withholding(["target_name", "diaSource.ra", "prvDiaSources[].*"]).release(secret)
    assert not made.whole
    assert SECRET.encode() not in made.item.payload
    values = values_of(made.item)
    assert values["target_name"] is None
    assert values["diaSource"]["ra"] == 0.0
    assert not values["prvDiaSources"]
    assert values["diaObject"] == values_of(secret)["diaObject"]
    assert made.rules == {"test": len(made.withheld)}
    with pytest.raises(PolicyError) as caught:
        made.original()
    assert caught.value.code == "policy-withheld"
    assert is_sentence(caught.value.message)


@pytest.mark.parametrize("effect", ["refuse", "quarantine"])
def test_a_leaf_that_is_refused_stops_the_alert(effect: str) -> None:
    policy = Policy(profile(rule("all"), rule("not-this", effect, "diaSource.ra")))
    with pytest.raises(PolicyError) as caught:
        policy.release(FOUND)
    assert caught.value.code == ("policy-quarantine" if effect == "quarantine" else "policy-withheld")
    assert "not-this" in caught.value.message


def test_the_strictest_wins_in_any_order() -> None:
    rules = [rule("b-pass"), rule("c", "redact", "diaSource.ra"), rule("a", "redact", "diaSource.*")]
    for order in (rules, rules[::-1], [rules[1], rules[0], rules[2]]):
        made = Policy(profile(*order)).release(FOUND)
        decisions = dict(made.decisions)
        assert decisions[FieldPath.parse("diaSource.ra")].rule == "a"
        assert decisions[FieldPath.parse("diaObject.ra")].rule == "b-pass"
    explained = Policy(profile(*rules)).explain(
        Resource("lsst", FieldPath.parse("diaSource.ra"), (11, 0)), FOUND.provenance
    )
    assert explained.decision.rule == "a"
    assert [loser.rule for loser in explained.losers] == ["c", "b-pass"]


def test_a_field_from_elsewhere_is_judged_by_where_it_is_from() -> None:
    other = Provenance(Origin.DATA_RELEASE, "dp2")
    mixed = Provenance(
        Origin.ALERT, issued=True, fields=(("diaObject.**", other), ("diaSource.psfFlux", other))
    )
    made = Policy().release(replace(FOUND, provenance=mixed))
    tops = {path.top for path in made.withheld}
    assert tops == {"diaObject", "diaSource"}
    assert FieldPath.parse("diaSource.psfFlux") in made.withheld
    assert FieldPath.parse("diaSource.ra") not in made.withheld
    assert values_of(made.item)["diaObject"] is None
    # A holder of the release sees all of it, one of another release nothing more than the public.
    assert Policy().release(replace(FOUND, provenance=mixed), Audience(frozenset({"dp2"}))).whole
    assert (
        Policy().release(replace(FOUND, provenance=mixed), Audience(frozenset({"dp1"}))).withheld
        == made.withheld
    )


def test_a_field_from_elsewhere_is_explained_by_where_it_is_from() -> None:
    mixed = Provenance(Origin.ALERT, fields=(("diaObject.**", Provenance(Origin.DATA_RELEASE, "dp2")),))
    for path, passes in (("diaSource.ra", True), ("diaObject.ra", False)):
        resource = Resource("lsst", FieldPath.parse(path), (11, 1))
        assert Policy().decide(resource, mixed).passes is passes


@pytest.mark.parametrize("audience", [PUBLIC, Audience(frozenset({"dp2"}))])
def test_a_release_says_for_whom_it_is_and_by_which_profile(audience: Audience) -> None:
    policy = Policy("packet-only")
    event = VOEvent("2.0", "ivo://example.org/a#b", "test")
    alert, other = policy.release(FOUND, audience), policy.release(event, audience, provenance=EXTERNAL)
    for made in (alert, other):
        assert made.audience == audience
        assert (made.profile, made.profile_sha256) == ("packet-only", policy.profile.sha256)


def test_a_derived_value_is_as_restricted_as_its_most_restricted_input() -> None:
    alert, secret = Provenance(Origin.ALERT), Provenance(Origin.DATA_RELEASE, "dp2")
    resource = Resource("lsst", FieldPath.parse("diaSource.ra"), (11, 0))
    assert Policy().decide(resource, Provenance(inputs=(alert, alert))).passes
    for inputs in (
        (alert, secret),
        (Provenance(inputs=(secret, alert)),),
        (alert, Provenance(inputs=(secret,))),
    ):
        assert not Policy().decide(resource, Provenance(inputs=inputs)).passes
        assert not Policy().decide(resource, Provenance(Origin.ALERT, inputs=inputs)).passes
    assert not Policy().decide(resource, Provenance(inputs=())).passes


# Rows


def rows(found: Alert, name: str) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], values_of(found)[name])


@pytest.fixture
def history() -> Alert:
    return next(found for found in simulated("lsst/11.0") if rows(found, "prvDiaSources"))


def edited(
    found: Alert, edit: Callable[[dict[str, Any]], None], provenance: Provenance | None = None
) -> Alert:
    values = values_of(found)
    edit(values)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(cast(Any, found.schema.json)), values)
    return replace(found, payload=out.getvalue(), provenance=provenance or found.provenance)


@pytest.mark.parametrize(
    ("days", "stays"), [(-0.001, False), (0.0, False), (0.001, True), (365.9, True), (366.1, False)]
)
def test_a_row_that_cannot_be_from_this_packet_goes(history: Alert, days: float, stays: bool) -> None:
    def move(values: dict[str, Any]) -> None:
        row = values["prvDiaSources"][0]
        row["midpointMjdTai"] = values["diaSource"]["midpointMjdTai"] - days
        row["psfFlux"] = 4242.5

    moved = edited(history, move)
    made = Policy().release(moved)
    kept = [row["psfFlux"] for row in rows(made.item, "prvDiaSources")]
    assert (4242.5 in kept) is stays
    assert made.whole is stays
    assert made.rows == (not stays)
    assert len(kept) == len(rows(moved, "prvDiaSources")) - (not stays)
    # What comes straight from the survey is what the survey issued.
    assert Policy().release(replace(moved, provenance=ISSUED)).whole


def test_more_history_than_the_object_has_is_looked_at_by_somebody(history: Alert) -> None:
    def one_more(values: dict[str, Any]) -> None:
        values["prvDiaSources"].append(values["prvDiaSources"][0])

    with pytest.raises(PolicyError) as caught:
        Policy().release(edited(history, one_more))
    assert (caught.value.code, caught.value.clause) == ("policy-quarantine", "P07")
    fewer = edited(history, lambda values: values["prvDiaSources"].pop())
    assert Policy().release(fewer).whole


@pytest.mark.parametrize(
    ("length", "passes"), [(12.4, True), (12.6, False), (None, True), (float("nan"), False)]
)
@pytest.mark.parametrize("issued", [True, False])
def test_a_fast_streak_is_a_satellite(
    history: Alert, length: float | None, passes: bool, issued: bool
) -> None:
    streak = edited(
        history,
        lambda values: values["diaSource"].update(trailLength=length),
        replace(history.provenance, issued=issued),
    )
    if passes:
        assert Policy().release(streak).whole
        return
    with pytest.raises(PolicyError) as caught:
        Policy().release(streak)
    assert (caught.value.code, caught.value.clause) == ("policy-quarantine", "P21")


def test_rows_of_another_programme_are_not_in_the_release() -> None:
    found = next(f for f in simulated("ztf/4.02") if rows(f, "prv_candidates") and rows(f, "fp_hists"))

    def claim(values: dict[str, Any]) -> None:
        values["prv_candidates"][0].update(programid=2, programpi=SECRET)
        values["fp_hists"][-1].update(programid=3, rcid=4242)

    mixed = edited(found, claim)
    made = Policy().release(mixed)
    assert made.rows == 2
    assert counts(made) == [Param("rows.withheld", "2", data_type="int")]
    assert made.rules == {"ztf-other-programme-rows": 2}
    assert SECRET.encode() not in made.item.payload
    assert {row["programid"] for name in ("prv_candidates", "fp_hists") for row in rows(made.item, name)} == {
        1
    }
    with pytest.raises(PolicyError) as caught:
        Policy().release(edited(found, lambda values: values["candidate"].update(programid=3)))
    assert "ztf-other-programme" in caught.value.message


# Images


@pytest.mark.parametrize("key", ["lsst/11.1", "ztf/4.02"])
def test_what_was_put_beside_an_image_is_left_out(key: str) -> None:
    found = simulated(key, cutouts="real")[0]
    gzipped = key.startswith("ztf")

    def put(values: dict[str, Any]) -> None:
        stamp = values["cutoutTemplate"]["stampData"] if gzipped else values["cutoutTemplate"]
        more = gzip.decompress(stamp) + SECRET.encode() if gzipped else stamp + SECRET.encode()
        values["cutoutTemplate"] = {"fileName": "x", "stampData": gzip.compress(more)} if gzipped else more

    hidden = edited(found, put)
    assert Policy().release(found).whole
    made = Policy().release(hidden)
    assert not made.whole
    assert (made.remade, made.rows) == (1, 0)
    assert list(made.rules.values()) == [1]
    stamps = [values_of(one)["cutoutTemplate"] for one in (made.item, found)]
    contents = [gzip.decompress(one["stampData"]) if gzipped else one for one in stamps]
    assert contents[0] == contents[1]
    # What comes straight from the survey is what the survey issued.
    assert Policy().release(replace(hidden, provenance=ISSUED)).whole


@pytest.mark.parametrize("data", [b"", SECRET.encode(), b"\x89PNG\r\n\x1a\n" + SECRET.encode()])
def test_an_image_that_is_no_stamp_is_looked_at_by_somebody(data: bytes) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy().release(edited(FOUND, lambda values: values.update(cutoutScience=data)))
    assert (caught.value.code, caught.value.clause) == ("policy-quarantine", "P13")
    assert SECRET not in f"{caught.value!r} {caught.value}"


def test_images_rows_and_fields_in_one_packet(history: Alert) -> None:
    def change(values: dict[str, Any]) -> None:
        values["prvDiaSources"][0]["midpointMjdTai"] -= 4000
        values["cutoutScience"] += SECRET.encode()
        values["target_name"] = SECRET

    made = Policy(
        replace(load("rdo013-2025"), rules=(*load("rdo013-2025").rules, rule("t", "redact", "target_name")))
    )
    release = made.release(edited(history, change))
    assert (release.rows, release.remade, set(map(str, release.withheld))) == (1, 1, {"target_name"})
    assert SECRET.encode() not in release.item.payload
    values, before = values_of(release.item), values_of(history)
    assert values["prvDiaSources"] == before["prvDiaSources"][1:]
    assert values["cutoutScience"] == before["cutoutScience"]
    assert values["target_name"] is None


# Schemas that are not released


def with_field(name: str, schema: Any = JSON) -> dict[str, Any]:
    """The released schema with a field more, under its own name and under that of a version to come."""
    more = json.loads(json.dumps(schema))
    more["fields"].append({"name": "secret", "type": "string"})
    more["name"] = name
    return cast(dict[str, Any], more)


@pytest.mark.parametrize("name", ["lsst.v11_1.alert", "lsst.v11_2.alert", "lsst.v11_99.alert"])
def test_a_new_field_stays_behind_and_the_stream_goes_on(name: str) -> None:
    text = json.dumps(JSON)
    schema = parse_schema(with_field(name, json.loads(text)))
    payload = FOUND.payload + zigzag(len(SECRET)) + SECRET.encode()
    alert = Alert(schema, payload, CONFLUENT, FOUND.provenance)
    made = Policy().release(alert)
    assert made.beyond == ("secret",)
    assert counts(made) == [Param("fields.unknown", "1", data_type="int")]
    assert not made.whole
    assert made.item.schema is RELEASED
    assert made.item.payload == FOUND.payload
    assert made.item.framing == CONFLUENT
    assert SECRET not in repr(made)


@pytest.mark.parametrize("name", ["lsst.v12_0.alert", "lsst.alert", "value", "lsst.v11_1.alert2"])
def test_an_unknown_root_or_major_is_refused(name: str) -> None:
    alert = Alert(parse_schema(with_field(name)), FOUND.payload + zigzag(0), provenance=FOUND.provenance)
    with pytest.raises(PolicyError) as caught:
        Policy().release(alert)
    assert (caught.value.code, caught.value.clause) == ("policy-withheld", "P25")


def test_a_released_name_on_something_else_is_refused() -> None:
    fewer = parse_schema({**JSON, "fields": JSON["fields"][:1]})
    assert released(fewer).key is None
    with pytest.raises(PolicyError):
        Policy().release(Alert(fewer, b"\x02", provenance=FOUND.provenance))
    copy = released(parse_schema({**JSON, "doc": "copied"}))
    assert Policy().release(replace(FOUND, schema=copy)).whole


# Time, cache


def test_a_decision_ends_with_its_clock() -> None:
    now = [datetime(2027, 6, 30, 23, 59, tzinfo=UTC)]
    waits = rule("later", origins=(Origin.DATA_RELEASE,), start=Moment.parse("released + 2 y"))
    policy = Policy(profile(waits, releases={"dp1": date(2025, 6, 30)}), clock=lambda: now[0])
    alert = replace(FOUND, provenance=Provenance(Origin.DATA_RELEASE, "dp1"))
    for moment, passes in ((0, False), (59, False), (60, True), (3600, True)):
        now[0] = datetime(2027, 6, 30, 23, 59, tzinfo=UTC) + timedelta(seconds=moment)
        if passes:
            assert policy.release(alert).whole
        else:
            with pytest.raises(PolicyError):
                policy.release(alert)
    with pytest.raises(PolicyError):
        policy.release(replace(alert, provenance=Provenance(Origin.DATA_RELEASE, "dp9")))


def test_decisions_are_made_once_and_never_mixed_up() -> None:
    policy = Policy()
    first = policy.release(FOUND)
    assert policy.release(FOUND).decisions is first.decisions
    for origin in Origin:
        if origin not in (Origin.ALERT, Origin.PPDB):
            with pytest.raises(PolicyError):
                policy.release(replace(FOUND, provenance=Provenance(origin)))
    assert policy.release(FOUND, PUBLIC).decisions is first.decisions
    holder = Audience(frozenset({"dp2"}))
    secret = replace(FOUND, provenance=Provenance(Origin.DATA_RELEASE, "dp2"))
    assert FieldPath.parse("diaSource.ra") not in policy.release(secret, holder).withheld
    for other in (PUBLIC, Audience(frozenset({"dp1"})), Audience(frozenset({"dp20", "dp"}))):
        with pytest.raises(PolicyError):
            policy.release(secret, other)


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_CACHED", 4)
    policy = Policy(profile(rule("all")))
    for ask, kept in (
        (partial(policy.judge, RELEASED), policy._alerts),
        (policy.event_judge, policy._events),
    ):
        sizes = []
        for number in range(9):
            label = Provenance(Origin.ALERT, f"r{number}")
            judge = ask(label, PUBLIC)
            assert ask(label, PUBLIC) is judge  # also when no other has room
            sizes.append(len(kept))
        assert sizes == [1, 2, 3, 4, 1, 2, 3, 4, 1]


def test_who_decides_is_kept_until_its_clock_has_run_out() -> None:
    now = [datetime(2027, 6, 30, tzinfo=UTC)]
    waits = rule("later", origins=(Origin.DATA_RELEASE,), start=Moment.parse("released + 2 y"))
    policy = Policy(profile(waits, releases={"dp1": date(2025, 6, 30)}), clock=lambda: now[0])
    release = Provenance(Origin.DATA_RELEASE, "dp1")
    for judge in (policy.event_judge, partial(policy.judge, RELEASED)):
        now[0] = datetime(2027, 6, 30, tzinfo=UTC)
        first = judge(release, PUBLIC)
        assert judge(release, PUBLIC) is first
        assert judge(EXTERNAL, PUBLIC) is not first
        assert judge(release, PUBLIC) is first
        now[0] = datetime(2027, 7, 1, tzinfo=UTC)
        assert judge(release, PUBLIC) is not first


def test_a_profile_without_rules_denies_everything() -> None:
    for origin in Origin:
        with pytest.raises(PolicyError):
            Policy(profile()).release(replace(FOUND, provenance=Provenance(origin)))


def test_a_damaged_packet_of_which_something_must_go() -> None:
    with pytest.raises(AvroError):
        withholding(["cutoutScience"]).release(replace(FOUND, payload=FOUND.payload[:300]))


@pytest.mark.parametrize(
    ("kind", "provenance", "passes"),
    [
        ("lsst", Provenance(Origin.ALERT, issued=True), True),
        ("lsst", Provenance(Origin.ALERT), False),  # somebody may have put rows or images into it
        ("ztf", Provenance(Origin.ALERT, issued=True), False),
        ("voevent", Provenance(Origin.EXTERNAL), False),  # it may have an address with a credential
        ("voevent", Provenance(Origin.EXTERNAL, issued=True), False),
        ("voevent", Provenance(Origin.ALERT), False),
        ("lsst", Provenance(Origin.DATA_RELEASE, "dp1"), False),
        ("lsst", UNDECLARED, False),
        ("lsst", Provenance(Origin.ALERT, issued=True, fields=(("x", Provenance(Origin.USER)),)), False),
    ],
)
def test_what_passes_unseen(kind: str, provenance: Provenance, passes: bool) -> None:
    assert Policy().passes_unseen(kind, provenance) is passes
