"""What was acknowledged and waits for its handler: threads do the handling, so that the loop goes on answering brokers.

Rules
1. One thread handles events in the order in which they came; several handle them side by side.
2. What waits is bytes, parsed anew when their turn comes: a parsed event takes 14 times as much memory. They have a
   limit. Over it brokers are no longer read from, which they notice as a slow subscriber, and are again when half is
   done. What was acknowledged is never thrown away.
3. What a handler raises ends the whole: `failed` has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gateway.relay import packet_of
from gateway.transports.vtp.loop import loop
from gateway.vtp import Packet

__all__ = ["MAX_WAITING", "Inbox"]

MAX_WAITING = 64 * 2**20
"""Bytes of events that wait for their handler. A burst of ten thousand usual ones fits."""

Handle = Callable[[Packet, str], None]


class Inbox:
    """Gives packets, with the address of their broker, to `handle` in threads.

    hold : is told whether brokers are to be read from no further
    """

    def __init__(
        self, handle: Handle, hold: Callable[[bool], None], *, threads: int = 1, limit: int = MAX_WAITING
    ) -> None:
        self._handle, self._hold, self._limit = handle, hold, limit
        self._pool = ThreadPoolExecutor(threads, "handler")
        self._waiting: set[asyncio.Future[None]] = set()
        self._bytes = 0
        self._held = False
        self.failed: asyncio.Future[None] = loop().create_future()

    def put(self, packet: Packet, source: str) -> None:
        """Take one in."""
        size = len(packet.payload)
        future = loop().run_in_executor(self._pool, self._handled, packet.payload, source)
        self._waiting.add(future)
        future.add_done_callback(lambda future: self._done(future, size))
        self._bytes += size
        if self._bytes > self._limit:
            self._held = True
            self._hold(True)

    def _handled(self, payload: bytes, source: str) -> None:
        self._handle(packet_of(payload), source)

    def _done(self, future: asyncio.Future[None], size: int) -> None:
        self._waiting.discard(future)
        self._bytes -= size
        if self._held and self._bytes <= self._limit // 2:
            self._held = False
            self._hold(False)
        if not future.cancelled() and (error := future.exception()) is not None and not self.failed.done():
            self.failed.set_exception(error)

    @property
    def waiting(self) -> int:
        """How many are not handled yet."""
        return len(self._waiting)

    async def drained(self) -> None:
        """Wait until nothing waits."""
        while self._waiting:
            await asyncio.wait(self._waiting)

    def close(self) -> None:
        """Start nothing more. What is being handled ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
