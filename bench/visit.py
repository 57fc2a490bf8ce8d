"""A whole visit through the gateway: CPU time and memory of one process, and what more processes bring.

Rules
1. The visit is simulated and written to a container file first; that is not counted.
2. One process: what `gateway convert` does from reading to writing (`gateway.batch.run`: container, policy, Minter), in
   a process of its own. Counted is its CPU time from the first byte read to the last event, without starting Python.
3. Memory is flat when the peak of resident memory hardly grows after the first tenth of the visit.
4. Several processes: the command itself, from start to exit, on the clock on the wall, in turns. How much faster
   two programs at once can be on this machine at this time is measured too, by as many independent `--jobs 1`
   started together: that is the ceiling, and on a busy machine it is below the number of processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import packets
from bench.race import Ratio, ratio
from gateway.batch import Job, cores, run
from gateway.codecs import container
from gateway.mapping.settings import Settings
from gateway.simulate import visit
from gateway.transports.files import Declared, units

__all__ = ["Scaling", "Visit", "measure", "scaling", "write"]


@dataclass(frozen=True)
class Visit:
    """One process. `early` and `peak` are peaks of resident memory in bytes, 0 where /proc does not tell."""

    history: str
    alerts: int
    bytes_in: int
    bytes_out: int
    seconds: float
    early: int
    peak: int


@dataclass(frozen=True)
class Scaling:
    """`--jobs N` against `--jobs 1`, and N times `--jobs 1` at once against one after the other."""

    alerts: int
    jobs: int
    seconds: float
    faster: Ratio
    ceiling: Ratio


def write(file: Path, count: int, history: str) -> None:
    """Simulate a visit with the cutouts of real packets (rule 1)."""
    alerts = visit(count, schema=packets.SCHEMA, seed=packets.SEED, history=history)
    with file.open("wb") as out:
        container.write(out, packets.SCHEMA, (alert.payload for alert in alerts))


def measure(file: Path, count: int, history: str) -> Visit:
    """Rule 2."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.visit", str(file), str(count)], check=True, stdout=subprocess.PIPE
    )
    return Visit(history, **json.loads(made.stdout))


def _peak() -> int:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _measured(file: str, count: int) -> dict[str, float]:
    start = time.process_time()
    bytes_in = bytes_out = early = alerts = 0
    for alerts, result in enumerate(run(units([file]), Job("voevent", Settings(), Declared())), 1):
        if result.output is None:
            raise SystemExit(f"{result.name} was not converted: {result.error}")
        bytes_in += result.size
        bytes_out += len(result.output.data)
        if alerts == max(1, count // 10):
            early = _peak()
    seconds = time.process_time() - start
    return {
        "alerts": alerts,
        "bytes_in": bytes_in,
        "bytes_out": bytes_out,
        "seconds": seconds,
        "early": early,
        "peak": _peak(),
    }


def scaling(file: Path, count: int, rounds: int) -> list[Scaling]:
    """Rule 4, for 2, 4, 8 ... processes up to the cores there are."""
    numbers = [n for n in (2, 4, 8, 16, 32, 64) if n <= cores()]
    alone: list[float] = []
    together: dict[int, list[float]] = {n: [] for n in numbers}
    at_once: dict[int, list[float]] = {n: [] for n in numbers}
    for _ in range(rounds if numbers else 0):
        alone.append(_wall(file, [1]))
        for n in numbers:
            together[n].append(_wall(file, [n]))
            at_once[n].append(_wall(file, [1] * n) / n)
    return [
        Scaling(count, n, min(together[n]), ratio(alone, together[n]), ratio(alone, at_once[n]))
        for n in numbers
    ]


def _wall(file: Path, commands: Sequence[int]) -> float:
    """Seconds until commands with these `--jobs`, started together, have all ended."""
    program = [sys.executable, "-c", "from gateway.cli import main; main()", "convert", str(file)]
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        start = time.perf_counter()
        running = [
            subprocess.Popen(
                [*program, "--jobs", str(jobs), "-o", f"{folder}/{i}.tar"], stderr=subprocess.DEVNULL
            )
            for i, jobs in enumerate(commands)
        ]
        codes = [process.wait() for process in running]
        if any(codes):
            raise SystemExit("`gateway convert` did not convert the visit; run it by hand to see why.")
        return time.perf_counter() - start


if __name__ == "__main__":
    json.dump(_measured(sys.argv[1], int(sys.argv[2])), sys.stdout)
