"""`gateway policy` from the outside."""

import json
from pathlib import Path

import lsst.alert.packet
import pytest
from alerts import KEYS
from cli_runs import assert_clean, invoke

from gateway.policy.profile import MAX_BYTES, load, names

MINE = """
id = "mine"
title = "Mine"
valid-from = 2026-11-24
include = ["rdo013-2025"]

[[rule]]
id = "no-science-cutouts"
effect = "redact"
origin = ["alert"]
kind = ["lsst >=6.1"]
path = ["cutoutScience"]
clause = "P03"
source = "Our own choice"
certainty = "inferred"
reason = "We do not pass on the science cutouts."
"""
NEW = {"type": "record", "name": "a", "fields": [{"name": "x", "type": "int"}]}
DP1 = ("diaSource.ra", "--origin", "data-release", "--release", "dp1")
PPDB = ("DiaSource.ra", "--kind", "table", "--origin", "ppdb")


def run(*arguments):
    return invoke("policy", *arguments)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.toml").write_text(MINE, "utf-8")
    return tmp_path / "mine.toml"


@pytest.mark.parametrize("command", ["show", "explain", "coverage", "diff"])
def test_help_has_an_example(command):
    assert f"gateway policy {command}" in run(command, "--help").stdout


# show


@pytest.mark.parametrize("name", names())
def test_show(name):
    profile = load(name)
    report = json.loads(run("show", name, "--json").stdout)
    assert (report["id"], report["sha256"]) == (name, profile.sha256)
    assert [judge["id"] for judge in report["profiles"]] == [judge.id for judge in profile.judges]
    for shown, judge in zip(report["profiles"], profile.judges, strict=True):
        assert [rule["id"] for rule in shown["rules"]] == [rule.id for rule in judge.rules]
    text = run("show", name).stdout
    assert all(rule.id in text for judge in profile.judges for rule in judge.rules)
    assert profile.sha256 in text


def test_show_is_of_the_default():
    assert "rdo013-2025" in run("show").stdout.splitlines()[0]


def test_show_gives_a_rule_under_the_keys_of_its_file(mine):
    rule = json.loads(run("show", mine, "--json").stdout)["profiles"][0]["rules"][-1]
    assert (rule["id"], rule["effect"], rule["origin"]) == ("no-science-cutouts", "redact", ["alert"])
    assert (rule["kind"], rule["path"], rule["where"]) == (["lsst >=6.1"], ["cutoutScience"], None)
    assert (rule["clause"], rule["certainty"]) == ("P03", "inferred")


def test_a_profile_that_is_wrong(tmp_path):
    (tmp_path / "bad.toml").write_text(MINE.replace('"redact"', '"deny"'), "utf-8")
    for command in (("show",), ("explain", "diaSource.ra", "--profile"), ("coverage", "--profile")):
        result = run(*command, tmp_path / "bad.toml")
        assert result.exit_code == 2
        assert "bad.toml, line 9, no-science-cutouts: `effect` must be one of" in result.stderr
        assert_clean(result)


# explain


@pytest.mark.parametrize(
    ("arguments", "effect", "rule"),
    [
        (["diaSource.ra"], "pass", "alert-packet"),
        (["diaSource.ra", "--schema", "lsst/3.0"], "pass", "alert-packet"),
        (["candidate.ra", "--schema", "ztf/4.02"], "pass", "ztf-packet"),
        (["candidate.ra"], "redact", "default-deny"),
        ([*DP1, "--at", "2026-11-24"], "redact", "default-deny"),
        ([*DP1, "--at", "2026-11-24", "--rights", "dp1"], "pass", "release-for-rights-holders"),
        (
            [*DP1, "--at", "2026-11-24", "--rights", "dp2", "--rights", "dp1"],
            "pass",
            "release-for-rights-holders",
        ),
        ([*DP1, "--at", "2026-11-24", "--rights", "dp2"], "redact", "default-deny"),
        ([*DP1, "--at", "2027-06-30"], "redact", "default-deny"),
        ([*DP1, "--at", "2027-07-01"], "pass", "release-after-two-years"),
        (PPDB, "pass", "ppdb-tables"),
        (["--kind", "image", "--origin", "pixels"], "refuse", "pixels-after-eighty-hours"),
        (["--kind", "image", "--origin", "pixels", "--observed", "60000"], "redact", "default-deny"),
        (["Classes.sn", "--kind", "table", "--origin", "ddp", "--objects", "5"], "pass", "ddp"),
        (["host.org.example", "--kind", "link", "--origin", "external"], "pass", "foreign-link"),
        ([*PPDB, "--profile", "strict"], "redact", "seed-2018/default-deny"),
    ],
)
def test_explain(arguments, effect, rule):
    values = json.loads(run("explain", *arguments, "--json").stdout)
    assert (values["decision"]["effect"], values["decision"]["rule"]) == (effect, rule)
    text = run("explain", *arguments).stdout
    assert f"  {effect} by {rule} (" in text.splitlines()[1]


