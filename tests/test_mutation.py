"""What `make mutation` makes of what mutmut found, and which tests a mutant gets. mutmut itself is not run."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from mutation import __main__ as mutation
from mutation import plugin

RULE = Path("gateway/policy/rule.py")


@pytest.fixture
def found(tmp_path, monkeypatch):
    """Says which exit status each mutant of the rules had."""
    monkeypatch.chdir(tmp_path)
    for file in (RULE, mutation.MUTANTS / RULE):
        file.parent.mkdir(parents=True)
        file.touch()
    os.utime(RULE, (0, 0))  # the mutants were made later

    def write(*codes):
        table = {f"gateway.policy.rule.x_{number}": code for number, code in enumerate(codes)}
        (mutation.MUTANTS / f"{RULE}.meta").write_text(json.dumps({"exit_code_by_key": table}))

    return write


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (("rule",), ["rule.py"]),
        (("alerts.judge", "moment"), ["alerts/judge.py", "moment.py"]),
        (("alerts",), ["alerts/conditions.py", "alerts/judge.py", "alerts/stamps.py"]),
        (("nothing",), []),
    ],
)
def test_modules_are_named_as_they_are_imported(names, files):
    assert list(mutation.named(names)) == [mutation.SOURCES / file for file in files]


def test_no_name_is_all_that_has_code():
    files = list(mutation.named(()))
    assert len(files) > 30
    assert not [file for file in files if file.name == "__init__.py"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1, "killed"),
        (2, "killed"),
        (-24, "timeout"),
        (0, "survived"),
        (33, "no test"),
        (3, "not run"),
        (None, "not run"),
    ],
)
def test_what_an_exit_status_says(code, outcome):
    assert mutation.outcome(code) == outcome


def test_what_is_decided_is_not_run_again(found):
    found(1, 0, None)
    assert list(mutation.wanted([RULE], again=False)) == ["gateway.policy.rule.x_2"]
    assert list(mutation.wanted([RULE], again=True)) == ["gateway.policy.rule.x_1"]


def test_a_module_that_changed_is_run_from_the_start(found):
    found(1, 0, None)
    (mutation.MUTANTS / RULE).unlink()
    RULE.rename(mutation.MUTANTS / RULE)  # the older of the two
    RULE.write_text("# changed")
    assert list(mutation.wanted([RULE], again=False)) == ["gateway.policy.rule.x*"]
    assert list(mutation.wanted([RULE], again=True)) == ["gateway.policy.rule.x_1"]


@pytest.mark.parametrize(("killed", "enough"), [(9, True), (8, False)])
def test_nine_in_ten_are_enough(killed, enough, found):
    found(*([1] * (killed - 1)), -24, *([0] * (10 - killed)), None)
    result = CliRunner().invoke(mutation.main, ["--report"])
    assert (result.exit_code == 0) is enough
    assert f"| rule.py | 11 | {killed - 1} | 1 | {10 - killed} | 0 | 1 | {killed}0.0 |" in result.output
    assert "survived: gateway.policy.rule.x_9" in result.output


def test_what_noticed_comes_first_then_the_quick_and_near_and_the_slow_ones_not_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seconds = {"a::slow": plugin.BUDGET, "b::far": 0.02, "a::near": 0.02, "a::fourth": 0.5, "b::first": 0.7}
    reach = {"rule": list(seconds), "verdict": ["b::far", "b::first", "a::slow"]}
    found = {"duration_by_test": seconds, "tests_by_mangled_function_name": reach}
    plugin.STATISTICS.write_text(json.dumps(found))
    plugin.costs.cache_clear()
    tests = plugin.chosen(list(seconds), {"b::first"}, plugin.BUDGET)
    assert tests == ["b::first", "a::near", "b::far", "a::fourth"]
    assert plugin.chosen(["a::slow"], set(), 1.0) == ["a::slow"]
