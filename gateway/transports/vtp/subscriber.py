"""A subscriber to one broker: it connects, takes events, and connects again when that ends (VTP-30 to 36).

Rules
1. An event is acknowledged when it has been taken in, before anybody does anything with it, and whatever becomes of
   it: a broker may hang up on whoever says no, or says nothing (VTP-34, VTP-35).
2. What the taker has no room for any more is not acknowledged, and that is the end of the connection.
3. After a connection that failed or ended comes another attempt, after a while that doubles each time (VTP-33).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import GatewayError, VTPError
from gateway.transports.vtp.clients import ClientTLS, endpoint_of
from gateway.transports.vtp.link import Link, connect
from gateway.transports.vtp.loop import loop
from gateway.transports.vtp.quoted import quoted
from gateway.vtp import Packet, subscriber
from gateway.vtp.events import Event, Ignored, Received, Told
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.timers import MAX_BACKOFF, TIMERS, Backoff, Timers

__all__ = ["ANONYMOUS", "Subscriber", "Subscription"]

ANONYMOUS = "ivo://org.example/anonymous"
"""The name that a subscriber has in its receipts unless it is given its own: in an authority that is nobody's."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is the same for all brokers that somebody listens to.

    ivoid : the subscriber's own identifier, which stands in its receipts
    filters : XPath expressions; a broker that knows them sends what passes one of them
    version : the VOEvent version to ask for; None says nothing, which means 2.0
    roles : the roles of events to ask for, which brokers of ours know; none says nothing, which means all
    tls : how brokers are believed, when they speak TLS
    limit : bytes of the largest event that is taken
    longest : seconds between two attempts to connect, at most
    """

    ivoid: str = ANONYMOUS
    filters: tuple[str, ...] = ()
    version: str | None = None
    tls: ClientTLS | None = None
    limit: int = MAX_FRAME
    roles: tuple[str, ...] = ()
    longest: float = MAX_BACKOFF
    timers: Timers = field(default=TIMERS)


class Subscriber:
    """Listens to one broker until its `run` is cancelled.

    take : is given each event, as soon as it has come; says whether it was taken in (rule 2)
    say : is told what happens to the connection
    pause : waits so many seconds
    random : for `Backoff`
    Raises SettingsError for an address or certificates that cannot be used.
    """

    def __init__(
        self,
        address: str,
        subscription: Subscription,
        take: Callable[[Packet, str], bool],
        say: Callable[[str], None],
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.address = address
        self.connections = 0
        self.ignored = 0
        self._subscription, self._take, self._say, self._pause = subscription, take, say, pause
        self._endpoint = endpoint_of(address, subscription.tls)
        self._backoff = Backoff(random, subscription.longest)
        self._link: Link | None = None

    @property
    def connected(self) -> bool:
        """Whether it is."""
        return self._link is not None

    async def run(self) -> None:
        """Connect, and listen, and connect again."""
        while True:
            lasted, error = await self._listen()
            seconds = self._backoff.wait(lasted)
            reason = error.message if error is not None else "The broker closed the connection."
            self._say(f"{self.address}: {reason} The next attempt is in {seconds:.1f} s.")
            await self._pause(seconds)

    async def _listen(self) -> tuple[float, GatewayError | None]:
        """One connection: how many seconds it lasted, and why it ended."""
        about = self._subscription
        session = subscriber.Subscriber(
            about.ivoid,
            filters=about.filters,
            version=about.version,
            roles=about.roles,
            limit=about.limit,
            timers=about.timers,
        )
        link = Link(session, lambda event: self._happened(session, link, event))
        try:
            await connect(self._endpoint, link)
        except VTPError as problem:
            return 0.0, problem
        start, self._link = loop().time(), link
        self.connections += 1
        self._say(f"{self.address}: connected.")
        try:
            error = await asyncio.shield(link.over)
            return loop().time() - start, error
        finally:
            self._link = None
            await link.close()

    def _happened(self, session: subscriber.Subscriber, link: Link, event: Event) -> None:
        if isinstance(event, Received):
            if self._take(event.packet, self.address):
                link.do(session.answer(event.packet, loop().time()))
            else:
                link.end()
        elif isinstance(event, Ignored):
            self.ignored += 1
        elif isinstance(event, Told):
            self._say(f"{self.address}: the broker says: {quoted(event.result)}")

    def hold(self, held: bool) -> None:
        """Read no further for now, or again: what has come has to be dealt with first."""
        if self._link is not None:
            self._link.hold(held)
