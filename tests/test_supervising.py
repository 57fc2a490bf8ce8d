"""Workers are started, started again, ended in order, and never left behind. They are real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.supervising import Supervisor
from gateway.vtp.timers import Backoff

DEADLINE = 30

WORKER = """
import asyncio, os, sys
from pathlib import Path
from gateway.supervising import ends_with_parent, worker_number

folder, what = Path(sys.argv[1]), sys.argv[2]

async def main():
    stop = asyncio.Event()
    number = worker_number()
    ends_with_parent(stop.set)
    started = folder / f"started-{number}-{os.getpid()}"
    started.touch()
    if what == "done" or (what == "once" and len(list(folder.glob(f"started-{number}-*"))) > 1):
        return 0
    if what == "once":
        return 3
    import signal
    if what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (folder / f"deaf-{number}").touch()
        await asyncio.sleep(600)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    (folder / f"ready-{number}-{os.getpid()}").touch()
    await stop.wait()
    (folder / f"ended-{number}-{os.getpid()}").touch()
    return 0

sys.exit(asyncio.run(main()))
"""

PARENT = """
import asyncio, sys
from gateway.supervising import Supervisor
asyncio.run(Supervisor(sys.argv[1:], 2, 20).run(asyncio.Event()))
"""


def command(folder: Path, what: str) -> list[str]:
    return [sys.executable, "-c", WORKER, str(folder), what]


def supervisor(folder: Path, what: str, workers: int = 2, drain: float = DEADLINE) -> Supervisor:
    return Supervisor(command(folder, what), workers, drain, lambda: Backoff(lambda: 0.0, longest=0.0))


def count(folder: Path, kind: str) -> int:
    return len(list(folder.glob(f"{kind}-*")))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not true():
            await asyncio.sleep(0.01)


def run(
    made: Supervisor, then: Callable[[], bool] | None, meanwhile: Callable[[], None] = lambda: None
) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop))
        if then is not None:
            await until(then)
            meanwhile()
            stop.set()
        async with asyncio.timeout(DEADLINE):
            await running

    asyncio.run(main())


def test_it_ends_when_all_workers_have_nothing_more_to_do(tmp_path: Path) -> None:
    made = supervisor(tmp_path, "done")
    run(made, None)
    assert count(tmp_path, "started") == 2
    assert (made.restarts, made.pids) == (0, {})


def test_a_worker_that_fails_is_started_again(tmp_path: Path) -> None:
    made = supervisor(tmp_path, "once")
    run(made, None)
    assert count(tmp_path, "started") == 4
    assert made.restarts == 2


def test_a_worker_that_is_killed_is_started_again_and_the_other_goes_on(tmp_path: Path) -> None:
    made = supervisor(tmp_path, "serve")

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(made.run(stop))
        await until(lambda: count(tmp_path, "ready") == 2)
        first, other = made.pids[0], made.pids[1]
        os.kill(first, signal.SIGKILL)
        await until(lambda: count(tmp_path, "ready-0") == 2)
        assert made.pids[0] != first
        assert made.pids[1] == other
        stop.set()
        await running

    asyncio.run(main())
    assert (made.restarts, count(tmp_path, "ended")) == (1, 2)


def test_stop_lets_workers_end_in_order(tmp_path: Path) -> None:
    made = supervisor(tmp_path, "serve")
    run(made, lambda: count(tmp_path, "ready") == 2)
    assert count(tmp_path, "ended") == 2


def test_a_worker_that_does_not_end_is_killed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = supervisor(tmp_path, "deaf", workers=1, drain=0.1)
    run(made, lambda: count(tmp_path, "deaf") == 1)
    assert made.pids == {}
    assert "are killed" in caplog.text


def test_workers_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *command(tmp_path, "serve")])
    try:
        asyncio.run(until(lambda: count(tmp_path, "ready") == 2))
    finally:
        parent.kill()
        parent.wait()
    asyncio.run(until(lambda: count(tmp_path, "ended") == 2))
    pids = [int(path.name.rpartition("-")[2]) for path in tmp_path.glob("ready-*")]
    end = time.monotonic() + DEADLINE
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
