"""What waits for one subscriber, with a bound: nobody's slowness costs the others time or memory.

Rules
1. As long as the connection takes what is written, nothing waits. Twisted keeps what the system does not take at once
   and says `pauseProducing`; from then on events wait here, in order, until `resumeProducing`.
2. All that waits is the one framed document that every subscriber gets: a reference, not a copy.
3. Over the limit it goes as the operator chose: the oldest are left out (``drop-oldest``), the connection is closed
   (``drop-connection``), or what is new goes to a file (`gateway.transports.vtp.spill`), up to a limit of its own and
   one for all files together, and comes back in order.
4. What is left out is counted. What the peer must get apart from events (Transports) is written at once; who asks for
   more of it than it reads (`full`) is let go by the connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from gateway.transports.vtp.spill import MAX_SPILL, Disk, Spill
from gateway.vtp.broadcaster import Outgoing

__all__ = ["MAX_QUEUE", "WHEN_FULL", "Outbox", "WhenFull"]

MAX_QUEUE = 4 * 2**20
"""Bytes that wait in memory for one subscriber: the core events of ten visits of LSST. A thousand subscribers that
read nothing share the same documents, so they keep the last of them once, not a thousand times."""

WhenFull = Literal["drop-oldest", "drop-connection", "spill"]
WHEN_FULL: tuple[WhenFull, ...] = get_args(WhenFull)


@implementer(IPushProducer)
class Outbox:
    """The events of one subscriber. `deliver` writes one to the connection, which says when that is too much.

    folder, disk : where a file for spilled events is made, and the room that it shares with others
    waiting : bytes that wait, in memory and in the file
    dropped : events left out
    """

    def __init__(
        self,
        deliver: Callable[[Outgoing], None],
        *,
        limit: int = MAX_QUEUE,
        when_full: WhenFull = "drop-oldest",
        folder: Path | None = None,
        disk: Disk | None = None,
        spill_limit: int = MAX_SPILL,
    ) -> None:
        self._deliver, self._limit, self._when_full = deliver, limit, when_full
        self._folder, self._disk, self._spill_limit = folder, disk or Disk(), spill_limit
        self._queue: deque[Outgoing] = deque()
        self._queued = 0
        self._spilled: Spill | None = None
        self._paused = self._stopped = False
        self.dropped = 0

    @property
    def full(self) -> bool:
        """Whether the connection takes nothing more for now."""
        return self._paused

    @property
    def waiting(self) -> int:
        """Bytes that wait."""
        return self._queued + (self._spilled.size if self._spilled else 0)

    @property
    def count(self) -> int:
        """Events that wait."""
        return len(self._queue) + (self._spilled.count if self._spilled else 0)

    def put(self, event: Outgoing) -> bool:
        """Deliver an event, now or later. False when the connection has to be closed instead (rule 3)."""
        if self._stopped:
            return True
        if not self._paused:
            self._deliver(event)
            return True
        size = len(event.send.data)
        if self._queued + size <= self._limit and not self._spilled:
            self._keep(event)
            return True
        if self._when_full == "drop-oldest":
            while self._queue and self._queued + size > self._limit:
                self._forget()
                self.dropped += 1
            self._keep(event)
            return True
        if self._when_full == "spill" and self._spill(event):
            return True
        self.dropped += 1
        return False

    def _spill(self, event: Outgoing) -> bool:
        """False when the file is full, or the disk, or there can be no file."""
        if self._spilled is None:
            try:
                self._spilled = Spill(self._folder, self._disk, self._spill_limit)
            except OSError:
                return False
        return self._spilled.put(event)

    def _keep(self, event: Outgoing) -> None:
        self._queue.append(event)
        self._queued += len(event.send.data)

    def _forget(self) -> Outgoing:
        event = self._queue.popleft()
        self._queued -= len(event.send.data)
        return event

    # What Twisted says

    def pauseProducing(self) -> None:
        """The connection has enough for now."""
        self._paused = True

    def resumeProducing(self) -> None:
        """The connection takes more."""
        self._paused = False
        while not (self._paused or self._stopped):
            if self._queue:
                self._deliver(self._forget())
            elif self._spilled is not None:
                event = self._spilled.get()
                if event is None:
                    self._spilled.close()
                    self._spilled = None
                else:
                    self._deliver(event)
            else:
                break

    def stopProducing(self) -> None:
        """The connection is gone; so is what waits for it."""
        self._stopped = True
        self.dropped += self.count
        self._queue.clear()
        self._queued = 0
        if self._spilled is not None:
            self._spilled.close()
            self._spilled = None
