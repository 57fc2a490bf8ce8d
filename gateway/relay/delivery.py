"""What stands between a route and one of its sinks: a queue, patience, and a disk for when that is not enough.

Rules
1. Batches go to the sink one after the other, in the order in which they came.
2. A sink that fails gets the same batch again after a pause, each about twice as long as the one before, up to
   `MAX_PAUSE`, and shortened at random, so that many gateways do not come back at once.
3. While it takes everything, a full queue makes the route wait. While it fails, what does not fit goes to the spool,
   and everything after that too, so that nothing overtakes; the route goes on. When the spool is full the route waits.
4. A batch is `accepted` when the sink has it or the spool has it. What the spool has goes first in the next run.
5. What the sink never takes goes to `refused`, and the batch is accepted when that is done.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable

from gateway.errors import DeliveryError, OutputError
from gateway.relay.contract import Refused, Sink, Spool
from gateway.relay.message import Batch
from gateway.relay.metrics import Metrics
from gateway.vtp.timers import Backoff

__all__ = ["MAX_PAUSE", "MAX_QUEUE", "Delivery"]

MAX_QUEUE = 32 * 2**20
"""Bytes that wait in memory for one sink: some seconds of Rubin's stream, and little beside the rest of a process."""

MAX_PAUSE = 60
"""Seconds between two attempts, at most: a sink that is back has to wait no longer."""

log = logging.getLogger("gateway.relay")


class Delivery:
    """Gives one sink its batches. `run` does it; `put` takes them in.

    refused : what becomes of a product that the sink never takes
    pause : makes the waits between attempts, anew for each batch
    failing : whether the last attempt failed
    """

    def __init__(
        self,
        sink: Sink,
        refused: Callable[[Refused], Awaitable[None]],
        metrics: Metrics,
        *,
        spool: Spool | None = None,
        limit: int = MAX_QUEUE,
        pause: Callable[[], Backoff] = lambda: Backoff(random.random, MAX_PAUSE),
    ) -> None:
        self.sink = sink
        self._refused, self._metrics, self._spool, self._limit, self._pause = (
            refused,
            metrics,
            spool,
            limit,
            pause,
        )
        self._queue: deque[tuple[Batch, Callable[[], None]]] = deque()
        self._bytes = 0
        self._change = asyncio.Condition()
        self.failing = False

    async def put(self, batch: Batch, accepted: Callable[[], None]) -> None:
        """Take a batch; it returns when there is room (rule 3). `accepted` is called once (rule 4)."""
        async with self._change:
            await self._change.wait_for(lambda: self._took(batch, accepted))
            self._change.notify_all()

    def _took(self, batch: Batch, accepted: Callable[[], None]) -> bool:
        size = batch.size
        full = bool(self._bytes) and self._bytes + size > self._limit
        if self._spool is not None and (self._spool.count or (full and self.failing)):
            if not self._spooled(self._spool, batch):
                return False
            accepted()
            return True
        if full:
            return False
        self._queue.append((batch, accepted))
        self._bytes += size
        self._metrics.set("queue_bytes", self._bytes, self.sink.name)
        return True

    def _spooled(self, spool: Spool, batch: Batch) -> bool:
        try:
            kept = spool.put(batch)
        except OutputError as error:
            log.error("%s: what waits cannot be kept on the disk: %s", self.sink.name, error)
            return False
        self._metrics.set("spool_batches", spool.count, self.sink.name)
        return kept

    async def run(self) -> None:
        """Deliver, without end. Raises what `refused` raises."""
        while True:
            async with self._change:
                await self._change.wait_for(lambda: self._waiting)
            # The queue is older than what is in the spool, but for what an earlier run left there (rule 4), and then
            # nothing is in the queue.
            if self._queue:
                batch, accepted = self._queue[0]
                await self._deliver(batch)
                self._queue.popleft()
                self._bytes -= batch.size
                self._metrics.set("queue_bytes", self._bytes, self.sink.name)
                accepted()
            elif self._spool is not None:
                await self._deliver(self._spool.first())
                self._spool.drop()
                self._metrics.set("spool_batches", self._spool.count, self.sink.name)
            await self._changed()

    async def _deliver(self, batch: Batch) -> None:
        backoff = self._pause()
        while True:
            try:
                refused = await self.sink.send(batch)
                break
            except DeliveryError as error:
                self.failing = True
                self._metrics.add("delivery_failures_total", 1, self.sink.name)
                wait = backoff.wait()
                log.warning("%s does not take a batch, again in %.1f s: %s", self.sink.name, wait, error)
                await self._changed()
                await asyncio.sleep(wait)
        self.failing = False
        for one in refused:
            await self._refused(one)
        self._metrics.add("delivered_total", len(batch.products) - len(refused), self.sink.name)

    @property
    def _waiting(self) -> bool:
        return bool(self._queue) or (self._spool is not None and self._spool.count > 0)

    async def drained(self) -> None:
        """Wait until nothing waits in memory."""
        async with self._change:
            await self._change.wait_for(lambda: not self._queue)

    async def _changed(self) -> None:
        async with self._change:
            self._change.notify_all()

    async def close(self) -> None:
        """Let go of the sink and the spool."""
        await self.sink.close()
        if self._spool is not None:
            self._spool.close()
