"""`gateway demo` from the outside: it does the main job, and says so when it fails."""

import json

import pytest
from alerts import KEYS, NEWEST, changed, simulated
from cli_runs import assert_clean, invoke, message, packed


def run(*arguments):
    return invoke("demo", *arguments)


@pytest.mark.parametrize("key", KEYS)
def test_a_simulated_visit(key):
    result = run("-n", "2", "--schema", key, "--json")
    assert result.exit_code == 0, result.output
    steps = [json.loads(line) for line in result.stdout.splitlines()]
    assert [step["items"] for step in steps] == [2] * len(steps)
    assert [step["good"] for step in steps if step["good"] is not None] == [True] * 4
    assert "2 of 2" in steps[-1]["note"]
    assert key in steps[0]["note"]


def test_people_see_a_table():
    result = run("-n", "3", "--seed", "5")
    assert result.exit_code == 0
    assert "failed" not in result.stdout
    assert result.stdout.count("ok") >= 4


def test_files(tmp_path):
    (tmp_path / "a.avro").write_bytes(packed(simulated(NEWEST, 2, "none")))
    (tmp_path / "b.msg").write_bytes(message(simulated(NEWEST, 1, "none")[0]))
    result = run(tmp_path, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout.splitlines()[-1])["items"] == 3


def test_files_without_alerts(tmp_path):
    (tmp_path / "bad").write_bytes(b"SENTINEL")
    result = run(tmp_path / "bad")
    assert result.exit_code in (1, 2)
    assert "input-unknown" in result.stderr
    assert_clean(result)


def test_an_alert_that_is_not_exact_still_comes_back(tmp_path):
    found = changed(simulated()[0], diaSource__psfFlux=b"\1\0\xc0\x7f")
    (tmp_path / "odd.msg").write_bytes(message(found))
    result = run(tmp_path / "odd.msg", "--json")
    assert result.exit_code == 0


def test_a_damaged_alert_is_a_sentence(tmp_path):
    (tmp_path / "cut.msg").write_bytes(message(simulated()[0])[:500])
    result = run(tmp_path / "cut.msg")
    assert result.exit_code in (1, 2)
    assert "avro-truncated" in result.stderr
    assert_clean(result)


def test_wrong_options():
    assert run("-n", "0").exit_code == 2
    result = run("--schema", "lsst/1.0")
    assert result.exit_code == 2
    assert "schema-unknown" in result.stderr
    assert_clean(result)
    result = run("--seed", "-1", "-n", "1")
    assert result.exit_code in (0, 2)
    assert_clean(result)
