"""A source of test events: who hears one sees that the whole way from here to there works when the sky is quiet.

Rules
1. It gives an event of the role ``test`` each so many seconds, the first one at once. It goes the way of every message,
   through the policy, filters, roles and sinks: an output that takes observations only does not pass it on.
2. While the last one is not acknowledged there is no next one: those of an hour in which a sink was down would help
   nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.relay.message import Message, Position
from gateway.relay.testevent import test_event

__all__ = ["Heartbeat"]


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


class Heartbeat:
    """A `gateway.relay.contract.Source`.

    local : the IVOID in whose name the events are issued
    interval : seconds between two
    given : how many were
    """

    def __init__(
        self, name: str, local: str, interval: float, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.name, self.given = name, 0
        self._local, self._interval, self._clock = local, interval, clock
        self._done = asyncio.Event()
        self._stop = asyncio.Event()

    async def batches(self) -> AsyncIterator[Sequence[Message]]:
        """The events."""
        while not self._stop.is_set():
            now = self._clock()
            self._done.clear()
            self.given += 1
            yield [
                Message(
                    f"{self.name}@{self.given}",
                    test_event(self._local, now),
                    self.given,
                    time=now.timestamp(),
                )
            ]
            await self._either(self._stop.wait(), asyncio.sleep(self._interval))
            await self._either(self._stop.wait(), self._done.wait())

    async def _either(self, *waits: Coroutine[Any, Any, object]) -> None:
        tasks = [asyncio.create_task(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    def ack(self, positions: Sequence[Position]) -> None:
        """It arrived."""
        if self.given in positions:
            self._done.set()

    def stop(self) -> None:
        """Give no more."""
        self._stop.set()

    async def close(self) -> None:
        """Nothing is to be let go."""
