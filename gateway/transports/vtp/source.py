"""Brokers of VOEvents as a source.

Rules
1. An event is on the disk before its broker gets the acknowledgement, which the standard wants at once and whatever
   becomes of the event (VTP-34); there it waits until the route acknowledges it (`gateway.transports.vtp.seen`). What
   an earlier run left comes first.
2. When the disk does not take an event, it is not acknowledged and the connection ends; the broker may send it again.
3. What several brokers send, or one sends again, comes once (VTP-41), for as long as it is remembered.
4. While more waits than `MAX_WAITING`, brokers are read no further, which they notice as a slow subscriber.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from gateway.errors import OutputError
from gateway.relay.message import OVERHEAD, Message, Position
from gateway.transports.vtp.inbox import MAX_WAITING
from gateway.transports.vtp.seen import Seen
from gateway.transports.vtp.subscriber import Subscriber, Subscription
from gateway.vtp import Packet

__all__ = ["BrokerSource"]

MAX_BATCH = 2**20
"""Bytes of events that are given at a time: a burst goes on in pieces, and each is acknowledged when it is through."""

log = logging.getLogger("gateway.relay")


class BrokerSource:
    """Listens to some brokers. Make it in a coroutine of `gateway.transports.vtp.loop.run`.

    seen : the record, which no broker shares; it is closed with the source
    wall : seconds since 1970
    Raises SettingsError for an address or certificates that cannot be used.
    """

    def __init__(
        self,
        name: str,
        addresses: Sequence[str],
        subscription: Subscription,
        seen: Seen,
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name, self._seen, self._wall = name, seen, wall
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._there = asyncio.Event()
        self._stopped = self._held = self._closed = False
        self._listening: list[asyncio.Task[None]] = []
        self.subscribers = [
            Subscriber(address, subscription, self._take, self._say) for address in dict.fromkeys(addresses)
        ]

    @property
    def problem(self) -> str | None:
        """See `Connected`: ``source-unreachable`` while no broker is connected."""
        connected = any(subscriber.connected for subscriber in self.subscribers)
        return None if connected else "source-unreachable"

    async def batches(self) -> AsyncIterator[Sequence[Message]]:
        """See `Source`."""
        for number, payload in self._seen.waiting():
            if self._stopped:
                return
            yield (self._message(number, payload),)
        self._listening = [asyncio.create_task(subscriber.run()) for subscriber in self.subscribers]
        while not self._stopped:
            if self._waiting:
                yield self._some()
            else:
                self._there.clear()
                await self._there.wait()

    def ack(self, positions: Sequence[Position]) -> None:
        """See `Source`. What the disk does not take now is recorded with the next ones."""
        for number in positions:
            assert isinstance(number, int)
            self._seen.done(number)
        try:
            self._seen.commit()
            self._seen.prune(self._wall())
        except OutputError as error:
            log.error("%s: what has gone on cannot be recorded: %s", self.name, error)

    def stop(self) -> None:
        """See `Source`. What came meanwhile waits on the disk for the next run."""
        self._stopped = True
        for task in self._listening:
            task.cancel()
        self._there.set()

    async def close(self) -> None:
        """See `Source`."""
        self.stop()
        await asyncio.gather(*self._listening, return_exceptions=True)
        if not self._closed:
            self._closed = True
            self._seen.close()

    def _take(self, packet: Packet, address: str) -> bool:
        """Rules 1 and 2, from the socket."""
        try:
            try:
                number = self._seen.accept(packet.digest, packet.payload, self._wall())
            finally:
                self._seen.commit()  # also what failed, so that the next event does not fail with it
        except OutputError as error:
            log.error("%s: an event cannot be kept: %s", self.name, error)
            return False
        if number is not None:
            self._waiting.append(self._message(number, packet.payload))
            self._bytes += len(packet.payload) + OVERHEAD
            self._there.set()
            self._hold(self._bytes > MAX_WAITING)
        return True

    def _message(self, number: int, payload: bytes) -> Message:
        return Message(f"{self.name}@{number}", payload, number, time=self._wall())

    def _some(self) -> list[Message]:
        some: list[Message] = []
        size = 0
        while self._waiting and size < MAX_BATCH:
            message = self._waiting.popleft()
            size += len(message.data) + OVERHEAD
            some.append(message)
        self._bytes -= size
        self._hold(self._bytes > MAX_WAITING // 2 and self._held)
        return some

    def _hold(self, held: bool) -> None:
        if held is not self._held:
            self._held = held
            for subscriber in self.subscribers:
                subscriber.hold(held)

    def _say(self, text: str) -> None:
        log.info("%s: %s", self.name, text)
