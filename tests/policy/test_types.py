"""Forgetting the policy is a build error: `mypy --strict` refuses an alert or an event where a release is asked for."""

import re
from pathlib import Path

import pytest

api = pytest.importorskip("mypy.api", reason="mypy is not here: pip install '.[dev]'")

ROOT = Path(__file__).resolve().parents[2]

WRONG = """
from gateway.conversion import Converter
from gateway.filters.xpath import EventTree, Filter, FilterSet
from gateway.mapping import reference
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.mapping.trigger import local_of
from gateway.model.alert import Alert
from gateway.model.provenance import Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.engine import Policy
from gateway.policy.events.notice import policy_group
from gateway.policy.proof.record import Proof
from gateway.policy.release import Release


def wrong(alert: Alert, event: VOEvent, of_event: Release[VOEvent]) -> None:
    Minter().mint(alert)  # refused
    Minter().mint(of_event)  # refused
    reference.mint(alert, Settings())  # refused
    local_of(alert, Settings())  # refused
    policy_group(alert)  # refused
    Proof.of(alert, id="", format="", data=b"")  # refused
    Policy().release(event)  # refused
    Policy().release(alert, "public")  # refused
    Release(alert)  # refused
    Converter().convert(of_event)  # refused
    EventTree(event)  # refused
    EventTree(Policy().release(alert))  # refused
    Filter("//Param").verdict(event)  # refused
    FilterSet().accepts(of_event)  # refused


def right(alert: Alert, event: VOEvent, of_event: Release[VOEvent], provenance: Provenance) -> None:
    release = Policy().release(alert)
    Minter().mint(release)
    reference.mint(release, Settings())
    policy_group(Policy().release(event, provenance=provenance))
    FilterSet().accepts(EventTree(of_event))
"""


def test_what_is_not_released_is_refused_by_the_type_checker(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(WRONG)
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(ROOT / ".mypy_cache")]
    out, err, _ = api.run([*settings, str(file)])
    assert not err
    found = {int(number) for number in re.findall(r"wrong\.py:(\d+): error", out)}
    expected = {n for n, line in enumerate(WRONG.splitlines(), 1) if line.endswith("# refused")}
    assert found == expected, out
