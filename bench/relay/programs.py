"""The contenders as programs, and their CPU time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.vtp.brokers import ROOT, TICK
from gateway.mapping.settings import Settings

__all__ = ["GATEWAY", "PEER", "SETTINGS", "Program", "running"]

GATEWAY, PEER = "gateway", "fastavro + voevent-parse"

SETTINGS = Settings(authority="org.example", stream="bench", separator="#")
"""`#` is the separator that voevent-parse writes: the events shall be the same."""

CONFIG = """
[gateway]
ivoid = "ivo://org.example/bench"
state = "state"

[sources.alerts]
kind = "kafka"
bootstrap = ["{bootstrap}"]
topics = ["{source}"]
group = "{group}"
origin = "alert"
issued = true
format = "confluent"

[sinks.events]
kind = "kafka"
bootstrap = ["{bootstrap}"]
topic = "{sink}"

[sinks.dead]
kind = "files"
directory = "dead"

[[routes]]
name = "bench"
source = "alerts"
dead_letters = "dead"

[[routes.outputs]]
name = "core"
to = "voevent-2.0"
sinks = ["events"]
"""


class Program:
    """A contender that runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def cpu(self) -> float:
        """CPU seconds of it and of its workers until now. Raises SystemExit when it has ended."""
        if self._process.poll() is not None:
            raise SystemExit(f"A contender ended with {self._process.returncode}.")
        return sum(map(_cpu, _family(self._process.pid)))


def _family(pid: int) -> Iterator[int]:
    """A process and its children, and theirs."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


@contextmanager
def running(
    name: str, folder: Path, bootstrap: str, source: str, sink: str, group: str, workers: int = 1
) -> Iterator[Program]:
    """A contender, started in a folder of its own and ended at the end."""
    folder.mkdir()
    if name == GATEWAY:
        config = folder / "gateway.toml"
        config.write_text(CONFIG.format(bootstrap=bootstrap, source=source, sink=sink, group=group))
        command = [sys.executable, "-c", "from gateway.cli import main; main()", "run", str(config)]
        if workers > 1:
            command += ["--workers", str(workers)]
    else:
        command = [sys.executable, "-m", "bench.relay.peer", bootstrap, source, sink, group]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            yield Program(process)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
