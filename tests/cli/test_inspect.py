"""`gateway inspect` from the outside."""

import json

import pytest
from alerts import KEYS, NEWEST, changed, long, opened, simulated, values
from cli_runs import SENTINEL, assert_clean, invoke, message, packed


def run(*arguments, stdin=None):
    return invoke("inspect", *arguments, stdin=stdin)


def summaries(result):
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("key", KEYS)
def test_an_alert(key):
    found = simulated(key, 1, "image")[0]
    (summary,) = summaries(run("--json", "-", stdin=packed([found])))
    record = values(found)["candidate" if key.startswith("ztf") else "diaSource"]
    assert summary["schema"] == key
    assert summary["framing"] == "container/deflate"
    assert summary["bytes"] == len(found.payload)
    assert summary["id"] == str(record.get("candid", record.get("diaSourceId")))
    assert float(summary["ra_deg"]) == record["ra"]
    assert summary["origin"] == "alert"
    assert summary["time_utc"].startswith("20")
    arrays = {name: f"{len(value)} rows" for name, value in values(found).items() if isinstance(value, list)}
    assert arrays.items() <= summary["parts"].items()


def test_people_see_the_same(tmp_path):
    file = tmp_path / "visit.avro"
    file.write_bytes(packed(simulated(NEWEST, 2, "image")))
    result = run(file)
    assert result.exit_code == 0
    for word in (f"{file}[0]", f"{file}[1]", NEWEST, "diaSource", "cutoutScience", "bytes"):
        assert word in result.stdout.replace("\n", "")


def test_an_event():
    event = invoke(
        "convert", "-", "--detail", "full", "--cite", "all", stdin=message(simulated()[0])
    ).stdout_bytes
    (summary,) = summaries(run("--json", "-", stdin=event))
    assert summary["kind"] == "VOEvent"
    assert summary["made_from_alert"] is True
    assert summary["system"] == "UTC-ICRS-TOPO"
    assert summary["role"] == "observation"


def test_a_real_alert(ztf_containers):
    for version, data in ztf_containers.items():
        if version == "3.3":  # a detection of Caltech's programme with rows of the partnership's
            refused = run("--json", "-", stdin=data)
            assert refused.exit_code == 2
            assert "ztf-other-programme" in refused.stderr
            continue
        (summary,) = summaries(run("--json", "-", stdin=data))
        assert summary["schema"] == f"ztf/{version}"
        assert summary["id"] == str(values(opened(data)[0])["candid"])


@pytest.mark.parametrize("text", ["[/foo]", "[red]x[/red]", "[link=http://evil]x", "\\[x]"])
def test_square_brackets_are_not_markup(tmp_path, text):
    document = (
        '<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="test" '
        f'ivorn="ivo://a.b/c?{text}"/>'
    )
    file = tmp_path / "a[b].xml"
    file.write_text(document)
    result = run(file)
    assert_clean(result)
    assert result.exit_code == 0
    assert text in result.stdout.replace("\n", "")
    assert "a[b].xml" in result.stdout.replace("\n", "")


def test_what_cannot_be_read(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_bytes(message(simulated()[0]))
    bad.write_bytes(b"SENTINEL")
    assert run(good).exit_code == 0
    assert run(good, bad).exit_code == 1
    result = run(bad, tmp_path / "none")
    assert result.exit_code == 2
    assert_clean(result)
    assert f"gateway: {bad}, byte 0: " in result.stderr
    assert "input-unreadable" in result.stderr


def test_a_truncated_alert():
    data = message(changed(simulated()[0], target_name=SENTINEL.encode(), diaSourceId=long(1)))
    for cut in range(5, len(data) - 1, 397):
        result = run("-", stdin=data[:cut])
        assert_clean(result)
        assert result.exit_code == 2
        assert "[avro-truncated]" in result.stderr or "[avro-length]" in result.stderr


@pytest.mark.parametrize("origin", ["data-release", "user", "prompt-visit"])
def test_what_the_policy_withholds(origin):
    result = run("--json", "--origin", origin, "-", stdin=message(simulated()[0]))
    assert result.exit_code == 2
    assert "policy-withheld" in result.stderr
    assert result.stdout == ""


def test_a_schema_that_is_not_released(lsst_container):
    result = run("-", stdin=lsst_container)
    assert result.exit_code == 2
    assert "policy-withheld" in result.stderr
