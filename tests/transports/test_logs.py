"""Lines of the log: for people and programs, without values, without tricks, and not without end."""

import io
import logging
import subprocess
import sys
from collections.abc import Iterator

import orjson
import pytest

from gateway.errors import OutputError
from gateway.transports.logs import PERIOD, Repetition, begin_logging

log = logging.getLogger("gateway.test")
SECRET = "a-secret-value"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)


def begun(form: str, stream: io.StringIO | None = None, level: str = "info") -> io.StringIO:
    stream = stream or io.StringIO()
    begin_logging(level, form, stream)
    return stream


def test_people_get_lines() -> None:
    stream = begun("text")
    log.warning("%s does not take a batch", "world")
    log.debug("nobody reads this")
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("20")
    assert line[line.index("Z [warning") :].split() == [
        "Z", "[warning", "]", "world", "does", "not", "take", "a", "batch", "[gateway.test]",
    ]  # fmt: skip


def test_programs_get_json() -> None:
    stream = begun("json")
    log.error("%s is full", "the disk")
    logging.getLogger("twisted").warning("a library")
    one, other = map(orjson.loads, stream.getvalue().splitlines())
    assert (one["level"], one["logger"], one["message"]) == ("error", "gateway.test", "the disk is full")
    assert one["time"].endswith("Z")
    assert (other["logger"], other["message"]) == ("twisted", "a library")


@pytest.mark.parametrize("form", ["text", "json"])
def test_colours_are_for_terminals_only(form: str) -> None:
    plain, terminal = begun(form), Terminal()
    log.warning("hello")
    begun(form, terminal)
    log.warning("hello")
    assert "\x1b" not in plain.getvalue()
    assert ("\x1b" in terminal.getvalue()) == (form == "text")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_message_is_one_line_whatever_a_peer_wrote(form: str) -> None:
    stream = begun(form)
    log.warning("peer said %s", "bye\n2026-01-01 [error] forged\x1b[2J\u2028\r")
    assert len(stream.getvalue().splitlines()) == 1
    assert not {"\x1b", "\r", "\u2028"} & set(stream.getvalue())


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unexpected_error_shows_where_and_no_value(form: str) -> None:
    stream = begun(form)
    try:
        float(SECRET)
    except ValueError:
        log.exception("This was not expected")
    written = stream.getvalue()
    assert SECRET not in written
    assert "ValueError" in written
    assert "test_logs.py" in written
    assert len(written.splitlines()) == 1


def test_an_error_of_ours_is_its_sentence() -> None:
    stream = begun("json")
    try:
        raise OutputError("output-unwritable", "The disk is full.")
    except OutputError:
        log.exception("Nothing is kept")
    assert orjson.loads(stream.getvalue())["error"] == "The disk is full. [output-unwritable]"


def test_twisted_says_its_errors_without_values(tmp_path: object) -> None:
    program = (
        "from gateway.transports.logs import begin_logging; begin_logging('info', 'json')\n"
        "from twisted.logger import Logger\n"
        f"try: float('{SECRET}')\n"
        "except ValueError: Logger('x').failure('it failed')\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert SECRET not in found.stderr
    assert "it failed" in orjson.loads(found.stderr)["message"]


def record(message: str, at: float, *args: object) -> logging.LogRecord:
    made = logging.LogRecord("gateway.test", logging.WARNING, "", 0, message, args, None)
    made.created = at
    return made


def test_what_repeats_is_not_written_without_end() -> None:
    one = Repetition(limit=3)
    assert [one.filter(record("again %d", number / 10, number)) for number in range(5)] == [True] * 3 + [
        False
    ] * 2
    assert one.filter(record("another", 1.0))
    later = record("again %d", PERIOD, 9)
    assert one.filter(later)
    assert later.getMessage() == "again 9 [2 like this were not written]"
    last = record("again %d", PERIOD + 1, 10)
    assert one.filter(last)
    assert last.getMessage() == "again 10"


def test_what_is_remembered_of_messages_is_bounded() -> None:
    one = Repetition(limit=1, kinds=10)
    for number in range(100):
        assert one.filter(record(f"kind {number}", 0.0))
    assert len(one._seen) == 10
