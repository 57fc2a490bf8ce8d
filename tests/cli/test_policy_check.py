"""`gateway policy check` from the outside: what it reads, what it prints and how it exits."""

import json

import pytest
from alerts import simulated
from canaries import CANARY, files, votable
from cli_runs import assert_clean, invoke, packed

from gateway.errors import OutputError, SettingsError

DAY = ("--date", "2026-11-24")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with alerts, a catalogue, and a manifest that says what they are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release").mkdir()
    (tmp_path / "release/visit.avro").write_bytes(packed(simulated("lsst/11.0", 2, "none")))
    (tmp_path / "release/catalogue.vot").write_bytes(votable())
    (tmp_path / "provenance.toml").write_text(
        'origin = "alert"\n[[field]]\nfile = ["*.vot"]\norigin = "data-release"\nrelease = "dp1"\n'
    )
    return tmp_path


def check(*arguments, stdin=None):
    result = invoke("policy", "check", *DAY, *arguments, stdin=stdin)
    assert CANARY not in result.output
    return result


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--manifest", "provenance.toml", "release/visit.avro"], 0),
        (["release/visit.avro"], 1),
        (["--manifest", "provenance.toml", "release"], 1),
        (["--manifest", "provenance.toml", "--audience", "rights:dp1", "release"], 0),
        (["--manifest", "provenance.toml", "--audience", "rights:dp2+dp3", "release"], 1),
        (["--manifest", "provenance.toml", "release", "missing.avro"], 2),
        (["--manifest", "provenance.toml", "release", "provenance.toml"], 2),
        (["--manifest", "provenance.toml", "--profile", "packet-only", "release/visit.avro"], 0),
        (["--manifest", "provenance.toml", "--profile", "ztf-public", "release/visit.avro"], 1),
    ],
)
def test_exit_code(folder, arguments, code):
    result = check(*arguments)
    assert_clean(result)
    assert result.exit_code == code


def test_text(folder):
    lines = check("--manifest", "provenance.toml", "release").output.splitlines()
    assert lines[0] == "rdo013-2025 for public, as of 2026-11-24"
    assert lines[2] == "release/catalogue.vot  VOTable"
    assert "release/visit.avro  alerts, lsst/11.0, 2 packets" in lines
    assert lines[-1] == "1 file would show what this audience may not see."


def test_standard_input(folder):
    data = (folder / "release/catalogue.vot").read_bytes()
    result = check("--manifest", "provenance.toml", "--json", "-", stdin=data)
    assert result.exit_code == 1
    report = json.loads(result.output)
    assert report["targets"][0]["name"] == "-"
    assert report["targets"][0]["format"] == "VOTable"


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "html"])
def test_a_report_file_holds_what_would_be_printed_and_is_the_same_each_time(folder, form):
    arguments = ("--manifest", "provenance.toml", "--format", form, "release")
    printed = check(*arguments)
    written = check(*arguments, "-o", "report")
    assert written.exit_code == printed.exit_code == 1
    assert written.output == ""
    assert (folder / "report").read_text("utf-8") == printed.output == check(*arguments).output


def test_a_report_that_cannot_be_written(folder):
    result = invoke("policy", "check", *DAY, "-o", "no/report", "release/visit.avro")
    assert result.exit_code == OutputError.exit_code
    assert "output-unwritable" in result.output


@pytest.mark.parametrize("audience", ["", "everyone", "rights:", "rights:dp1+", "rights:dp1 dp2", "rights"])
def test_an_audience_that_is_none(folder, audience):
    result = check("--audience", audience, "release")
    assert result.exit_code == 2
    assert "such as" in result.output
    assert "dp0.2" in result.output


def test_a_manifest_or_profile_with_a_mistake_is_named_with_its_line(folder):
    (folder / "bad.toml").write_text('\norigin = "allert"\n')
    for arguments in (["--manifest", "bad.toml"], ["--profile", "bad.toml"], ["--manifest", "none.toml"]):
        result = check(*arguments, "release")
        assert result.exit_code == SettingsError.exit_code
        assert "settings-invalid" in result.output
    assert "bad.toml, line 2: `origin` must be one of" in check("--manifest", "bad.toml", "release").output


def test_the_day_decides(folder):
    (folder / "columns.yaml").write_bytes(files()["dp9.yaml"])
    (folder / "dp1.toml").write_text('origin = "data-release"\nrelease = "dp1"\n')
    arguments = ("--manifest", "dp1.toml", "columns.yaml")
    assert invoke("policy", "check", "--date", "2027-06-30T23:59:59", *arguments).exit_code == 1
    assert invoke("policy", "check", "--date", "2027-07-01", *arguments).exit_code == 0


def test_without_a_date_it_is_today(folder):
    assert invoke("policy", "check", "--manifest", "provenance.toml", "release/visit.avro").exit_code == 0


def test_a_target_is_needed():
    result = invoke("policy", "check")
    assert result.exit_code == 2
    assert "TARGET" in result.output
