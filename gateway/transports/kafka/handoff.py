"""What stands between the thread that reads and the loop that the route runs in.

Rules
1. `MAX_AHEAD` batches wait here at most. Then the thread reads no more until one is taken.
2. What is taken is under way, what still waits is not: when a partition goes away, what waits of it is forgotten, and
   what is under way is waited for.
3. The thread never calls into the loop but to wake it. All else is under one lock, and nobody holds that for long.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Collection, Sequence

from gateway.relay.message import Message
from gateway.transports.kafka.ledger import Key, Ledger, Place

__all__ = ["MAX_AHEAD", "Handoff"]

MAX_AHEAD = 4
"""Batches that were read and that nobody has asked for yet: enough that the route never waits for the network, and few
to read again after a rebalance. Librdkafka has more, see `gateway.transports.kafka.poller`."""


class Handoff:
    """Shared by one thread and one loop. Made in the loop."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._lock = threading.Condition()
        self._ahead: deque[list[Message]] = deque()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._stopped = self._closing = self._ended = False
        self._error: BaseException | None = None

    # In the loop.

    async def take(self) -> Sequence[Message] | None:
        """The next batch; None after `stop`. Raises what the thread ended with, after what it had read."""
        while True:
            with self._lock:
                if self._stopped:
                    return None
                if self._ahead:
                    batch = self._ahead.popleft()
                    for message in batch:
                        self.ledger.give(_place(message))
                    self._lock.notify_all()
                    return batch
                if self._error is not None:
                    raise self._error
                self._wake.clear()
            await self._wake.wait()

    def acknowledge(self, places: Sequence[Place]) -> None:
        """These are done."""
        with self._lock:
            self.ledger.acknowledge(places)
            self._lock.notify_all()

    def holds(self, places: Sequence[Place]) -> bool:
        """Whether all of these are of partitions that are ours, and have been since they were read."""
        with self._lock:
            return self.ledger.holds(places)

    def stop(self) -> None:
        """`take` gives no more, and the thread reads no more; it stays in its group."""
        with self._lock:
            self._stopped = True
            self._ahead.clear()
            self._lock.notify_all()
        self._wake.set()

    async def close(self, patience: float) -> bool:
        """End the thread; whether it ended within so many seconds."""
        with self._lock:
            self._closing = self._stopped = True
            self._lock.notify_all()
        self._wake.set()
        try:
            async with asyncio.timeout(patience):
                while not self._ended:
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            return False
        return True

    # In the thread.

    @property
    def closing(self) -> bool:
        """Whether the thread is to end."""
        return self._closing

    @property
    def full(self) -> bool:
        """Whether nothing more is to be read now (rule 1)."""
        return self._stopped or len(self._ahead) >= MAX_AHEAD

    def wait_for_room(self, patience: float) -> None:
        """Wait so many seconds at most."""
        with self._lock:
            self._lock.wait_for(lambda: not self.full or self._closing, patience)

    def wait_for_acknowledgements(self, keys: Collection[Key], patience: float) -> bool:
        """Wait until nothing of these partitions is under way, and say whether that is so."""
        with self._lock:
            self._lock.wait_for(lambda: self._closing or not self.ledger.under_way(keys), patience)
            return not self.ledger.under_way(keys)

    def put(self, batch: list[Message]) -> None:
        """Hand over what was read of partitions that are held."""
        with self._lock:
            if not self._stopped:
                self._ahead.append(batch)
        self._rouse()

    def assign(self, keys: Collection[Key]) -> None:
        """These partitions are ours now."""
        with self._lock:
            self.ledger.assign(keys)

    def drop(self, keys: Collection[Key]) -> None:
        """Forget what waits of these partitions."""
        with self._lock:
            gone = set(keys)
            kept = [[m for m in batch if _place(m)[:2] not in gone] for batch in self._ahead]
            self._ahead = deque(batch for batch in kept if batch)

    def release(self, keys: Collection[Key]) -> None:
        """These partitions are not ours any more."""
        self.drop(keys)
        with self._lock:
            self.ledger.release(keys)
            self._lock.notify_all()

    def due(self, keys: Collection[Key] | None = None) -> list[tuple[str, int, int]]:
        """What is to be committed, see `Ledger.due`."""
        with self._lock:
            return self.ledger.due(keys)

    def failed(self, keys: Collection[Key]) -> None:
        """A commit of these failed."""
        with self._lock:
            self.ledger.failed(keys)

    def end(self, error: BaseException | None) -> None:
        """The thread has ended."""
        with self._lock:
            self._error, self._ended = error, True
        self._rouse()

    def _rouse(self) -> None:
        # A loop that is closed has nobody in it who waits.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)


def _place(message: Message) -> Place:
    assert isinstance(message.position, Place)
    return message.position
