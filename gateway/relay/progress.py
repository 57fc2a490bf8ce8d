"""Which messages are done: acknowledged in the order in which they came, whatever the order in which they are done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from gateway.relay.message import Position

__all__ = ["Progress", "Ticket"]


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
    """What of a source is under way. `ack` is told what is done, oldest first."""

    def __init__(self, ack: Callable[[Sequence[Position]], None]) -> None:
        self._ack = ack
        self._open: deque[Ticket] = deque()

    def open(self, positions: Sequence[Position], parts: int) -> Ticket:
        """Some messages, the next ones, go on in so many parts. With none they are done."""
        ticket = Ticket(self, positions, parts)
        self._open.append(ticket)
        self.settle()
        return ticket

    def settle(self) -> None:
        """Acknowledge what is done and has nothing before it that is not."""
        while self._open and self._open[0].complete:
            self._ack(self._open.popleft().positions)

    @property
    def under_way(self) -> int:
        """How many messages are not done."""
        return sum(len(ticket.positions) for ticket in self._open)
