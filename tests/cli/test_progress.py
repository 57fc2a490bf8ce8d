"""Long work shows a bar on terminals, and the bar never gets into the results."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alerts import NEWEST, simulated
from cli_runs import packed

ROOT = Path(__file__).resolve().parents[2]
BAR = "\u2801\u2809\u2819\u281a\u2812\u2802\u2834\u2826\u2816\u280b\u2838\u2830\u2820\u2824\u2504\u2501"
"""What rich draws spinners and bars with."""

pty = pytest.importorskip("pty", reason="there are pseudo-terminals on POSIX systems only")


def at_terminal(*arguments, stdout=None):
    """Standard output and what the terminal showed. Standard output is the terminal unless it is a pipe."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    program = "from gateway.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=environment, stdin=subprocess.DEVNULL, stdout=stdout or theirs, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # what Linux says when the other end is closed
            pass
        finally:
            os.close(ours)
        piped = process.stdout.read() if process.stdout else b""
        assert process.wait(60) == 0, shown
    return piped, shown.decode()


@pytest.fixture
def visit(tmp_path):
    file = tmp_path / "visit.avro"
    file.write_bytes(packed(simulated(NEWEST, 3, "none")))
    return file


COMMANDS = {
    "inspect": lambda visit: ("inspect", "--json", visit),
    "convert": lambda visit: ("convert", "--json", visit, "--out-dir", visit.parent / "out"),
    "demo": lambda visit: ("demo", "--json", visit),
    "simulate": lambda visit: ("simulate", 3, "-o", visit.parent / "made.avro"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_there_is_a_bar_and_it_is_not_in_the_results(visit, name):
    piped, shown = at_terminal(*COMMANDS[name](visit), stdout=subprocess.PIPE)
    assert any(mark in shown for mark in BAR)
    assert [json.loads(line) for line in piped.splitlines()] or name == "simulate"
    assert b"\x1b" not in piped


@pytest.mark.parametrize("name", ["inspect", "convert", "demo"])
def test_results_on_the_same_terminal_stay_whole(visit, name):
    _, shown = at_terminal(*COMMANDS[name](visit))
    assert any(mark in shown for mark in BAR)
    lines = [line[line.index('{"') :] for line in shown.splitlines() if '{"' in line]
    assert len([json.loads(line) for line in lines]) == (3 if name != "demo" else 7)


def test_tables_on_the_same_terminal(visit):
    _, shown = at_terminal("inspect", visit)
    for number in range(3):
        assert f"visit.avro[{number}]" in shown.replace("\r\n", "")


def test_no_terminal_no_bar(visit):
    run = subprocess.run(
        [sys.executable, "-c", "from gateway.cli import main; main()", "inspect", str(visit)],
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=True,
    )  # fmt: skip
    assert run.stderr == b""
