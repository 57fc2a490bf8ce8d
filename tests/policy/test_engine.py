"""Who sees what: the truth table of packet-only, and what nobody can talk the policy into."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.errors import PolicyError
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import leaves
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy import engine
from gateway.policy.engine import DEFAULT_DENY, NOT_RELEASED, PUBLIC, Policy
from gateway.policy.profile import load
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.registry import released

SECRET = b"s3ntinel"
RELEASED = registry.get("lsst/11.1")
FORGED = parse_schema(
    {
        **cast(Any, RELEASED.json),
        "fields": [*cast(Any, RELEASED.json)["fields"], {"name": "private", "type": "int"}],
    }
)
"""Bears the released name, has one field more."""
FEWER = parse_schema({**cast(Any, RELEASED.json), "fields": cast(Any, RELEASED.json)["fields"][:1]})
"""Bears the released name, has only fields that are public elsewhere."""
EVENT = VOEvent("ivo://example.org/a#b", "test", "2.0", original=b"<VOEvent/>")

# Everything but the two lines of the profile is denied.
TABLE = {
    **{
        (origin, kind): False
        for origin in (*Origin, None)
        for kind in ("released", "forged", "fewer", "voevent")
    },
    (Origin.ALERT, "released"): True,
    (Origin.EXTERNAL, "voevent"): True,
}


def ask(policy: Policy, origin: Origin | None, kind: str) -> Any:
    provenance = Provenance(origin, "dp1", "public", 1)
    if kind == "voevent":
        return policy.release(EVENT, provenance=provenance)
    schema = {"released": RELEASED, "forged": FORGED, "fewer": FEWER}[kind]
    return policy.release(Alert(schema, SECRET, Framing(), provenance))


@pytest.mark.parametrize(("origin", "kind"), TABLE, ids=lambda value: getattr(value, "value", str(value)))
def test_truth_table_of_packet_only(origin: Origin | None, kind: str) -> None:
    policy = Policy("packet-only")
    if TABLE[origin, kind]:
        release = ask(policy, origin, kind)
        assert release.whole
        assert release.withheld == frozenset()
        assert (release.audience, release.profile) == (PUBLIC, "packet-only")
        assert release.profile_sha256 == load("packet-only").sha256
        assert all(decision.passes for _, decision in release.decisions)
        return
    with pytest.raises(PolicyError) as caught:
        ask(policy, origin, kind)
    assert caught.value.code == ("policy-provenance" if origin is None else "policy-withheld")
    assert caught.value.clause == ("P26" if origin is None else "P25")
    assert SECRET.decode() not in f"{caught.value} {caught.value!r}"
    if origin is not None:
        assert "default-deny" in caught.value.message


def test_packet_only_is_the_default() -> None:
    assert Policy().profile == load("packet-only")


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_every_leaf_of_every_released_version_is_decided_once(key: object) -> None:
    schema = registry.get(key)
    release = Policy().release(Alert(schema, b"", provenance=Provenance(Origin.ALERT)))
    assert [path for path, _ in release.decisions] == [path for path, _ in leaves(schema.root)]
    assert {decision.rule for _, decision in release.decisions} == {"alert-packet"}
    assert {decision.clause for _, decision in release.decisions} == {"P01"}


@pytest.mark.parametrize("provenance", [UNDECLARED, None])
def test_nothing_is_guessed(provenance: Provenance | None) -> None:
    policy = Policy()
    with pytest.raises(PolicyError) as caught:
        policy.release(Alert(RELEASED, b""))
    assert caught.value.code == "policy-provenance"
    with pytest.raises(PolicyError) as caught:
        policy.release(EVENT, provenance=cast(Provenance, provenance))
    assert caught.value.code == "policy-provenance"


def test_the_provenance_of_an_alert_is_its_own() -> None:
    alert = Alert(RELEASED, b"", provenance=Provenance(Origin.PPDB))
    with pytest.raises(PolicyError):
        cast(Any, Policy()).release(alert, provenance=Provenance(Origin.ALERT))


def test_a_released_name_is_worth_nothing() -> None:
    assert FORGED.name == FEWER.name == RELEASED.name
    assert released(FORGED).key is released(FEWER).key is None
    with pytest.raises(PolicyError) as caught:
        Policy().release(Alert(FEWER, b"", provenance=Provenance(Origin.ALERT)))
    assert NOT_RELEASED.reason in caught.value.message
    # The same schema, letter for letter, is the released one wherever it was found.
    copy = released(parse_schema({**cast(Any, RELEASED.json), "doc": "copied"}))
    assert Policy().release(Alert(copy, b"", provenance=Provenance(Origin.ALERT))).whole


def test_an_audience_has_no_influence_on_what_is_public() -> None:
    for audience in (PUBLIC, "data-rights", "", "alert"):
        with pytest.raises(PolicyError):
            Policy().release(Alert(RELEASED, b"", provenance=Provenance(Origin.PPDB)), audience)
    release = Policy().release(Alert(RELEASED, b"", provenance=Provenance(Origin.ALERT)), "someone")
    assert release.audience == "someone"


def test_decisions_are_made_once_and_never_mixed_up() -> None:
    policy = Policy()
    alert = Alert(RELEASED, b"", provenance=Provenance(Origin.ALERT))
    first = policy.release(alert)
    assert policy.release(alert).decisions is first.decisions
    for origin in Origin:
        if origin is not Origin.ALERT:
            with pytest.raises(PolicyError):
                policy.release(replace(alert, provenance=Provenance(origin)))
    assert policy.release(alert).decisions is first.decisions


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_CACHED", 4)
    policy = Policy()

    def unreleased(number: int) -> AlertSchema:
        return parse_schema(
            {"type": "record", "name": f"R{number}", "fields": [{"name": "x", "type": "int"}]}
        )

    for number in range(20):
        with pytest.raises(PolicyError):
            policy.release(Alert(unreleased(number), b"", provenance=Provenance(Origin.ALERT)))
        assert len(policy._cache) <= 4
        assert policy.release(Alert(RELEASED, b"", provenance=Provenance(Origin.ALERT))).whole


def test_a_profile_without_rules_denies_everything(tmp_path: Path) -> None:
    file = tmp_path / "none.toml"
    file.write_text('id = "none"\ntitle = "N"\nvalid-from = 2026-01-01\nrule = []\n')
    policy = Policy(load(str(file)))
    for origin in Origin:
        for kind in ("released", "forged", "voevent"):
            with pytest.raises(PolicyError):
                ask(policy, origin, kind)


def test_the_order_of_rules_does_not_matter() -> None:
    profile = load("packet-only")
    turned = Policy(replace(profile, rules=profile.rules[::-1]))
    for (origin, kind), passes in TABLE.items():
        if passes:
            assert ask(turned, origin, kind).whole
        else:
            with pytest.raises(PolicyError):
                ask(turned, origin, kind)


def test_a_decision_explains_itself() -> None:
    policy = Policy()
    passed = policy.decide("released", Provenance(Origin.ALERT))
    assert (passed.effect, passed.rule, passed.clause, passed.passes) == ("pass", "alert-packet", "P01", True)
    assert passed.reason.endswith(".")
    for kind in ("unknown", "", "Released"):
        assert policy.decide(kind, Provenance(Origin.ALERT)) is DEFAULT_DENY
    assert policy.decide("released", UNDECLARED) is DEFAULT_DENY
    assert not DEFAULT_DENY.passes
    assert not NOT_RELEASED.passes
