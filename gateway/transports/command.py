"""A command that is run for each event, with the event's bytes on its standard input.

Rules
1. The command is a list of words, and no shell is asked. Nothing of an event becomes a word or a variable of it.
2. What it prints goes to our standard error, for our standard output is for results.
3. It has a time. When that is over, or `kill` is called, it is killed with all that it started.
4. One that does not read all of the bytes is not at fault: its exit status alone says how it went.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import threading

from gateway.errors import OutputError, SettingsError

__all__ = ["MAX_SECONDS", "Command"]

MAX_SECONDS = 60
"""Seconds that a command has for one event, unless told otherwise: events wait while it runs."""


class Command:
    """A command line, made ready; `run` may be called by several threads at once.

    line : words as a shell splits them, without anything else of a shell
    seconds : how long it may take for one event
    Raises SettingsError (settings-value, settings-missing) when there is no such program.
    """

    def __init__(self, line: str, seconds: float = MAX_SECONDS) -> None:
        try:
            self.words = shlex.split(line)
        except ValueError:
            raise SettingsError(
                "settings-value", "The command has a quotation mark without its other."
            ) from None
        if not self.words or shutil.which(self.words[0]) is None:
            raise SettingsError(
                "settings-missing", "The command names no program that is here and can be run."
            )
        self.seconds = seconds
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._killed = False

    def run(self, data: bytes) -> None:
        """Run it with these bytes. Raises OutputError (output-command) unless it ends in time and with status 0."""
        process = self._start()
        try:
            process.communicate(data, self.seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            raise OutputError("output-command", f"The command took more than {self.seconds:g} s.") from None
        finally:
            with self._lock:
                self._running.discard(process)
        if process.returncode < 0:
            raise OutputError("output-command", f"The command was ended by signal {-process.returncode}.")
        if process.returncode:
            raise OutputError("output-command", f"The command ended with status {process.returncode}.")

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._killed:
                raise OutputError("output-command", "The command was not run any more.")
            try:
                process = subprocess.Popen(  # noqa: S603 - rule 1: the operator's words and no others
                    self.words, stdin=subprocess.PIPE, stdout=2, start_new_session=True
                )
            except OSError as error:
                reason = error.strerror or "unknown reason"
                raise OutputError("output-command", f"The command cannot be run: {reason}.") from None
            self._running.add(process)
            return process

    def kill(self) -> None:
        """End what runs, and run nothing any more."""
        with self._lock:
            self._killed = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Rule 3. A process that has ended meanwhile has not been waited for, so its number is still its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
