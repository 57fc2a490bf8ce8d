"""An author over a socket: each event over a connection of its own, again where that may help (VTP-20 to 25).

Rules
1. One connection, one event (VTP-06).
2. A failure that may pass (no connection, no receipt: VTP-23) is followed by another attempt after a while that
   doubles each time; a nak never is (VTP-24).
3. To try again is safe: a broker that had the event after all knows it by its bytes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from gateway.errors import VTPError
from gateway.transports.vtp.clients import ClientTLS, endpoint_of
from gateway.transports.vtp.link import Link, connect
from gateway.vtp import author
from gateway.vtp.events import Delivered, Event, Undelivered
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.timers import TIMERS, Backoff, Timers

__all__ = ["MAX_ATTEMPTS", "Author", "Outcome"]

MAX_ATTEMPTS = 5
"""Attempts to send one event, unless told otherwise: with the waits between them, a broker has half a minute to
restart."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending one event.

    said : what the broker said, or the failure of the last attempt
    attempts : how many there were
    reached : whether a connection was there in one of them
    """

    said: Delivered | Undelivered
    attempts: int = 1
    reached: bool = True

    @property
    def delivered(self) -> bool:
        """Whether the broker has the event."""
        return isinstance(self.said, Delivered)


class Author:
    """Sends events to one broker.

    address : see `gateway.transports.vtp.endpoints`
    tls : how the broker is believed, when it speaks TLS
    attempts : at most so many for one event
    limit : bytes of the largest event that is sent
    timers : `Timers.receipt` is the wait for a receipt
    pause : waits so many seconds
    Raises SettingsError for an address or certificates that cannot be used.
    """

    def __init__(
        self,
        address: str,
        *,
        tls: ClientTLS | None = None,
        attempts: int = MAX_ATTEMPTS,
        limit: int = MAX_FRAME,
        timers: Timers = TIMERS,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.address = address
        self._endpoint = endpoint_of(address, tls)
        self._attempts, self._limit, self._timers, self._pause = attempts, limit, timers, pause

    async def send(self, payload: bytes) -> Outcome:
        """Send one event. Raises VTPError (vtp-length) for one that is larger than the limit."""
        backoff = Backoff(random.random)
        outcome = await self._attempt(payload)
        while isinstance(outcome.said, Undelivered) and not outcome.said.permanent:
            if outcome.attempts >= self._attempts:
                break
            await self._pause(backoff.wait())
            again = await self._attempt(payload)
            outcome = replace(again, attempts=outcome.attempts + 1, reached=outcome.reached or again.reached)
        return outcome

    async def _attempt(self, payload: bytes) -> Outcome:
        said: list[Delivered | Undelivered] = []

        def happened(event: Event) -> None:
            if isinstance(event, Delivered | Undelivered):
                said.append(event)

        link = Link(author.Author(payload, limit=self._limit, timers=self._timers), happened)
        try:
            await connect(self._endpoint, link)
        except VTPError as problem:
            return Outcome(Undelivered(problem), reached=False)
        try:
            error = await asyncio.shield(link.over)
        finally:
            await link.close()
        (result,) = said
        # The session knows that the connection went away; the socket may know why.
        if error is not None and isinstance(result, Undelivered) and not result.permanent:
            return Outcome(Undelivered(error))
        return Outcome(result)
