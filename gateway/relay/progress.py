"""Which messages are done: acknowledged in the order in which they came, whatever the order in which they are done."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from gateway.relay.message import Position

__all__ = ["MAX_UNDER_WAY", "Progress", "Ticket"]

MAX_UNDER_WAY = 500_000
"""Messages of a route that came and are not acknowledged. Queues bound those that go to sinks, but nothing else bounds
those that no sink wants, and each has a position that is kept while one before it is not done."""


class Ticket:
    """Some messages under way. They are done when each of the `parts` in which they go on is."""

    __slots__ = ("_parts", "_progress", "positions")

    def __init__(self, progress: Progress, positions: Sequence[Position], parts: int) -> None:
        self._progress, self.positions, self._parts = progress, positions, parts

    def done(self) -> None:
        """One part is."""
        self._parts -= 1
        self._progress.settle()

    @property
    def complete(self) -> bool:
        """Whether all parts are."""
        return self._parts <= 0


class Progress:
    """What of a source is under way. `ack` is told what is done, oldest first.

    under_way : how many messages are not done
    """

    def __init__(self, ack: Callable[[Sequence[Position]], None], limit: int = MAX_UNDER_WAY) -> None:
        self._ack, self._limit = ack, limit
        self._open: deque[Ticket] = deque()
        self._settled = asyncio.Event()
        self.under_way = 0

    async def room(self) -> None:
        """Wait until fewer are under way than may be."""
        while self.under_way >= self._limit:
            self._settled.clear()
            await self._settled.wait()

    def open(self, positions: Sequence[Position], parts: int) -> Ticket:
        """Some messages, the next ones, go on in so many parts. With none they are done."""
        ticket = Ticket(self, positions, parts)
        self._open.append(ticket)
        self.under_way += len(positions)
        self.settle()
        return ticket

    def settle(self) -> None:
        """Acknowledge what is done and has nothing before it that is not."""
        while self._open and self._open[0].complete:
            positions = self._open.popleft().positions
            self.under_way -= len(positions)
            self._ack(positions)
        self._settled.set()
