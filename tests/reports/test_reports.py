"""Each format says the same of the same results; the machine forms follow their schemas."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from gateway import resources
from gateway.codecs.voevent.rules import RULES
from gateway.errors import InputError, Where, XMLError
from gateway.model.finding import Finding, Severity
from gateway.reports import FORMATS, FileResult, Tally, strict
from gateway.reports.text import render as text

ERROR = Finding(
    "VE-21", Severity.ERROR, "The names differ.", "/VOEvent/What/Param[2]", 12, "VOEvent 2.1 section 3.3.2"
)
WARNING = Finding(
    "VE-28", Severity.WARNING, "The unit.", "/VOEvent/What/Param[2]/@unit", 7, "VOEvent 2.1 section 3.3.1"
)
NOTE = Finding("XSD", Severity.NOTE, "Nothing.")
BROKEN = XMLError("xml-malformed", "The document is not well-formed XML.", where=Where(line=3, column=5))

RESULTS = [
    FileResult("good.xml"),
    FileResult("long/name/bad one.xml", [WARNING, ERROR]),
    FileResult("broken.xml", error=BROKEN),
    FileResult("-", [NOTE]),
]


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 0),
        ([FileResult("a")], 0),
        ([FileResult("a", [WARNING, NOTE])], 0),
        ([FileResult("a", [WARNING]), FileResult("b", [ERROR])], 1),
        (RESULTS, 2),
    ],
)
def test_exit_code(results, code):
    assert Tally(results).exit_code == code


def test_strict_makes_errors_of_warnings_only():
    severities = [finding.severity for finding in strict(FileResult("a", [WARNING, NOTE, ERROR])).findings]
    assert severities == [Severity.ERROR, Severity.NOTE, Severity.ERROR]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_every_file_and_ends_its_last_line(name):
    report = FORMATS[name](RESULTS, RULES)
    for file in ("bad", "broken.xml"):
        assert file in report
    assert report.endswith("\n")
    assert FORMATS[name]([], RULES).endswith("\n")


class TestText:
    def test_lines_of_a_file_are_aligned(self):
        places, levels, codes, messages = zip(
            *(re.split(r" {2,}", line, maxsplit=3) for line in text(RESULTS).splitlines()[:-1]), strict=True
        )
        assert places == ("long/name/bad one.xml:7", "long/name/bad one.xml:12", "broken.xml:3", "-")
        assert levels == ("warning", "error", "unreadable", "note")
        assert codes == ("VE-28", "VE-21", "xml-malformed", "XSD")
        assert messages[0] == "The unit. (VOEvent 2.1 section 3.3.1) /VOEvent/What/Param[2]/@unit"
        assert messages[2].endswith("or fetch the document again.")
        for words in (levels, codes, messages):
            (column,) = {
                line.index(word) for line, word in zip(text(RESULTS).splitlines()[:2], words, strict=False)
            }
            assert column > 20

    def test_what_is_said_of_a_file_depends_on_it_alone(self):
        alone = [text([result]).splitlines(keepends=True)[:-1] for result in RESULTS]
        assert "".join(line for lines in alone for line in lines) == "".join(
            text(RESULTS).splitlines(keepends=True)[:-1]
        )

    def test_the_summary_counts(self):
        assert text(RESULTS).splitlines()[-1] == "4 files, 1 error, 1 warning, 1 note, 1 unreadable."

    def test_nothing_found(self):
        assert text([FileResult("good.xml")]) == "1 file, 0 errors, 0 warnings, 0 notes.\n"

    def test_colour_is_only_for_terminals(self, monkeypatch):
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert "\x1b[" not in text(RESULTS)
        assert "\x1b[1;31merror" in text(RESULTS, colour=True)

    def test_a_file_name_cannot_write_to_the_terminal(self):
        assert "\x1b" not in text([FileResult("\x1b[2Jx", [ERROR])])
        assert "[bold]" in text([FileResult("[bold]", [ERROR])])


class TestJSON:
    SCHEMA = json.loads((resources.schemas() / "json" / "findings.schema.json").read_text("utf-8"))

    def test_follows_its_schema(self):
        jsonschema.Draft202012Validator.check_schema(self.SCHEMA)
        jsonschema.validate(json.loads(FORMATS["json"](RESULTS)), self.SCHEMA)

    def test_the_schema_knows_every_key_and_no_other(self):
        report = json.loads(FORMATS["json"](RESULTS))
        for part in (report, report["summary"], report["files"][1], report["files"][1]["findings"][0]):
            for change in (lambda part: part.popitem(), lambda part: part.update(more=1)):
                kept = dict(part)
                change(part)
                with pytest.raises(jsonschema.ValidationError):
                    jsonschema.validate(report, self.SCHEMA)
                part.clear()
                part.update(kept)

    def test_says_it_all(self):
        report = json.loads(FORMATS["json"](RESULTS))
        assert report["summary"] == {"files": 4, "errors": 1, "warnings": 1, "notes": 1, "unreadable": 1}
        assert [file["name"] for file in report["files"]] == [result.name for result in RESULTS]
        assert report["files"][1]["findings"][1] == {
            "code": "VE-21",
            "severity": "error",
            "message": "The names differ.",
            "path": "/VOEvent/What/Param[2]",
            "line": 12,
            "clause": "VOEvent 2.1 section 3.3.2",
        }
        error = report["files"][2]["error"]
        assert (error["code"], error["line"], error["column"]) == ("xml-malformed", 3, 5)
        assert report["files"][0]["error"] is None


class TestSARIF:
    """The structure that SARIF 2.1.0 requires, property by property."""

    @pytest.fixture
    def run(self):
        log = json.loads(FORMATS["sarif"](RESULTS, RULES))
        assert log["version"] == "2.1.0"
        assert log["$schema"].endswith("sarif-schema-2.1.0.json")
        (run,) = log["runs"]
        return run

    def test_rules(self, run):
        rules = run["tool"]["driver"]["rules"]
        identifiers = [rule["id"] for rule in rules]
        assert len(set(identifiers)) == len(identifiers)
        assert {rule.code for rule in RULES} | {"xml-malformed"} == set(identifiers)
        described = rules[identifiers.index("VE-24")]
        assert described["shortDescription"]["text"].startswith("Each row")
        assert described["defaultConfiguration"] == {"level": "error"}
        assert described["help"]["text"].endswith("(VOEvent 2.1 section 3.3.3)")

    def test_results_name_their_rules(self, run):
        rules = run["tool"]["driver"]["rules"]
        assert len(run["results"]) == 4
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in ("error", "warning", "note")
            assert result["message"]["text"]

    def test_places(self, run):
        warning, _, broken, note = (result["locations"][0] for result in run["results"])
        assert warning == {
            "physicalLocation": {
                "artifactLocation": {"uri": "long/name/bad%20one.xml"},
                "region": {"startLine": 7},
            },
            "logicalLocations": [{"fullyQualifiedName": "/VOEvent/What/Param[2]/@unit"}],
        }
        assert broken["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 5}
        assert note == {"physicalLocation": {"artifactLocation": {"uri": "-"}}}

    def test_absolute_names_are_file_uris(self, tmp_path):
        (run,) = json.loads(FORMATS["sarif"]([FileResult(str(tmp_path / "a b.xml"), [NOTE])]))["runs"]
        uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == (tmp_path / "a b.xml").as_uri()

    @pytest.mark.parametrize(("results", "successful"), [(RESULTS, False), (RESULTS[:2], True)])
    def test_says_whether_everything_could_be_read(self, results, successful):
        (run,) = json.loads(FORMATS["sarif"](results))["runs"]
        assert run["invocations"] == [{"executionSuccessful": successful}]


class TestJUnit:
    @pytest.fixture
    def suite(self):
        (suite,) = ElementTree.fromstring(FORMATS["junit"](RESULTS))
        return suite

    def test_counts(self, suite):
        assert (suite.tag, suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
            "testsuite",
            "4",
            "1",
            "1",
        )

    def test_one_case_a_file(self, suite):
        assert [case.get("name") for case in suite] == [result.name for result in RESULTS]
        assert [[child.tag for child in case] for case in suite] == [
            [],
            ["failure", "system-out"],
            ["error"],
            ["system-out"],
        ]

    def test_failures_say_what_and_where(self, suite):
        failure, output = suite[1]
        assert (failure.get("type"), failure.get("message")) == ("VE-21", "1 error")
        assert failure.text == "line 12: error VE-21 The names differ. (VOEvent 2.1 section 3.3.2)"
        assert output.text.startswith("line 7: warning VE-28")
        assert suite[2][0].get("type") == "xml-malformed"

    def test_any_file_name_gives_xml(self):
        error = InputError("input-unreadable", "No such file.", where=Where(input="a\x00"))
        report = FORMATS["junit"]([FileResult("a\x00<&\ud800\ufffe", error=error)])
        ((case,),) = ElementTree.fromstring(report.encode("utf-8"))
        assert case.get("name") == "a\ufffd<&\ufffd\ufffd"


def test_reports_import_no_codec():
    """Reports are of one level with the codecs: what they need of a rule is a protocol."""
    for file in Path(text.__code__.co_filename).parent.glob("*.py"):
        assert "gateway.codecs" not in file.read_text("utf-8")
