"""A command per event: its input, its end, its time; and that nothing of an event becomes a word of it."""

import os
import sys
import threading
import time

import pytest

from gateway.errors import OutputError, SettingsError
from gateway.transports.command import Command

EVENT = b"<VOEvent>\xff\0$(touch made)</VOEvent>"


def python(program, seconds=60.0):
    return Command(f"{sys.executable} -c '{program}'", seconds)


def test_the_command_gets_exactly_the_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Command("tee copy").run(EVENT)
    assert (tmp_path / "copy").read_bytes() == EVENT
    assert [file.name for file in tmp_path.iterdir()] == ["copy"]


def test_no_shell_is_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Command("tee 'a copy' $HOME;touch > made").run(EVENT)
    assert {file.name for file in tmp_path.iterdir()} == {"a copy", "$HOME;touch", ">", "made"}


def test_what_it_prints_is_not_a_result(capfd):
    Command("cat").run(b"said")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "said")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (lambda: Command("false"), "status 1"),
        (lambda: python("import os; os.kill(os.getpid(), 9)"), "signal 9"),
        (lambda: Command("sleep 600", 0.05), "more than 0.05 s"),
    ],
)
def test_an_end_that_is_no_success_is_said(command, message):
    with pytest.raises(OutputError, match=message) as caught:
        command().run(EVENT)
    assert caught.value.code == "output-command"


def test_who_does_not_read_is_not_at_fault():
    Command("true").run(b"x" * 1_000_000)


def reader(fifo):
    """Whether a process has the named pipe open to read."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:  # ENXIO: no reader
        return False
    return True


def until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)  # the program that is waited for may need this core


def test_kill_ends_what_runs_with_all_that_it_started_and_nothing_starts_any_more(tmp_path):
    fifo, script, errors = tmp_path / "fifo", tmp_path / "script", []
    os.mkfifo(fifo)
    script.write_text(f'#!/bin/sh\nsleep 600 <>"{fifo}" &\nwait\n')
    script.chmod(0o700)
    command = Command(str(script))

    def run():
        try:
            command.run(EVENT)
        except OutputError as error:
            errors.append(error.message)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: reader(fifo))
    command.kill()
    thread.join(30)
    until(lambda: not reader(fifo))
    assert errors == ["The command was ended by signal 9."]
    with pytest.raises(OutputError, match="not run any more"):
        command.run(EVENT)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("", "settings-missing"),
        ("no-such-program-here x", "settings-missing"),
        ("tee 'copy", "settings-value"),
    ],
)
def test_what_is_no_command_is_refused_at_once(line, code):
    with pytest.raises(SettingsError) as caught:
        Command(line)
    assert caught.value.code == code
