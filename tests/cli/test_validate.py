"""`gateway validate` from the outside: what it prints and how it exits."""

import io
import json
import os
import re
import select
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.validate import validate
from gateway.codecs.voevent.rules import CONTRADICTIONS, RULES
from gateway.errors import OutputError

INVALID = Path(__file__).parents[1] / "data" / "invalid"
GOOD, BAD, WARNED = (str(INVALID / f"{name}.xml") for name in ("valid-2.1", "VE-21", "VE-28"))


def run(*arguments, stdin=None):
    return CliRunner().invoke(validate, [str(argument) for argument in arguments], input=stdin)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([GOOD], 0),
        ([WARNED], 0),
        (["--strict", WARNED], 1),
        (["--strict", GOOD], 0),
        ([BAD], 1),
        ([GOOD, BAD], 1),
        ([BAD, "no-such-file.xml"], 2),
        ([__file__], 2),
        ([INVALID], 1),
    ],
)
def test_exit_code(arguments, code):
    result = run(*arguments)
    assert result.exit_code == code
    assert "Traceback" not in result.output


def test_a_line_a_finding():
    line, summary = run(BAD).output.splitlines()
    assert line.startswith(f"{BAD}:13  error  VE-21  The Param has the same name")
    assert line.endswith("(VOEvent 2.1 section 3.3.2) /VOEvent/What/Param[2]")
    assert summary == "1 file, 1 error, 0 warnings, 0 notes."


@pytest.mark.parametrize(
    "data", [b"<a>", b"", b"<!DOCTYPE a><a/>", b'<?xml version="1.0" encoding="EBCDIC"?><a/>']
)
def test_what_cannot_be_read_is_said_once_and_then_what_to_do(data, tmp_path):
    (tmp_path / "bad.xml").write_bytes(data)
    line, _ = run(tmp_path / "bad.xml").output.splitlines()
    message = line.partition("unreadable")[2].split(maxsplit=1)[1]
    first, _, advice = message.partition(". ")
    assert advice
    said = [
        word for word in re.findall(r"[A-Za-z-]{5,}", first.lower()) if word not in ("document", "version")
    ]
    assert not any(word in advice.lower() for word in said)


def test_standard_input():
    result = run("-", stdin=Path(BAD).read_bytes())
    assert result.exit_code == 1
    assert result.output.startswith("-:13  error  VE-21")


def test_what_cannot_be_read_does_not_stop_the_rest():
    result = run("no-such-file.xml", BAD)
    assert "input-unreadable" in result.output
    assert "VE-21" in result.output


BOMB = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'


@pytest.mark.parametrize("data", [b"<VOEvent", BOMB, b"\xff\xfe\x00", b"<a/><a/>", b"{}", b"Obj\x01"])
def test_what_is_no_xml(data):
    result = run("-", stdin=data)
    assert result.exit_code == 2
    assert "unreadable" in result.output
    assert "Traceback" not in result.output


def test_nothing_to_check():
    result = run("-", stdin=b"")
    assert result.exit_code == 2
    assert "input-empty" in result.output


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are named pipes on POSIX systems only")
def test_findings_are_shown_while_files_are_read(tmp_path):
    """The second input is still to come when the findings in the first are there."""
    later = tmp_path / "later"
    os.mkfifo(later)
    program = "from gateway.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "validate", BAD, str(later)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            shown = select.select([process.stdout], [], [], 60)[0]  # a bound for when it never comes
        finally:
            later.write_bytes(Path(GOOD).read_bytes())
        assert shown
        first, summary = process.stdout.read().splitlines()
    assert first.startswith(f"{BAD}:13  error  VE-21")
    assert summary == "2 files, 1 error, 0 warnings, 0 notes."


@pytest.mark.parametrize("mode", ["w", "w:bz2"])
def test_an_archive(tmp_path, mode):
    packed = tmp_path / "packets.tar"
    with tarfile.open(packed, mode) as archive:
        archive.add(GOOD, "a/good.xml")
        archive.add(BAD, "a/bad.xml")
        archive.addfile(tarfile.TarInfo("a/empty.xml"), io.BytesIO())
    result = run(packed)
    assert f"{packed}:a/bad.xml:13" in result.output
    assert f"{packed}:a/empty.xml" in result.output
    assert "3 files, 1 error, 0 warnings, 0 notes, 1 unreadable." in result.output


def test_a_damaged_archive(tmp_path):
    packed = tmp_path / "packets.tar.gz"
    with tarfile.open(packed, "w:gz") as archive:
        for number in range(100):
            archive.add(GOOD, f"{number}.xml")
    packed.write_bytes(packed.read_bytes()[:-200])
    result = run(packed)
    assert result.exit_code == 2
    assert "input-unreadable" in result.output


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_a_report_file_holds_what_would_be_printed(tmp_path, form):
    report = tmp_path / "report"
    printed = run("--format", form, BAD, GOOD)
    written = run("--format", form, "-o", report, BAD, GOOD)
    assert written.exit_code == printed.exit_code == 1
    assert written.output == ""
    assert report.read_text("utf-8") == printed.output


def test_strict_reports_errors():
    report = json.loads(run("--strict", "--format", "json", WARNED).output)
    assert report["summary"]["errors"] == 1
    assert report["summary"]["warnings"] == 0


def test_switches():
    missing = str(INVALID / "VE-51.xml")
    assert run(missing).exit_code == 1
    assert run("--switch", "cite=xsd", missing).exit_code == 0


def test_a_switch_that_does_not_exist():
    result = run("--switch", "sites=xsd", GOOD)
    assert result.exit_code == 2
    assert "Did you mean cite?" in result.output


def test_no_file():
    result = run()
    assert result.exit_code == 2
    assert "Name a file" in result.output


def test_a_report_that_cannot_be_written(tmp_path):
    error = run("-o", tmp_path / "no" / "report", GOOD).exception
    assert isinstance(error, OutputError)
    assert (error.code, error.exit_code) == ("output-unwritable", 2)


def test_rules_are_listed():
    result = run("--rules")
    assert result.exit_code == 0
    for name in [*(rule.code for rule in RULES), *CONTRADICTIONS]:
        assert f"\n{name} " in f"\n{result.output}"
    assert "not checked: it tells receivers what to do" in result.output


def test_help_has_an_example():
    assert "gateway validate alert.xml" in run("--help").output
