"""Reports: what each says, that none has a value of the files, and that the machine forms keep to their schemas.

The files beside `tests/data/compliance/golden/compliance` were read by people; `--update-golden` rewrites them.
"""

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from canaries import CANARY, DIGITS, files
from checking import ALERTS, DP1, HOLDERS, run

from gateway import __version__, resources
from gateway.compliance.reports import FORMATS
from gateway.compliance.reports.text import render as text
from gateway.model.audience import PUBLIC

GOLDEN = Path(__file__).parents[1] / "data/compliance/golden"
SUFFIX = {"text": "txt", "json": "json", "sarif": "sarif", "junit": "xml", "html": "html"}
SHOWN = ("table.vot", "broker.avsc", "links.txt")


def example():
    chosen = {name: data for name, data in files().items() if name in SHOWN}
    return run(chosen | {"cut.fits": b"SIMPLE  =", "<odd> & \x1b.json": b'{"ra": 1, "<b>&\\u001b": 2}'}, DP1)


@pytest.mark.parametrize("form", FORMATS)
def test_golden(form, update_golden):
    report = FORMATS[form](example()).replace(__version__, "VERSION")
    file = GOLDEN / f"compliance.{SUFFIX[form]}"
    if update_golden:
        file.write_text(report, "utf-8")
    assert report == file.read_text("utf-8")


about_all = cache(lambda manifest, audience: run(files(), manifest, audience))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("manifest", ["", ALERTS, DP1, 'origin = "pixels"\n'])
@pytest.mark.parametrize("audience", [PUBLIC, HOLDERS])
def test_no_value_reaches_a_report(form, manifest, audience):
    report = FORMATS[form](about_all(manifest, audience))
    assert report.endswith("\n")
    for value in (CANARY, CANARY.upper(), *DIGITS):
        assert value not in report
    for name in files() if form != "sarif" else ():  # SARIF has no place for files without a finding
        assert name in report


def test_text_says_once_what_is_said_of_many_files():
    many = {f"{n}.json": b'{"a": %d}' % n for n in range(4)} | {"x": b"?", "y": b"?", "z.json": b'{"a": 1}'}
    lines = text(run(many, DP1)).splitlines()
    assert lines[2:4] == ["0.json  JSON", "  and 3 files more of which the same is said, the last one 3.json"]
    assert [line for line in lines if line.startswith(("1", "x", "y", "z"))] == ["x", "y", "z.json  JSON"]
    assert lines[-1] == "2 files could not be read and 5 files would show what this audience may not see."


def test_json_is_what_its_schema_says():
    schema = json.loads((resources.schemas() / "json/compliance.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for report in (example(), run({}), run(files()), run({"x": b""}, "")):
        found = json.loads(FORMATS["json"](report))
        jsonschema.Draft202012Validator(schema).validate(found)
        assert found["summary"]["targets"] == len(found["targets"])
        assert found["at"] == "2026-11-24T12:00:00+00:00"


def test_sarif_names_the_rule_of_each_finding():
    (log,) = json.loads(FORMATS["sarif"](example()))["runs"]
    rules = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert {"default-deny", "credential", "input-damaged"} <= set(rules)
    for result in log["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    assert log["invocations"] == [{"executionSuccessful": False}]
    assert log["results"][0]["locations"][0]["logicalLocations"]


def test_junit_is_a_test_case_a_file():
    suite = ElementTree.fromstring(FORMATS["junit"](example())).find("testsuite")
    assert suite.get("name") == "gateway policy check"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "4", "1")
    assert ElementTree.fromstring(FORMATS["junit"](run({}))).find("testsuite").get("tests") == "0"


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.loaded = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.loaded += [
            value for name, value in attributes if name in ("src", "href", "action", "data", "srcset")
        ]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_one_file_well_nested_without_scripts():
    report = FORMATS["html"](example())
    page = _Page()
    page.feed(report)
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "form", "object"} & set(page.seen)
    assert all(re.fullmatch(r"#t\d+", address) for address in page.loaded)
    assert "url(" not in report
    assert "@import" not in report
    # Names of files and columns are text, not markup, and cannot write to a terminal.
    assert "&lt;odd&gt; &amp; �.json" in report
    assert "<odd>" not in report
    assert "<b>&" not in report


def test_html_says_what_was_judged_and_by_what():
    report = run({"table.vot": files()["table.vot"], "alerts.avro": files()["alerts.avro"]}, DP1)
    page = FORMATS["html"](report)
    for fact in (
        report.profile_sha256,
        report.manifest_sha256,
        report.targets[1].schemas[0][1],
        "2026-11-24 12:00",
    ):
        assert fact in page
    for clause in {v.decision.clause for target in report.targets for v in target.verdicts}:
        assert f"Clause {clause}" in page


def test_text_has_colour_on_a_terminal_only():
    assert "\x1b[" not in FORMATS["text"](example())
    coloured = text(example(), colour=True)
    assert "\x1b[" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == FORMATS["text"](example()).splitlines()


def test_text_of_a_wide_table_stays_short():
    wide = "tables:\n- name: Object\n  columns:\n" + "".join(f"  - name: c{n}\n" for n in range(1500))
    report = FORMATS["text"](run({"wide.yaml": wide.encode()}, DP1))
    assert "and 1488 more" in report
    assert len(report.splitlines()) < 15
