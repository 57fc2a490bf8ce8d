"""`gateway schema` from the outside."""

import json

import pytest
from alerts import KEYS
from cli_runs import assert_clean, invoke

from gateway.model.avrotype import leaves
from gateway.schema import registry


def run(*arguments):
    return invoke("schema", *arguments)


def test_list():
    rows = json.loads(run("list", "--json").stdout)
    assert [row["schema"] for row in rows] == list(KEYS)
    for row in rows:
        found = registry.get(row["schema"])
        assert row["sha256"] == found.sha256
        assert row["name"] == found.name
        assert row["fields"] == len(list(leaves(found.root)))
        assert row["wire_id"] == (found.key.wire_id if row["schema"].startswith("lsst") else None)
    text = run("list").stdout
    assert all(key in text for key in KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_show(key):
    shown = json.loads(run("show", key, "--json").stdout)
    assert [leaf["path"] for leaf in shown] == [str(path) for path, _ in leaves(registry.get(key).root)]
    assert all(leaf["type"] for leaf in shown)


def test_show_says_what_a_field_means():
    shown = {leaf["path"]: leaf for leaf in json.loads(run("show", "lsst/11.0", "--json").stdout)}
    ra = shown["prvDiaSources[].ra"]
    assert (ra["type"], ra["ucd"], ra["unit"]) == ("double", "pos.eq.ra;meta.main", "deg")
    assert shown["diaSource.parentDiaSourceId"]["type"] == "long or null"
    assert "diaSource" in run("show", "lsst/11.0").stdout


def test_diff():
    assert run("diff", "lsst/11.0", "lsst/11.0").exit_code == 0
    result = run("diff", "lsst/9.0", "lsst/10.0")
    assert result.exit_code == 1
    report = json.loads(run("diff", "lsst/9.0", "lsst/10.0", "--json").stdout)
    back = json.loads(run("diff", "lsst/10.0", "lsst/9.0", "--json").stdout)
    assert report["added"] == back["dropped"]
    assert report["dropped"] == back["added"]
    by_path = {pair["old"]["path"]: (pair["old"], pair["new"]) for pair in report["changed"]}
    assert by_path == {pair["new"]["path"]: (pair["new"], pair["old"]) for pair in back["changed"]}
    assert by_path
    for leaf in report["added"]:
        assert f"+ {leaf['path']}: {leaf['type']}" in result.stdout


@pytest.mark.parametrize(
    "arguments", [["show", "lsst/1.0"], ["show", ""], ["diff", "lsst/11.0", "SENTINEL/1"]]
)
def test_a_schema_that_there_is_not(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "schema-unknown" in result.stderr
    assert "lsst/11.0" in result.stderr
    assert_clean(result)


@pytest.mark.parametrize("command", ["list", "show", "diff"])
def test_help_has_an_example(command):
    assert f"gateway schema {command}" in run(command, "--help").stdout
