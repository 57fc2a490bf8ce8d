"""A socket with a session on it: bytes and moments go in, and what the session says is done or handed on.

Rules
1. The session decides. `Send` is written, `Close` closes, whatever else happens is for whoever made the link.
2. A link has one timer, for the next one of its session.
3. A connection that was closed is over when what was written has gone, or after `MAX_LINGER` in any case: a peer
   that does not read must not keep it.
4. A mistake of the program in what is called from here ends the connection and is raised by whoever waits for `over`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError, TimeoutError
from twisted.internet.interfaces import IDelayedCall, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.errors import GatewayError, VTPError
from gateway.transports.vtp.loop import loop, reactor, wait
from gateway.vtp.events import Close, Event, Send
from gateway.vtp.session import Session

__all__ = ["MAX_LINGER", "Link", "connect"]

MAX_LINGER = 5
"""Seconds in which a connection that we close may write what is left: it is a receipt, or an event that nobody waits
for."""


_REASONS = {DNSLookupError: "no such host is known", TimeoutError: "it does not answer"}


class Link(Protocol):
    """One connection.

    happened : is given what the session says beside `Send` and `Close`, in order
    over : done when the connection is closed: why, or None when nobody is at fault
    """

    transport: Any

    def __init__(self, session: Session, happened: Callable[[Event], None]) -> None:
        self.session, self._happened = session, happened
        self.over: asyncio.Future[GatewayError | None] = loop().create_future()
        self._error: GatewayError | None = None
        self._timer: IDelayedCall | None = None
        self._closing = False

    def connectionMade(self) -> None:
        """Twisted: the connection is there."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # receipts are small, and waited for
        self.do(self.session.opened(loop().time()))

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes have come."""
        self.do(self.session.receive(data, loop().time()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        self._after(None)
        if reason.check(SSL.Error, VerificationError):
            self._error = VTPError(
                "vtp-tls", "The two sides do not agree on TLS, or a certificate is not believed."
            )
        elif not reason.check(ConnectionClosed):
            self.over.set_exception(reason.value or RuntimeError())  # rule 4
            return
        self.do(self.session.lost(loop().time()))
        self.over.set_result(self._error)

    def do(self, events: Iterable[Event]) -> None:
        """Do what the session says (rule 1)."""
        for event in events:
            if isinstance(event, Send):
                self.transport.write(event.data)
            elif isinstance(event, Close):
                self._end(event.error)
            else:
                self._happened(event)
        self._set_timer()

    def hold(self, held: bool) -> None:
        """Read no further for now, or again."""
        if not self._closing and not self.over.done():
            if held:
                self.transport.pauseProducing()
            else:
                self.transport.resumeProducing()

    def close(self) -> None:
        """End it, for we want no more."""
        self.do(self.session.close(loop().time()))

    async def closed(self) -> None:
        """End it and wait until it is over."""
        self.close()
        await asyncio.shield(self.over)

    def _end(self, error: GatewayError | None) -> None:
        """Rule 3."""
        self._error = error
        self._closing = True
        self.transport.loseConnection()
        self._after(MAX_LINGER, self.transport.abortConnection)

    def _set_timer(self) -> None:
        """Rule 2."""
        due = self.session.next_timer()
        if not self._closing:
            self._after(None if due is None else max(0.0, due - loop().time()), self._tick)

    def _tick(self) -> None:
        self.do(self.session.tick(loop().time()))

    def _after(self, seconds: float | None, call: Callable[[], object] | None = None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None or call is None else reactor().callLater(seconds, call)


async def connect(address: str, endpoint: IStreamClientEndpoint, link: Link) -> None:
    """Connect a link to where the endpoint of this address leads. Raises VTPError (vtp-unreachable)."""
    factory = Factory.forProtocol(lambda: link)
    factory.noisy = False
    try:
        await wait(endpoint.connect(factory))
    except (ConnectError, DNSLookupError, OSError) as problem:
        number = getattr(problem, "osError", None)
        reason = os.strerror(number) if isinstance(number, int) else _REASONS.get(type(problem), "no answer")
        raise VTPError("vtp-unreachable", f"{address} cannot be connected to: {reason}.") from None
