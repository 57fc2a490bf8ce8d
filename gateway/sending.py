"""Many events to one broker: what `gateway vtp send` does.

Rules
1. Inputs are read, released and brought to the version by `gateway.batch`, one by one, while others are under way.
2. Only what is a VOEvent is sent. An alert has to be converted first, where its event gets a name.
3. One event that is not delivered does not keep the next one from being sent, but a broker that cannot be reached
   does: each of a thousand events would be tried for half a minute.
4. Standard input is put on a disk before anything is sent, so that a broker never waits for whoever writes there.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import IO, Literal

from gateway.batch import Job, Result, run
from gateway.errors import GatewayError, VOEventError
from gateway.transports.files import Unit, of_stream, units
from gateway.transports.vtp.author import Author, Outcome
from gateway.vtp.events import Delivered

__all__ = ["Sending", "Sent", "events"]

Kind = Literal["delivered", "duplicate", "refused", "failed", "unsent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one event.

    kind : ``delivered``; ``duplicate``, the broker had it already; ``refused`` for good by the broker; ``failed``,
        for it gave no receipt; ``unsent``, for it cannot be read or is not released
    said : the broker's own words, when it gave any
    """

    name: str
    size: int
    kind: Kind
    ivorn: str | None = None
    losses: tuple[str, ...] = ()
    attempts: int = 0
    error: GatewayError | None = None
    said: str | None = None


def events(arguments: Iterable[str], job: Job) -> Iterator[Result]:
    """The events of the inputs, released and ready to be sent (rules 1, 2 and 4). Reads standard input at once."""
    arguments = list(arguments)
    return _events(arguments, job, _spooled() if "-" in arguments else None)


def _spooled() -> IO[bytes]:
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - `_events` closes it
    shutil.copyfileobj(sys.stdin.buffer, spool)
    spool.seek(0)
    return spool


def _events(arguments: list[str], job: Job, spool: IO[bytes] | None) -> Iterator[Result]:
    with spool or nullcontext():
        for result in run(_units(arguments, spool), job):
            if result.output is not None and result.output.exact is not None:
                message = "This is an alert and not a VOEvent: `gateway convert` makes one."
                yield Result(result.name, result.size, error=VOEventError("voevent-root", message))
            else:
                yield result


def _units(arguments: list[str], spool: IO[bytes] | None) -> Iterator[Unit]:
    for argument in arguments:
        if argument == "-" and spool is not None:
            yield from of_stream("-", io.BufferedReader(io.FileIO(spool.fileno(), closefd=False)))
        else:
            yield from units([argument])


class Sending:
    """Sends events, some at a time.

    report : is told what became of each, in the order in which that is known
    at_once : how many may be under way; one keeps them in order
    unreachable : nobody could be connected to, so that the rest was not tried (rule 3)
    """

    def __init__(self, author: Author, report: Callable[[Sent], None], at_once: int = 1) -> None:
        self._author, self._report, self._at_once = author, report, at_once
        self.unreachable = False
        self.counts: dict[Kind, int] = {
            "delivered": 0,
            "duplicate": 0,
            "refused": 0,
            "failed": 0,
            "unsent": 0,
        }

    async def run(self, results: Iterator[Result], stop: asyncio.Event) -> None:
        """Send all, until `stop` is set or the broker cannot be reached; what is under way is waited for."""
        turn = asyncio.Lock()
        loop = asyncio.get_running_loop()

        async def one_after_the_other() -> None:
            while not (stop.is_set() or self.unreachable):
                async with turn:
                    result = await loop.run_in_executor(reader, next, results, None)
                if result is None:
                    return
                sent = await self._send(result)
                self.counts[sent.kind] += 1
                self._report(sent)

        with ThreadPoolExecutor(1, "reader") as reader:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._at_once):
                    group.create_task(one_after_the_other())

    @property
    def exit_code(self) -> int:
        """0 when all were delivered, 1 when some were, 2 when none was."""
        good = self.counts["delivered"] + self.counts["duplicate"]
        return (0 if good == sum(self.counts.values()) and not self.unreachable else 1) if good else 2

    async def _send(self, result: Result) -> Sent:
        output = result.output
        if output is None:
            return Sent(result.name, result.size, "unsent", error=result.error)
        outcome = await self._author.send(output.data)
        self.unreachable = self.unreachable or not outcome.reached
        said = outcome.said
        error = None if isinstance(said, Delivered) else said.error.located(input=result.name)
        return Sent(
            result.name,
            len(output.data),
            _kind(outcome),
            output.ivorn,
            tuple(str(loss) for loss in output.losses),
            outcome.attempts,
            error,
            said.receipt.result if said.receipt is not None else None,
        )


def _kind(outcome: Outcome) -> Kind:
    said = outcome.said
    if isinstance(said, Delivered):
        return "duplicate" if said.duplicate else "delivered"
    return "refused" if said.permanent else "failed"
