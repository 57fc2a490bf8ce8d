import ast
import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any, cast

import pytest
from sentences import is_sentence

from gateway.codecs.voevent import decode, encode
from gateway.errors import PolicyError
from gateway.model.alert import Alert
from gateway.model.audience import PUBLIC
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.engine import Policy
from gateway.policy.release import Release, Seal, require_release
from gateway.policy.rule import Decision
from gateway.schema import registry

GATEWAY = Path(__file__).parents[2] / "gateway"
SECRET = b"s3ntinel"
ALERT = Alert(registry.get("lsst/11.1"), SECRET, provenance=Provenance(Origin.ALERT, issued=True))
DOCUMENT = encode(VOEvent("2.0", "ivo://example.org/a#b", "test", description=SECRET.decode()))
EVENT = decode(DOCUMENT)


@pytest.fixture
def release() -> Release[VOEvent]:
    return Policy().release(EVENT, provenance=Provenance(Origin.EXTERNAL))


def test_only_the_engine_makes_one() -> None:
    makers = {
        file.relative_to(GATEWAY).as_posix()
        for file in GATEWAY.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split("[")[0].split(".")[-1] in ("Release", "Seal")
    }
    assert makers == {"policy/engine.py"}


@pytest.mark.parametrize("seal", [None, object(), Seal, "seal", type("Seal", (Seal,), {})()])
def test_nobody_else_can_make_one(seal: object) -> None:
    with pytest.raises(PolicyError) as caught:
        Release(ALERT, PUBLIC, "p", "0", seal=cast(Any, seal))
    assert caught.value.code == "policy-unreleased"
    assert is_sentence(caught.value.message)
    assert SECRET.decode() not in f"{caught.value!r} {caught.value}"


def test_a_changed_copy_cannot_be_made(release: Release[VOEvent]) -> None:
    with pytest.raises((PolicyError, ValueError)):
        dataclasses.replace(release, withheld=frozenset())
    with pytest.raises(dataclasses.FrozenInstanceError):
        cast(Any, release).withheld = frozenset()


def test_it_is_neither_stored_nor_printed(release: Release[VOEvent]) -> None:
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(PolicyError) as caught:
            store(release)
        assert caught.value.code == "policy-unreleased"
        assert is_sentence(caught.value.message)
    assert SECRET.decode() not in f"{release!r} {release}"


def test_a_whole_release_gives_the_original(release: Release[VOEvent]) -> None:
    assert release.whole
    assert release.original() == DOCUMENT


def test_an_event_that_was_not_read_has_no_original() -> None:
    made = Policy().release(VOEvent("2.0", "ivo://a/b#c", "test"), provenance=Provenance(Origin.EXTERNAL))
    with pytest.raises(PolicyError) as caught:
        made.original()
    assert caught.value.code == "policy-withheld"
    assert is_sentence(caught.value.message)


@pytest.mark.parametrize("value", [ALERT, EVENT, None, "released", Release])
def test_who_writes_asks_for_a_release(value: object, release: Release[VOEvent]) -> None:
    require_release(release)
    with pytest.raises(PolicyError) as caught:
        require_release(value)
    assert caught.value.code == "policy-unreleased"
    assert is_sentence(caught.value.message)


def test_only_pass_passes() -> None:
    assert Decision("pass", "r", "P01", "R.").passes
    for effect in ("redact", "refuse", "quarantine", "", "Pass", "passed"):
        assert not Decision(cast(Any, effect), "r", "P01", "R.").passes
