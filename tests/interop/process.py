"""A program that runs beside a test: what it says is read as it comes, each wait has a deadline, and it is ended."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0
"""Seconds until a program must have said or done what a test waits for: it is slow on a busy machine, not for ever."""


class Running:
    """A started program. Its standard output and standard error are one list of lines."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._over = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._said:
                self.lines.append(line.decode("utf-8", "replace").rstrip())
                self._said.notify_all()
        with self._said:
            self._over = True
            self._said.notify_all()

    def said(self, pattern: str, times: int = 1, deadline: float = DEADLINE) -> list[re.Match[str]]:
        """The first lines that match, as soon as there are so many."""

        def found() -> list[re.Match[str]]:
            return [match for line in self.lines if (match := re.search(pattern, line))]

        with self._said:
            self._said.wait_for(lambda: len(found()) >= times or self._over, deadline)
            matches = found()
        assert len(matches) >= times, f"{len(matches)} of {times} lines with {pattern!r} in:\n" + self.text
        return matches[:times]

    @property
    def text(self) -> str:
        """All that was said."""
        return "\n".join(self.lines)

    def ended(self) -> int:
        """Its exit code, when it has ended by itself."""
        code = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code

    def end(self) -> None:
        """End it, if it has not ended."""
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._reader.join(DEADLINE)
            assert self.process.stdout is not None
            self.process.stdout.close()


@contextmanager
def running(arguments: Sequence[object], folder: Path, *path: str) -> Iterator[Running]:
    """A program that runs in a folder until the block is left. `path` are more folders to import from."""
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([*path, str(ROOT)])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    program = Running(process)
    try:
        yield program
    finally:
        program.end()
