"""The tester of other people's programs: what it says of programs that do nothing right, and how it says it."""

import asyncio
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest
from cli_runs import invoke
from jsonschema import Draft202012Validator

from gateway.conformance import ROLES, Report, Settings, examine, guests
from gateway.conformance.check import Checks, NotRun, Outcome, Unmet, Verdict
from gateway.conformance.examine import _all, table
from gateway.conformance.receipts import in_order, receipt, stamped, utc
from gateway.conformance.reports import FORMS
from gateway.vtp.transport import Transport, write

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 0.02
"""Seconds for an answer of a program that never gives the right one: nothing is gained by waiting for it."""


async def against(behave, role="broker", **more) -> Report:
    """The report about a program that does this with each connection."""
    visits = set()

    async def visit(reader, writer):
        visits.add(asyncio.current_task())
        with suppress(ConnectionError):
            await behave(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()[:2]
    async with server:
        report = await examine(Settings(role, address, address, slow=False, patience=PATIENCE, **more))
        await asyncio.wait(visits)
    return report


async def silent(reader, writer):
    await reader.read()


async def closing(reader, writer):
    pass


async def babbling(reader, writer):
    writer.write(b"\0\0\0\4talk" * 3)
    await silent(reader, writer)


@pytest.mark.parametrize("behave", [silent, closing, babbling])
def test_a_program_that_does_nothing_right_passes_nothing(behave):
    report = asyncio.run(against(behave))
    assert report.score[Verdict.MET] == 0
    assert report.score[Verdict.FAIL] > 15
    assert report.exit_code == 1


def test_nobody_there_is_said_of_each_check():
    report = asyncio.run(examine(Settings("broker", ("127.0.0.1", 1), slow=False, patience=PATIENCE)))
    assert {one.seen for one in report.outcomes if one.verdict is Verdict.FAIL} == {"It takes no connection."}
    assert report.score[Verdict.MET] == 0


@pytest.mark.parametrize("role", ["author", "subscriber"])
def test_a_program_that_does_not_come_is_not_judged(role, monkeypatch):
    monkeypatch.setattr(guests, "GRACE", PATIENCE)
    command = f"{sys.executable} -c 'raise SystemExit(3)'"
    report = asyncio.run(examine(Settings(role, ("127.0.0.1", 0), command=command, slow=False)))
    assert report.exit_code == 2
    assert "The program ended with 3 and did not connect." in {one.seen for one in report.outcomes}


@pytest.mark.parametrize("role", ROLES)
def test_the_table_of_a_role(role):
    rows, standards = table(role), (ROOT / "docs/standards.md").read_text("utf-8")
    assert len({check.sentence for check in rows}) == len(rows)
    assert [int(check.number[1:]) for check in rows] == list(range(1, len(rows) + 1))
    assert [check.number for check in rows if check.clause not in standards] == []
    assert [check.number for check in rows if not re.fullmatch(r"[A-Z0-9].*\.", check.sentence)] == []


def test_a_verdict_for_each_end_of_a_check():
    checks = Checks("X")

    @checks("VTP-01", "MUST", "Met.")
    async def _(stage): ...

    @checks("VTP-01", "MUST", "Broken.")
    async def _(stage):
        raise Unmet("Seen.")

    @checks("VTP-01", "SHOULD", "Deviates.")
    async def _(stage):
        raise Unmet("Seen.")

    @checks("VTP-01", "MUST", "Unseen.")
    async def _(stage):
        raise NotRun("Why.")

    @checks("VTP-01", "MUST", "Slow.", slow=90)
    async def _(stage): ...

    outcomes = asyncio.run(_all(checks.rows, None, False, lambda check: None, together=True))
    assert [(one.number, one.verdict.value) for one in outcomes] == [
        ("X01", "pass"),
        ("X02", "fail"),
        ("X03", "deviation"),
        ("X04", "not run"),
        ("X05", "not run"),
    ]


@pytest.mark.parametrize(
    ("judge", "message", "seen"),
    [
        (in_order, b"<Transport role='ack'><TimeStamp/><Origin/></Transport>", "order"),
        (in_order, b"<Transport role='ack'><Origin/></Transport>", "missing"),
        (in_order, b"<Transport role='secret'><Origin/></Transport>", "another role came."),
        (lambda payload: receipt(payload, "ivo://a.b/c#d"), b"<Transport role='ack'><Origin>x</Origin></Transport>",
         "another identifier"),
        (lambda payload: receipt(payload, "x"), b"<VOEvent ivorn='x'/>", "An event came."),
        (lambda payload: receipt(payload, "x"), b"<Transport", "cannot be read"),
        (lambda payload: receipt(payload, "x"), None, "Nothing came."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_answer(judge, message, seen):
    with pytest.raises(Unmet, match=seen):
        judge(message)


@pytest.mark.parametrize(
    ("time", "is_stamp", "is_utc"),
    [
        ("%Y-%m-%dT%H:%M:%S", True, True),
        ("%Y-%m-%dT%H:%M:%S.%fZ", True, True),
        ("2001-01-01T00:00:00Z", True, False),
        ("2001-01-01T00:00:00+02:00", True, False),
        ("yesterday", False, False),
    ],
    ids=["now", "now, in UTC", "long ago", "elsewhere", "no time"],
)
def test_times(time, is_stamp, is_utc):
    message = Transport("ack", "ivo://a.b/c", datetime.now(UTC).strftime(time))
    for judge, good in ((stamped, is_stamp), (utc, is_utc)):
        if good:
            judge(message)
        else:
            with pytest.raises(Unmet):
                judge(message)
    in_order(write(message))


def report() -> Report:
    rows = [("X01", Verdict.MET, ""), ("X02", Verdict.FAIL, "<b>seen</b>"), ("X03", Verdict.NOT_RUN, "Why.")]
    return Report(
        "broker",
        datetime(2026, 11, 25, 1, 2, 3, tzinfo=UTC),
        tuple(
            Outcome(number, "VTP-01", "MUST", f"{number} & more.", verdict, seen, 0.5)
            for number, verdict, seen in rows
        ),
    )


def test_forms_of_a_report():
    text, json, junit, html = (FORMS[form](report()) for form in ("text", "json", "junit", "html"))
    assert "X02  FAIL" in text
    assert "1 of 2 checks of the broker passed, 1 broke what the Recommendation demands." in text
    schema = orjson.loads((ROOT / "schemas/json/vtp-conformance.schema.json").read_bytes())
    document = orjson.loads(json)
    Draft202012Validator(schema).validate(document)
    assert document["score"] == {"pass": 1, "not run": 1, "deviation": 0, "fail": 1}
    suite = ElementTree.fromstring(junit).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert "&lt;b&gt;seen&lt;/b&gt;" in html
    assert "<b>seen" not in html


def test_the_command_lists_its_checks():
    result = invoke("vtp", "conformance", "--role", "subscriber", "--list")
    assert result.exit_code == 0
    assert result.output.startswith("S01  VTP-34  MUST")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--role", "broker"], "Say where"),
        (["--role", "author"], "Say where"),
        (["--role", "broker", ":1", "--only", "B99"], "has no check B99"),
        (["--role", "broker", "unix:x"], "such as 127.0.0.1:8099"),
    ],
)
def test_what_the_command_cannot_do(arguments, says):
    result = invoke("vtp", "conformance", *arguments)
    assert result.exit_code == 2
    assert says in result.output + result.stderr


def test_the_command_writes_a_report(tmp_path):
    file = tmp_path / "report.json"
    result = invoke(
        "vtp", "conformance", "--role", "broker", ":1", "--only", "B01", "--format", "json", "-o", file
    )
    assert result.exit_code == 1
    assert orjson.loads(file.read_bytes())["checks"][0]["seen"] == "It takes no connection."
