"""`gateway demo` from the outside: it does the main job, and says so when it fails."""

import json

import pytest
from alerts import KEYS, NEWEST, changed, simulated
from cli_runs import assert_clean, invoke, message, packed

EVENT = b'<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="test" ivorn="ivo://a.b/c?1"/>'


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


def test_what_is_no_alert_is_in_the_table(tmp_path):
    (tmp_path / "a.avro").write_bytes(packed(simulated(NEWEST, 2, "none")))
    (tmp_path / "b.xml").write_bytes(EVENT)
    (tmp_path / "c.xml").write_bytes(EVENT.replace(b"?1", b"?2"))
    result = run(tmp_path, "--json")
    assert result.exit_code == 0, result.output
    first, *_, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert (first["items"], first["note"]) == (4, f"2 {NEWEST}, 2 VOEvents")
    assert (last["items"], last["good"], last["note"]) == (2, True, "2 of 2 give back the same bytes")


def test_events_alone(tmp_path):
    (tmp_path / "b.xml").write_bytes(EVENT)
    assert run(tmp_path).exit_code == 0
    (tmp_path / "c.xml").write_bytes(b"<VOEvent>SENTINEL</VOEvent>")
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    assert "1 of 2 give back" in result.stdout
    assert_clean(result)


def test_what_cannot_be_read_does_not_stop_the_rest(tmp_path):
    good = simulated(NEWEST, 1, "none")[0]
    (tmp_path / "a.msg").write_bytes(message(good))
    (tmp_path / "b.msg").write_bytes(message(good)[:-1])
    (tmp_path / "c.msg").write_bytes(message(changed(good, target_name=b"SENTINEL\xff")))
    (tmp_path / "d").write_bytes(b"SENTINEL")
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    assert "3 unreadable" in result.stdout
    assert "1 of 1 give back the same bytes" in result.stdout
    for code in ("avro-", "avro-text", "input-unknown"):
        assert f"[{code}" in result.stderr
    assert_clean(result)


def test_what_is_withheld_is_in_the_table(lsst_container, tmp_path):
    (tmp_path / "fink.avro").write_bytes(lsst_container)
    result = run(tmp_path, "--json")
    assert result.exit_code == 1
    assert "7 withheld" in result.stdout


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
