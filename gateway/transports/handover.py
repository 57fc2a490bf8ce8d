"""From a thread that reads to the loop: in order, as many as are there, and no more than a limit waits.

Rules
1. The thread waits while what it has put is not taken, so whoever does not take makes it wait.
2. After `close` nothing is put any more, and the thread learns that from the next attempt.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["MAX_HELD", "Handover"]

MAX_HELD = 4 * 2**20
"""Bytes that wait between a thread and the loop: fifty alerts of LSST, so that neither waits for the other long."""

T = TypeVar("T")


class Handover(Generic[T]):
    """Made in the loop that takes.

    limit : bytes that may wait; one thing may be longer
    """

    def __init__(self, limit: int = MAX_HELD) -> None:
        self._loop, self._limit = asyncio.get_running_loop(), limit
        self._change = threading.Condition()
        self._there = asyncio.Event()
        self._held: list[T] = []
        self._size = 0
        self._ended = self.closed = False
        self._error: BaseException | None = None

    def put(self, one: T, size: int) -> bool:
        """For the thread: give one thing. False when nobody takes any more."""
        with self._change:
            self._change.wait_for(lambda: self.closed or not self._held or self._size + size <= self._limit)
            if self.closed:
                return False
            self._held.append(one)
            self._size += size
            self._wake()
            return True

    def end(self, error: BaseException | None = None) -> None:
        """For the thread: there is no more, for a reason that `take` raises."""
        with self._change:
            self._ended, self._error = True, error
            self._wake()

    def pause(self, seconds: float) -> bool:
        """For the thread: wait. False when nobody takes any more."""
        with self._change:
            self._change.wait_for(lambda: self.closed, seconds)
            return not self.closed

    def call(self, what: Callable[[], object]) -> None:
        """For the thread: have the loop call something."""
        with self._change:
            if not self.closed:
                self._loop.call_soon_threadsafe(what)

    async def take(self) -> list[T]:
        """All that is there, as soon as there is something; nothing when there is no more."""
        while True:
            with self._change:
                if self._error is not None and not self._held:
                    raise self._error
                if self._held or self._ended or self.closed:
                    taken, self._held, self._size = self._held, [], 0
                    self._change.notify_all()
                    return taken
                self._there.clear()
            await self._there.wait()

    def close(self) -> None:
        """Take no more (rule 2)."""
        with self._change:
            self._wake()
            self.closed = True
            self._change.notify_all()

    def _wake(self) -> None:
        # Under the lock: the loop may end as soon as this is closed.
        if not self.closed:
            self._loop.call_soon_threadsafe(self._there.set)
