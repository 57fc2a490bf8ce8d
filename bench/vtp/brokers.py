"""The two brokers as programs on loopback, run by the same Python, and the CPU time that they have used.

Rules
1. Both validate by the XSD and remember what they have seen in a file. Neither has a filter, test events or a log of
   each event: Comet is ``--quiet``, ours logs warnings.
2. CPU time is that of the whole process, user and system, as Linux counts it.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NAMES", "TICK", "Broker", "dbm_of", "running"]

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("gateway", "Comet")
DEADLINE = 60.0
TICK = 1 / os.sysconf("SC_CLK_TCK")
"""Seconds in which Linux counts."""

_COMMANDS = {
    "gateway": (
        ["-c", "from gateway.cli import main; main()", "vtp", "serve", "--receive", "127.0.0.1:0",
         "--broadcast", "127.0.0.1:0", "--origin", "external", "--state", "state", "--log-level", "warning"],
        (r"^receive .*:(\d+)$", r"^broadcast .*:(\d+)$"),
    ),
    "Comet": (
        ["-c", "from twisted.scripts.twistd import run; run()", "-n", "--pidfile=", "comet", "--quiet",
         "--local-ivo=ivo://org.example/broker#1", "--eventdb=seen", "--receive", "--receive-port=0",
         "--broadcast", "--broadcast-port=0", "--broadcast-test-interval=0"],
        (r"VOEventReceiverFactory.* on (\d+)", r"VOEventBroadcasterFactory.* on (\d+)"),
    ),
}  # fmt: skip
_DBM = "import dbm; dbm.open('x', 'c').close(); print(dbm.whichdb('x'))"


@dataclass(frozen=True)
class Broker:
    """A broker that runs. `receive` and `broadcast` are its ports."""

    name: str
    pid: int
    receive: int
    broadcast: int

    def cpu(self) -> float:
        """CPU seconds so far (rule 2)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK

    def memory(self) -> int:
        """Bytes of memory that the process has (resident)."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def dbm_of(python: str, folder: Path) -> str:
    """Which dbm Comet has under this Python: ``dbm.gnu`` is what it should."""
    run = subprocess.run([python, "-c", _DBM], cwd=folder, check=True, capture_output=True, text=True)
    return run.stdout.strip()


@contextmanager
def running(name: str, python: str, folder: Path, options: Sequence[str] = ()) -> Iterator[Broker]:
    """A broker that keeps its files in a folder, until the block is left."""
    arguments, patterns = _COMMANDS[name]
    folder.mkdir()
    process = subprocess.Popen(
        [python, "-u", *arguments, *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    rest: threading.Thread | None = None
    timer = threading.Timer(DEADLINE, process.kill)
    timer.start()
    try:
        ports = _ports(process.stdout, patterns, name)
        timer.cancel()
        rest = threading.Thread(target=process.stdout.read)  # or its pipe would fill
        rest.start()
        yield Broker(name, process.pid, *ports)
    finally:
        timer.cancel()
        process.terminate()
        process.wait(DEADLINE)
        if rest is not None:
            rest.join()
        process.stdout.close()


def _ports(lines: Iterator[str], patterns: Sequence[str], name: str) -> list[int]:
    found: dict[str, int] = {}
    said = []
    for line in lines:
        said.append(line)
        found |= {
            pattern: int(match[1]) for pattern in patterns if (match := re.search(pattern, line.rstrip()))
        }
        if len(found) == len(patterns):
            return [found[pattern] for pattern in patterns]
    raise SystemExit(f"{name} did not start:\n{''.join(said)}")
