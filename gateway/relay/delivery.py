"""What stands between a route and one of its sinks: a queue, patience, and a disk for when that is not enough.

Rules
1. Batches go to the sink one after the other, in the order in which they came, and those who bring some wait in the
   order in which they came, too.
2. A sink that fails gets the same batch again after a pause, each about twice as long as the one before, up to
   `MAX_PAUSE`, and shortened at random, so that many gateways do not come back at once. One that does not answer for
   `MAX_SILENCE` counts as failing; it is waited for all the same, for it may have taken the batch.
3. A full queue makes the route wait. While the sink fails, and until the spool is empty again, the oldest of the queue
   go to the spool to make room, and the route goes on. When the spool is full, too, the route waits.
4. What is in the spool is older than what is in the queue, always. So the sink gets it first, in the next run too, and
   what a source is told to be done is nearly all that the spool has: little comes twice after a kill.
5. A batch is `accepted` when the sink has it or the spool has it. What the sink never takes goes to `refused` first.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.errors import DeliveryError, OutputError
from gateway.relay.contract import Refused, Sink, Spool
from gateway.relay.message import Batch
from gateway.relay.metrics import Metrics
from gateway.vtp.timers import Backoff

__all__ = ["MAX_PAUSE", "MAX_QUEUE", "MAX_SILENCE", "Delivery", "Trouble"]

MAX_QUEUE = 32 * 2**20
"""Bytes that wait in memory for one sink: some seconds of Rubin's stream, and little beside the rest of a process."""

MAX_PAUSE = 60
"""Seconds between two attempts, at most: a sink that is back has to wait no longer."""

MAX_SILENCE = 60
"""Seconds without an answer after which a sink counts as failing: a batch takes it one, and TCP gives up after many
minutes."""

log = logging.getLogger("gateway.relay")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a sink takes nothing: the code of its last error, and since when (seconds since 1970)."""

    code: str
    since: float


class Delivery:
    """Gives one sink its batches. `run` does it; `put` takes them in.

    refused : what becomes of a product that the sink never takes
    limit : bytes of the queue
    silence : seconds (rule 2)
    pause : makes the waits between attempts, anew for each batch
    clock : seconds since 1970

    trouble : what is wrong with the sink since its last success, or None
    """

    def __init__(
        self,
        sink: Sink,
        refused: Callable[[Refused], Awaitable[None]],
        metrics: Metrics,
        *,
        spool: Spool | None = None,
        limit: int = MAX_QUEUE,
        silence: float = MAX_SILENCE,
        pause: Callable[[], Backoff] = lambda: Backoff(random.random, MAX_PAUSE),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.sink, self.spool = sink, spool
        self.trouble: Trouble | None = None
        self._refused, self._metrics, self._limit, self._silence = refused, metrics, limit, silence
        self._pause, self._clock = pause, clock
        self._queue: deque[tuple[Batch, Callable[[], None]]] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()  # of those who bring batches
        self._moving = asyncio.Lock()  # of whoever moves the oldest batch
        self._show()

    async def put(self, batch: Batch, accepted: Callable[[], None]) -> None:
        """Take a batch; it returns when there is room (rule 3). `accepted` is called once (rule 5).

        When it is cancelled, the batch was not taken.
        """
        async with self._turn:
            while self._full(batch.size):
                changed = self._changed
                if not (self._behind and await self._spill()):
                    await changed.wait()
            self._queue.append((batch, accepted))
            self._bytes += batch.size
        self._wake()

    def _full(self, size: int) -> bool:
        return bool(self._queue) and self._bytes + size > self._limit

    @property
    def _behind(self) -> bool:
        """Whether more comes than the sink takes, and that for long (rule 3)."""
        return self.trouble is not None or (self.spool is not None and self.spool.count > 0)

    async def _spill(self) -> bool:
        """Move the oldest batch of the queue to the end of the spool; False when that cannot be."""
        async with self._moving:
            if self.spool is None or not self._queue:
                return False
            try:
                if not await self.spool.put(self._queue[0][0]):
                    return False
            except OutputError as error:
                log.error("%s: what waits cannot be kept on the disk: %s", self.sink.name, error)
                return False
            self._next()
            return True

    def _next(self) -> None:
        """The oldest batch of the queue is where it should be."""
        batch, accepted = self._queue.popleft()
        self._bytes -= batch.size
        accepted()
        self._wake()

    async def run(self) -> None:
        """Deliver, without end. Raises what `refused` raises, and OutputError when the spool is damaged."""
        while True:
            while not self._waiting:
                await self._changed.wait()
            await self._deliver(await self._oldest())
            async with self._moving:
                # It may have gone from the queue to the spool meanwhile, and there it is the oldest, too (rule 4).
                if self.spool is not None and self.spool.count:
                    await self.spool.drop()
                    self._wake()
                else:
                    self._next()

    async def _oldest(self) -> Batch:
        async with self._moving:
            if self.spool is not None and self.spool.count:
                return await self.spool.first()
            return self._queue[0][0]

    async def _deliver(self, batch: Batch) -> None:
        backoff = self._pause()
        overdue = asyncio.get_running_loop().call_later
        while True:
            silent = overdue(self._silence, self._fails, "delivery-failed")
            try:
                refused = await self.sink.send(batch)
                break
            except DeliveryError as error:
                self._fails(error.code)
                wait = backoff.wait()
                log.warning("%s does not take a batch, again in %.1f s: %s", self.sink.name, wait, error)
            finally:
                silent.cancel()
            await asyncio.sleep(wait)
        self.trouble = None
        self._show()
        for one in refused:
            await self._refused(one)
        self._metrics.add("delivered_total", len(batch.products) - len(refused), self.sink.name)

    def _fails(self, code: str) -> None:
        self.trouble = Trouble(code, self.trouble.since if self.trouble else self._clock())
        self._metrics.add("delivery_failures_total", 1, self.sink.name)
        self._wake()

    @property
    def _waiting(self) -> bool:
        return bool(self._queue) or (self.spool is not None and self.spool.count > 0)

    async def drained(self) -> None:
        """Wait until nothing waits in memory."""
        while self._queue:
            await self._changed.wait()

    async def keep(self) -> None:
        """When it no longer runs: put what still waits in memory on the disk, if it has one with room."""
        while await self._spill():
            pass

    def _wake(self) -> None:
        """Whoever waits for a change looks again, and whoever waits from now on waits for the next one."""
        self._changed.set()
        self._changed = asyncio.Event()
        self._show()

    def _show(self) -> None:
        self._metrics.set("queue_bytes", self._bytes, self.sink.name)
        self._metrics.set("sink_failing", self.trouble is not None, self.sink.name)
        if self.spool is not None:
            self._metrics.set("spool_batches", self.spool.count, self.sink.name)
            self._metrics.set("spool_bytes", self.spool.bytes, self.sink.name)

    async def close(self) -> None:
        """Let go of the sink and the spool."""
        await self.sink.close()
        if self.spool is not None:
            await self.spool.close()
