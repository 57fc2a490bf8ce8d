"""gateway.policy.fieldorigin: what a command line says of a field, and what says nothing is refused."""

from dataclasses import replace

import pytest
from alerts import simulated

from gateway.errors import SettingsError
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.fieldorigin import field_origin

DP2 = Provenance(Origin.DATA_RELEASE, "dp2")


@pytest.mark.parametrize(
    ("text", "pattern", "label"),
    [
        ("What.xmatch.**=data-release:dp2", "What.xmatch.**", DP2),
        ("What.xmatch=data-release:dp2", "What.xmatch", DP2),
        ("What.r=m (mag)=user", "What.r=m (mag)", Provenance(Origin.USER)),
        ("Why.Inference=ddp", "Why.Inference", Provenance(Origin.DDP)),
        ("diaSource.ra=ppdb", "diaSource.ra", Provenance(Origin.PPDB)),
        ("prvDiaSources[].*=ppdb", "prvDiaSources[].*", Provenance(Origin.PPDB)),
        ("nearbyObj1=external", "nearbyObj1", None),
        ("diaObject.nearbyObj1=external", "diaObject.nearbyObj1", Provenance(Origin.EXTERNAL)),
        ("diaSource=ppdb", "diaSource", Provenance(Origin.PPDB)),
        ("candidate.magpsf=user", "candidate.magpsf", Provenance(Origin.USER)),
    ],
)
def test_paths_and_origins(text: str, pattern: str, label: Provenance | None) -> None:
    if label is None:
        with pytest.raises(SettingsError):
            field_origin(text)
    else:
        assert field_origin(text) == (pattern, label)


@pytest.mark.parametrize(
    "text",
    ["", "=", "What.x", "=user", "What.x=", "What.x=secret", "What.x=user:", "What.x=:dp1", "What.x=USER",
     "diasource.ra=user", "diaSource.rra=user", "diaSource.ra.x=user", "what.x=user"],
)  # fmt: skip
def test_what_would_protect_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        field_origin(text)
    assert caught.value.code == "settings-value"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("What.x", "is such as What.xmatch.**=data-release:dp2"),
        ("What.x=USER", f"ends with one of {', '.join(one.value for one in Origin)}"),
        ("what.x=user", "begins with a field of a released alert schema or an element of a VOEvent"),
    ],
)
def test_it_is_said_what_is_wrong(text: str, what: str) -> None:
    with pytest.raises(SettingsError) as caught:
        field_origin(text)
    assert caught.value.message == f"The origin of a field {what}."


@pytest.mark.parametrize(
    ("key", "name", "inside"),
    [
        ("lsst/11.1", "cutoutDifference", 1),  # there it is the image itself
        ("ztf/4.02", "cutoutDifference", 2),
        ("ztf/4.02", "prv_candidates[]", 57),
    ],
)
def test_what_is_declared_of_a_record_is_declared_of_all_that_is_in_it(
    key: str, name: str, inside: int
) -> None:
    (found,) = simulated(key, 1)
    where = replace(found.provenance, fields=(field_origin(f"{name}=data-release:dp2"),))
    release = Policy("rdo013-2025").release(replace(found, provenance=where))
    assert len(release.withheld) == inside
    assert {path.top for path in release.withheld} == {name.removesuffix("[]")}
