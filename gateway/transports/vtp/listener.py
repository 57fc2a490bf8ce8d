"""One who listens to several brokers as if they were one.

Rules
1. All brokers are listened to at the same time. What several send, or one sends again, is handled once: two events
   are the same when the bytes of their elements are (VTP-41), whatever their identifiers.
2. Only events of the wanted roles are handled. `test` is wanted alone or not at all: what takes observations never
   gets one (VE-06).
3. Whatever is not handled is acknowledged like the rest.
4. It ends after a number of events, after a time, or when it is told to stop; what was acknowledged is handled to
   the end first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.errors import SettingsError
from gateway.transports.vtp.inbox import Handle, Inbox
from gateway.transports.vtp.subscriber import Subscriber, Subscription
from gateway.vtp import Packet

__all__ = ["MAX_SEEN", "ROLES", "Counts", "Listener"]

ROLES = frozenset({"observation", "prediction", "utility"})
"""The roles that are handled unless told otherwise."""

MAX_SEEN = 200_000
"""Events that are remembered as handled: brokers repeat each other within minutes, and this is more than a day of
the largest historic streams."""

_Tasks = list[asyncio.Future[Any]]


@dataclass
class Counts:
    """What was heard, and what of it was not handled."""

    heard: int = 0
    handled: int = 0
    repeated: int = 0
    other_role: int = 0
    other_test: int = 0


class Listener:
    """Listens to brokers and gives what is wanted to `handle`, in threads.

    roles : those that are wanted (rule 2)
    count : end after so many events; None for no end
    threads : how many events may be handled at the same time
    say : is told what happens to connections
    Raises SettingsError for roles that do not go together and for addresses or certificates that cannot be used.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        subscription: Subscription,
        handle: Handle,
        say: Callable[[str], None],
        *,
        roles: frozenset[str] = ROLES,
        count: int | None = None,
        threads: int = 1,
    ) -> None:
        if "test" in roles and len(roles) > 1:
            raise SettingsError(
                "settings-value",
                "Test events never go where others go: listen for the role test alone, in another run.",
            )
        self.counts = Counts()
        self._say = say
        self._roles, self._left = roles, count
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._done = asyncio.Event()
        self._inbox = Inbox(handle, self._hold, threads=threads)
        self._subscribers = [
            Subscriber(address, subscription, self._take, say) for address in dict.fromkeys(addresses)
        ]

    @property
    def connections(self) -> int:
        """How often a broker could be connected to."""
        return sum(subscriber.connections for subscriber in self._subscribers)

    async def run(self, stop: asyncio.Event, seconds: float | None = None) -> None:
        """Listen until `stop` is set, for so many seconds, or until all were heard (rule 4)."""
        listening: _Tasks = [asyncio.ensure_future(subscriber.run()) for subscriber in self._subscribers]
        ends: _Tasks = [asyncio.ensure_future(event.wait()) for event in (stop, self._done)]
        try:
            await asyncio.wait(
                [*listening, *ends, self._inbox.failed], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            await _cancelled(listening)
            if self._inbox.waiting:
                self._say(
                    f"{self._inbox.waiting} acknowledged events are still to be handled. To stop again ends it at once."
                )
            await self._inbox.drained()
            if self._inbox.failed.done():
                self._inbox.failed.result()
        finally:
            self._inbox.close()
            self._inbox.failed.cancel()
            await _cancelled([*listening, *ends])

    def _take(self, packet: Packet, source: str) -> bool:
        """Take in one event (rules 1 to 3). False when enough were heard."""
        if self._left == 0:
            return False
        self.counts.heard += 1
        if packet.digest in self._seen:
            self._seen.move_to_end(packet.digest)
            self.counts.repeated += 1
            return True
        self._seen[packet.digest] = None
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        if packet.role not in self._roles:
            self.counts.other_role += 1
            self.counts.other_test += packet.role == "test"
            return True
        self.counts.handled += 1
        self._inbox.put(packet, source)
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self._done.set()
        return True

    def _hold(self, held: bool) -> None:
        for subscriber in self._subscribers:
            subscriber.hold(held)


async def _cancelled(tasks: _Tasks) -> None:
    """End tasks. Raises what one of them raised by itself."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
