"""Many items, one after the other or in several processes, in order.

Rules
1. What goes wrong with one item is its result, and the batch goes on. Nothing but a `GatewayError` is caught.
2. The parent cuts inputs into units without looking into them; workers open, convert and answer. The results come
   in the order of the inputs, whatever the number of workers, so the output is the same.
3. Memory stays flat: no more than `WINDOW` units a worker are under way.
4. A result that was refused by the policy carries no bytes: what may not be seen must not reach a folder of
   rejects either.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from gateway.conversion import Converter, Output
from gateway.errors import GatewayError, PolicyError
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy
from gateway.transports.files import Declared, Found, Unit, items

__all__ = ["WINDOW", "Job", "Result", "cores", "run"]

WINDOW = 4
"""Units under way for each worker: enough to keep it busy, few enough to keep memory flat."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with every item; small and the same for all, so that it is sent to a worker once."""

    to: Any
    settings: Settings
    declared: Declared
    policy: str = "packet-only"
    project_to: str | None = None

    def converter(self) -> Converter:
        """A converter of this job's own."""
        return Converter(self.to, self.settings, Policy(self.policy), self.project_to)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one item: an output, or an error and the bytes it is about."""

    name: str
    size: int
    output: Output | None = None
    error: GatewayError | None = None
    data: bytes = field(default=b"", repr=False)


def run(units: Iterable[Unit], job: Job, jobs: int = 1) -> Iterator[Result]:
    """The results of all items, in order. `jobs` is the number of processes."""
    if jobs <= 1:
        converter = job.converter()
        for unit in units:
            yield from _unit_results(unit, job, converter)
    else:
        yield from _in_processes(units, job, jobs)


def _unit_results(unit: Unit, job: Job, converter: Converter) -> Iterator[Result]:
    for found in items(unit, job.declared):
        yield _result(found, converter)


def _result(found: Found, converter: Converter) -> Result:
    item = found.item
    if isinstance(item, Rejected):
        return Result(found.name, len(item.data), error=item.error, data=item.data)
    data = item.payload if isinstance(item, Alert) else item.data
    try:
        return Result(found.name, len(data), converter.convert(item))
    except GatewayError as error:
        kept = b"" if isinstance(error, PolicyError) else data
        return Result(found.name, len(data), error=error.located(input=found.name), data=kept)


# Processes

_worker: tuple[Job, Converter] | None = None


def _start_worker(job: Job) -> None:
    global _worker
    _worker = job, job.converter()


def _work(unit: Unit) -> list[Result]:
    assert _worker is not None
    return list(_unit_results(unit, *_worker))


def _in_processes(units: Iterable[Unit], job: Job, jobs: int) -> Iterator[Result]:
    # Not "fork": the parent may have threads (a progress bar), and a forked lock stays locked.
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    under_way: deque[Future[list[Result]]] = deque()
    with ProcessPoolExecutor(jobs, context, _start_worker, (job,)) as pool:
        try:
            for unit in units:
                under_way.append(pool.submit(_work, unit))
                if len(under_way) >= WINDOW * jobs:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
