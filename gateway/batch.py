"""Many items, one after the other or in several processes, in order.

Rules
1. What goes wrong with one item is its result, and the batch goes on. Nothing but a `GatewayError` is caught.
2. With several processes (`gateway.workers`) the first cuts inputs into units without looking into them; each opens,
   converts and answers. The results come in the order of the inputs, so the output is the same. Small units travel
   together; blocks of a file do not travel at all, whoever works on them reads them where they are.
3. Memory stays flat: a load has a limit, and few loads are under way.
4. A refused result carries its bytes only when the audience may see whatever they hold (`gateway.policy.keeping`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from gateway.conversion import Converter, Output
from gateway.errors import GatewayError
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy
from gateway.policy.keeping import may_be_kept
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.policy.profile import DEFAULT
from gateway.policy.proof.log import ProofLog
from gateway.transports.files import Declared, Found, Unit, items
from gateway.workers import shared

__all__ = ["Job", "Result", "Tally", "cores", "run"]

MAX_LOAD = 2**21
"""Bytes at which a load of units is full: with two blocks of a container, as they usually are, the parent has half
the work that it has with one, and with more hardly less."""
MAX_UNITS = 32
"""Units at which it is full too: the first results shall not wait for hundreds of small files."""

MAX_PATHS = 1000
"""Fields that a summary counts for each kind of loss."""
SHOWN = 12
"""Fields that a summary names for each kind of loss."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with every item; small and the same for all, so that it is sent to a worker once."""

    to: Any
    settings: Settings
    declared: Declared
    policy: str = DEFAULT
    project_to: str | None = None
    principal: Principal = ANONYMOUS
    prove: bool = False
    proof_key: bytes | None = field(default=None, repr=False)

    def converter(self) -> Converter:
        """A converter of this job's own."""
        return Converter(
            self.to,
            self.settings,
            Policy(self.policy),
            self.project_to,
            principal=self.principal,
            prove=self.prove,
            proof_key=self.proof_key,
        )


@dataclass(frozen=True)  # without slots, with which unpickling is slow
class Result:
    """What became of one item: an output, or an error and the bytes it is about."""

    name: str
    size: int
    output: Output | None = None
    error: GatewayError | None = None
    data: bytes = field(default=b"", repr=False)


class Tally:
    """Counts what came of a batch, for a summary; its size does not grow with the batch."""

    def __init__(self) -> None:
        self.converted = self.refused = self.minted = 0
        self.losses: dict[str, Counter[str]] = {}

    def take(self, result: Result) -> None:
        """Count one result."""
        if result.output is None:
            self.refused += 1
            return
        self.converted += 1
        self.minted += result.output.exact is not None
        for loss in result.output.losses:
            paths = self.losses.setdefault(loss.reason, Counter())
            if loss.path in paths or len(paths) < MAX_PATHS:
                paths[loss.path] += 1

    @property
    def exit_code(self) -> int:
        """0 when all were converted, 1 when some were, 2 when none was."""
        return (1 if self.refused else 0) if self.converted else 2

    def lines(self, seconds: float) -> list[str]:
        """The summary, for people: nothing is lost silently."""
        lines = [f"{self.converted} converted, {self.refused} refused, in {seconds:.1f} s"]
        for reason, paths in self.losses.items():
            shown = ", ".join(f"{path} ({count})" for path, count in paths.most_common(SHOWN))
            more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
            lines.append(f"  {reason.rstrip('.')}: {shown}{more}")
        return lines


def run(units: Iterable[Unit], job: Job, jobs: int = 1, proofs: ProofLog | None = None) -> Iterator[Result]:
    """The results of all items, in order.

    jobs : the number of processes
    proofs : where each release is recorded before its result is given away; the job must be one that proves
    Raises OutputError when a release cannot be recorded.
    """
    loads = shared(_loads(units), _start, job, jobs) if jobs > 1 else _here(units, job)
    for result in chain.from_iterable(loads):
        if proofs is not None and result.output is not None:
            assert result.output.proof is not None
            proofs.append(result.output.proof)
        yield result


def _here(units: Iterable[Unit], job: Job) -> Iterator[Iterator[Result]]:
    converter = job.converter()
    return (_unit_results(unit, job, converter) for unit in units)


def _unit_results(unit: Unit, job: Job, converter: Converter) -> Iterator[Result]:
    for found in items(unit, job.declared):
        yield _result(found, converter)


def _result(found: Found, converter: Converter) -> Result:
    item = found.item
    data = item.payload if isinstance(item, Alert) else item.data
    error: GatewayError
    if isinstance(item, Rejected):
        error = item.error
    else:
        try:
            return Result(found.name, len(data), converter.convert(item))
        except GatewayError as problem:
            error = problem.located(input=found.name)
    kept = may_be_kept(item, error, converter.policy, converter.audience)
    return Result(found.name, len(data), error=error, data=data if kept else b"")


# Processes


def _start(job: Job) -> Callable[[list[Unit]], list[Result]]:
    """What makes results of loads, in any process."""
    converter = job.converter()
    return lambda load: [result for unit in load for result in _unit_results(unit, job, converter)]


def _loads(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units that travel together. One that came through a pipe travels alone."""
    load: list[Unit] = []
    size = 0
    for unit in units:
        load.append(unit)
        size += unit.size
        if unit.alone or size >= MAX_LOAD or len(load) == MAX_UNITS:
            yield load
            load, size = [], 0
    if load:
        yield load


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
