"""Several workers, each a process of its own, looked after by one that does nothing else.

Rules
1. A worker that ends with 0 has nothing more to do. One that ends otherwise, or is killed, is started again after a
   pause, each longer than the one before up to `MAX_PAUSE`; one that lived long starts with the shortest again.
2. When told to stop, the supervisor asks each worker to end (SIGTERM) and waits. Who has not ended after `drain`
   seconds is killed: what it did not acknowledge comes again in the next run.
3. Workers do not outlive the supervisor, not even when it is killed: each holds the end of a pipe as its standard
   input, which ends with it, and `ends_with_parent` is how a worker listens.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from gateway.vtp.timers import Backoff

__all__ = ["MAX_PAUSE", "MAX_WORKERS", "WORKER", "Supervisor", "ends_with_parent", "worker_number"]

MAX_PAUSE = 60
"""Seconds before a worker is started again, at most."""

MAX_WORKERS = 256
"""Processes of one machine: Rubin's topic has 45 partitions, and a worker without one has nothing to do."""

WORKER = "GATEWAY_WORKER"
"""The variable that tells a worker its number, from 0 on: in logs, and in the names of what it alone writes."""

log = logging.getLogger("gateway.workers")


class Supervisor:
    """Runs a command so many times, side by side.

    command : of one worker; it finds its number in `WORKER`
    drain : seconds that workers have to end
    restarts : how many times a worker was started again
    """

    def __init__(
        self,
        command: Sequence[str],
        workers: int,
        drain: float,
        pause: Callable[[], Backoff] = lambda: Backoff(random.random, MAX_PAUSE),
    ) -> None:
        self._command, self._workers, self._drain, self._pause = tuple(command), workers, drain, pause
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self.restarts = 0

    @property
    def pids(self) -> dict[int, int]:
        """The processes that run, by the number of their worker."""
        return {number: process.pid for number, process in self._processes.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Run until all workers have nothing more to do, or until `stop`."""
        tasks = [asyncio.create_task(self._look_after(number, stop)) for number in range(self._workers)]
        stopped = asyncio.create_task(stop.wait())
        try:
            everything = asyncio.gather(*tasks)
            either: set[asyncio.Future[Any]] = {everything, stopped}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                await self._end(tasks)
            await everything
        finally:
            for task in (*tasks, stopped):
                task.cancel()
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    process.kill()

    async def _look_after(self, number: int, stop: asyncio.Event) -> None:
        """Rule 1."""
        backoff = self._pause()
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            began = loop.time()
            code = await self._once(number, stop)
            if code == 0 or stop.is_set():
                return
            wait = backoff.wait(loop.time() - began)
            log.error("worker %d ended with %d; it is started again in %.1f s", number, code, wait)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            self.restarts += not stop.is_set()

    async def _once(self, number: int, stop: asyncio.Event) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, env={**os.environ, WORKER: str(number)}
        )
        self._processes[number] = process
        log.info("worker %d is process %d", number, process.pid)
        if stop.is_set():  # while it was being started
            process.terminate()
        try:
            return await process.wait()
        finally:
            del self._processes[number]

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Rule 2."""
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        _, pending = await asyncio.wait(tasks, timeout=self._drain)
        if pending:
            log.error("%d workers do not end in %g s and are killed", len(pending), self._drain)
            for process in self._processes.values():
                with suppress(ProcessLookupError):
                    process.kill()


def worker_number() -> int | None:
    """The number of this worker, None when this process is none."""
    number = os.environ.get(WORKER)
    return None if number is None else int(number)


def ends_with_parent(stop: Callable[[], None]) -> None:
    """In a worker: call `stop` when the supervisor is gone (rule 3). To be called from a coroutine."""
    if worker_number() is None or sys.__stdin__ is None:
        return
    loop, descriptor = asyncio.get_running_loop(), sys.__stdin__.fileno()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop()

    loop.add_reader(descriptor, readable)
