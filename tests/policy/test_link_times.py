"""Addresses and time: what in a data release leads elsewhere becomes public with it, what is served never does."""

from datetime import UTC, datetime

import pytest

from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.rule import Decision, Resource

BEFORE, AFTER = datetime(2027, 6, 30, 23, 59, 59, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
DP1 = Provenance(Origin.DATA_RELEASE, "dp1")
HOLDER = Audience(frozenset({"dp1"}))


def decided(
    path: str,
    when: datetime,
    provenance: Provenance = DP1,
    audience: Audience = PUBLIC,
    profile: str = "rdo013-2025",
) -> Decision:
    resource = Resource("link", FieldPath(tuple(path.split("."))))
    return Policy(profile, lambda: when).decide(resource, provenance, audience)


@pytest.mark.parametrize("path", ["host.org.example.www", "name"])
def test_an_address_is_public_when_its_release_is(path: str) -> None:
    assert decided(path, BEFORE).rule == "default-deny"
    assert decided(path, AFTER).rule == "release-links-after-two-years"


@pytest.mark.parametrize(
    "path", ["controlled.cloud.lsst.data", "redirect", "other", "secret", "inline", "unsafe"]
)
def test_no_time_makes_the_others_public(path: str) -> None:
    assert not decided(path, datetime(2099, 1, 1, tzinfo=UTC)).passes


def test_who_has_rights_need_not_wait() -> None:
    assert decided("controlled.cloud.lsst.data", BEFORE, audience=HOLDER).passes
    assert decided("controlled.cloud.lsst.data", AFTER, audience=HOLDER).passes


@pytest.mark.parametrize("release", [None, "dp3", "dp0.2"])
def test_a_release_without_a_day_never_gets_there(release: str | None) -> None:
    provenance = Provenance(Origin.DATA_RELEASE, release)
    assert not decided("host.org.example", datetime(2099, 1, 1, tzinfo=UTC), provenance).passes


@pytest.mark.parametrize("profile", ["strict", "seed-2018", "ldm612-2019", "packet-only"])
def test_where_nothing_becomes_public_neither_do_addresses(profile: str) -> None:
    assert not decided("host.org.example", datetime(2099, 1, 1, tzinfo=UTC), profile=profile).passes


def test_an_embargo_is_about_pixels_and_not_about_where_they_are() -> None:
    """The service behind the address keeps it (P02, P20); and the public sees no such address at all."""
    pixels = Provenance(Origin.PIXELS, "dp1")
    assert not decided("controlled.cloud.lsst.data", AFTER, pixels).passes
    assert not decided("host.org.example", AFTER, pixels).passes
    assert decided("controlled.cloud.lsst.data", AFTER, pixels, HOLDER).passes