ADDRESSES = {
    "https://data.lsst.cloud/x?token=s3cret": "credential",
    "https://data.lsst.cloud/api/tap": "link-into-the-science-platform",
    "https://example.org/a?next=https://data.lsst.cloud/": "link-into-the-science-platform",
    "data:image/png;base64,AAAA": "link-that-is-data",
    "https://example.org": "foreign-link",
    "gopher://example.org": "link-that-hides-its-target",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_explain_an_address(address):
    result = run("explain", "--kind", "link", address, "--origin", "external")
    assert f" by {ADDRESSES[address]} (" in result.stdout.splitlines()[1]
    assert "s3cret" not in result.output


def test_explain_a_field_that_is_none():
    result = run("explain", "diaSource.psfflux", "--json")
    assert result.stderr == "lsst/11.1 has no such field. diaSource.psfFlux is meant, perhaps.\n"
    assert json.loads(result.stdout)["decision"]["rule"] == "default-deny"
    assert run("explain", "diaSource").stderr == run("explain").stderr == ""
    assert run("explain", "zzzz").stderr == "lsst/11.1 has no such field.\n"


def test_explain_says_what_lost_and_what_depends_on_the_packet():
    values = json.loads(run("explain", "mpc_orbits.mpc_orb_jsonb", "--kind", "table", "--origin", "data-release",
                            "--release", "dp2", "--rights", "dp2", "--json").stdout)  # fmt: skip
    assert values["decision"]["rule"] == "mpc-orbit-json"
    assert [loser["rule"] for loser in values["losers"]] == ["mpc-tables", "release-for-rights-holders"]
    assert values["audience"] == "rights:dp2"
    handled, issued = (
        json.loads(run("explain", "prvDiaSources[].ra", *more, "--json").stdout)["conditional"]
        for more in ((), ("--issued",))
    )
    assert {rule["id"] for rule in issued} == {"satellite-streak"}
    assert {rule["id"] for rule in handled} >= {
        "satellite-streak", "more-history-than-the-object-has", "history-of-twelve-months", "withdrawn-rows",
    }  # fmt: skip
    text = run("explain", "prvDiaSources[].ra").stdout
    assert "where history-age > 366: history-of-twelve-months (P06)" in text


@pytest.mark.parametrize(
    "arguments", [["x", "--schema", "lsst/11.0", "--kind", "table"], ["x", "--kind", "fits"], ["x", "--origin", "moon"],
                  ["x", "--at", "tomorrow"], ["x", "--schema", "lsst/1.0"]]
)  # fmt: skip
def test_explain_what_cannot_be(arguments):
    result = run("explain", *arguments)
    assert result.exit_code == 2
    assert_clean(result)


# coverage


def test_coverage_of_everything():
    result = run("coverage", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert [row["schema"] for row in report["schemas"]] == list(KEYS)
    assert all(row["withheld"] == [] and row["fields"] > 100 for row in report["schemas"])
    assert (report["profile"], report["idle_rules"]) == ("rdo013-2025", [])


def test_coverage_of_what_a_profile_does_not_speak_of():
    result = run("coverage", "--schema", "ztf/4.02", "--schema", "ppdb", "--profile", "packet-only")
    assert result.exit_code == 1
    assert "ztf/4.02: no rule names\n" in result.stdout
    assert "\n  candidate.ra\n" in result.stdout
    assert "\n  DiaSource.ra\n" in result.stdout


def test_coverage_of_a_new_version(tmp_path):
    published = Path(lsst.alert.packet.__file__).parent / "schema/11/0"
    for file in published.glob("*.avsc"):
        text = (
            file.read_text("utf-8")
            .replace("v11_0", "v11_9")
            .replace('"name": "trailFlux"', '"name": "shiny"')
        )
        (tmp_path / file.name.replace("v11_0", "v11_9")).write_text(text, "utf-8")
    name = tmp_path / "lsst.v11_9.alert.avsc"
    result = run("coverage", "--schema", name, "--json")
    assert result.exit_code == 1
    (row,) = json.loads(result.stdout)["schemas"]
    assert row["read_by"] == "lsst/11.1"
    assert row["withheld"] == ["diaSource.shiny", "prvDiaSources[].shiny"]
    assert "diaSource.trailFlux" in row["misfits"]
    text = run("coverage", "--schema", name).stdout
    assert "packets may not fit lsst/11.1" in text
    assert "\n  diaSource.shiny\n" in text


def test_coverage_of_a_released_version_in_a_file():
    file = Path(lsst.alert.packet.__file__).parent / "schema/11/0/lsst.v11_0.alert.avsc"
    result = run("coverage", "--schema", file)
    assert result.exit_code == 0
    assert "lsst/11.0" in result.stdout


def test_coverage_names_rules_that_name_nothing(tmp_path):
    (tmp_path / "mine.toml").write_text(MINE, "utf-8")
    result = run("coverage", "--schema", "lsst/3.0", "--profile", tmp_path / "mine.toml")
    assert "no-science-cutouts" in result.stdout
    assert result.exit_code == 0


def test_coverage_of_a_schema_in_a_file_of_any_name(tmp_path):
    (tmp_path / "schema.json").write_text(json.dumps(NEW))
    assert run("coverage", "--schema", str(tmp_path / "schema.json")).exit_code == 1
    assert run("coverage", "--schema", str(tmp_path)).exit_code == 2


def test_a_profile_is_no_larger_than_a_profile(tmp_path):
    (tmp_path / "a.toml").write_text("#" * (MAX_BYTES + 1))
    result = run("show", str(tmp_path / "a.toml"))
    assert (result.exit_code, "longer than" in result.output) == (2, True)


def test_coverage_of_nothing():
    result = run("coverage", "--schema", "lsst/1.0")
    assert result.exit_code == 2
    assert "schema-unknown" in result.stderr


# diff


def test_diff(mine):
    result = run("diff", "rdo013-2025", mine)
    assert result.exit_code == 1
    assert "alert, release dp1 or dp2, for the public:\n" in result.stdout
    assert "  rdo013-2025: pass by alert-packet (P01)" in result.stdout
    assert "  mine: redact by no-science-cutouts (P03)" in result.stdout
    assert "    lsst cutoutScience\n" in result.stdout
    report = json.loads(run("diff", "rdo013-2025", mine, "--json").stdout)
    assert {group["other"]["rule"] for group in report["disagreements"]} == {"no-science-cutouts"}
    versions = [thing["version"] for thing in report["disagreements"][0]["about"]]
    assert versions == ["6.1", "7.0", "7.1", "7.2", "7.3", "7.4", "8.0", "9.0", "10.0", "11.0", "11.1"]
    assert report["one"]["conditions"] == report["other"]["conditions"] == []


def test_diff_of_conditions():
    result = run("diff", "lsst-common", "ldm612-2019")
    assert "only ldm612-2019: redact prvDiaSources[], prvDiaForcedSources[]" in result.stdout


def test_diff_of_the_same():
    result = run("diff", "packet-only", "packet-only")
    assert (result.exit_code, result.stdout) == (0, "They agree about everything.\n")
