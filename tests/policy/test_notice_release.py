"""A JSON notice goes on as it is, or not at all."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.errors import PolicyError
from gateway.model.notice import Notice
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.policy.engine import Policy

EXTERNAL = Provenance(Origin.EXTERNAL)
PLAIN: dict[str, Any] = {
    "$schema": "https://gcn.nasa.gov/schema/v4.0.0/gcn/notices/swift/bat/Guano.schema.json",
    "id": ["694215995"],
    "ra": 12.5,
    "ra_dec_error": 0.1,
    "comment": "Follow-up of Fermi 694215970.",
    "data_archive_page": "https://guano.swift.psu.edu/trigger_report?id=694215995",
}


def notice(provenance: Provenance = EXTERNAL, **more: Any) -> Notice:
    value = PLAIN | more
    return Notice(json.dumps(value).encode(), value, "a schema", provenance)


def test_a_plain_one_goes_on_byte_for_byte() -> None:
    given = notice()
    release = Policy().release(given)
    assert release.whole
    assert release.original() == given.data
    assert release.item is given


@pytest.mark.parametrize(
    "more",
    [
        {"url": "https://somebody:secret@example.org/x"},
        {"url": "https://data.lsst.cloud/api/image/1"},
        {"a": {"b": [{"c": "see https://data.lsst.cloud/portal"}]}},
        {"https://data.lsst.cloud/portal": 1},
        {"note": json.dumps({"url": "https://data.lsst.cloud/portal"})},
        {"note": "https%3A%2F%2Fdata.lsst.cloud%2Fportal"},
        {"name": "LSST-DP2-DO-123456789012345678"},
        {"note": "Authorization: Bearer " + base64.urlsafe_b64encode(bytes(range(48))).decode()},
    ],
)
def test_what_may_not_be_seen_holds_all_of_it_back(more: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy().release(notice(**more))
    assert caught.value.code == "policy-withheld"
    for text in ("lsst.cloud", "secret@", "123456789012345678"):
        assert text not in str(caught.value)


def test_undeclared_is_denied() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy().release(notice(UNDECLARED))
    assert caught.value.code == "policy-provenance"


@pytest.mark.parametrize("origin", [one for one in Origin if one not in (Origin.EXTERNAL, Origin.ALERT)])
def test_it_is_judged_as_an_event_of_its_origin(origin: Origin) -> None:
    policy = Policy("strict", clock=lambda: datetime(2026, 11, 25, tzinfo=UTC))
    given = notice(Provenance(origin, "dp1"))
    judge = policy.event_judge(given.provenance)
    if judge.passes_elements:
        assert policy.release(given).whole
    else:
        with pytest.raises(PolicyError):
            policy.release(given)


def test_a_part_that_is_declared_to_come_from_elsewhere_holds_all_of_it_back() -> None:
    fields = (("What.Param", Provenance(Origin.DATA_RELEASE, "dp2")),)
    with pytest.raises(PolicyError):
        Policy().release(notice(Provenance(Origin.EXTERNAL, fields=fields)))
