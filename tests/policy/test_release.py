import ast
import dataclasses
from pathlib import Path

import pytest

from gateway.errors import PolicyError
from gateway.model.alert import Alert
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.release import Decision, Release
from gateway.schema import registry

GATEWAY = Path(__file__).parents[2] / "gateway"
SECRET = b"s3ntinel"
ALERT = Alert(registry.get("lsst/11.1"), SECRET, provenance=Provenance(Origin.ALERT))


def test_only_the_engine_makes_one() -> None:
    makers = {
        file.relative_to(GATEWAY).as_posix()
        for file in GATEWAY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split("[")[0].split(".")[-1] == "Release"
    }
    assert makers == {"policy/engine.py"}


def test_a_whole_release_gives_the_original() -> None:
    release = Release(ALERT, "public", "p", "0")
    assert release.whole
    assert release.original() is ALERT.payload
    event = VOEvent("ivo://a/b#c", "test", "2.0", original=b"<x/>")
    assert Release(event, "public", "p", "0").original() == b"<x/>"


def test_a_release_with_a_leaf_withheld_does_not_give_the_original() -> None:
    release = Release(ALERT, "public", "p", "0", frozenset({FieldPath.parse("diaSource.ra")}))
    assert not release.whole
    with pytest.raises(PolicyError) as caught:
        release.original()
    assert caught.value.code == "policy-withheld"
    assert SECRET.decode() not in str(caught.value)


def test_an_event_that_was_not_read_has_no_original() -> None:
    with pytest.raises(PolicyError):
        Release(VOEvent("ivo://a/b#c", "test", "2.0"), "public", "p", "0").original()


def test_a_release_cannot_be_widened_and_is_not_printed() -> None:
    release = Release(ALERT, "public", "p", "0", frozenset({FieldPath.parse("diaSource.ra")}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        release.withheld = frozenset()  # type: ignore[misc]
    assert SECRET.decode() not in repr(release)
    assert "item" not in repr(release)


def test_only_pass_passes() -> None:
    assert Decision("pass", "r", "P01", "R.").passes
    for effect in ("deny", "", "Pass", "passed"):
        assert not Decision(effect, "r", "P01", "R.").passes
