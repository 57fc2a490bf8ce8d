"""A connection that we make, with a session on it: bytes and moments go in, and what the session says is done.

Rules
1. The session decides. `Send` is written, `Close` closes, whatever else happens is for whoever made the link.
2. Behind TLS a session begins when the handshake is done and the broker is believed.
3. A connection that we close may still write what it has to, for `MAX_LINGER`: a peer that does not read must not
   keep it.
4. There is one timer, set anew only when it rings: most that is waited for comes in time.
5. A broker that does not read what we say is not read either (`Brake`).
6. A mistake of the program in what is called from here ends the connection, and is raised where that is waited for.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError, TimeoutError
from twisted.internet.interfaces import IHandshakeListener, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.errors import GatewayError, VTPError
from gateway.transports.vtp.brake import Brake
from gateway.transports.vtp.loop import loop, wait
from gateway.vtp.events import Close, Event, Send
from gateway.vtp.session import Session

__all__ = ["MAX_HANDSHAKE", "MAX_LINGER", "Link", "connect"]

MAX_LINGER = 5
"""Seconds in which a connection that we close may write what is left: it is a receipt, or nobody waits for it."""

MAX_HANDSHAKE = 20
"""Seconds for a TLS handshake: it is a few messages."""

_REASONS = {DNSLookupError: "no such host is known", TimeoutError: "it does not answer"}


@implementer(IHandshakeListener)
class Link(Protocol):
    """One connection.

    happened : is given what the session says beside `Send` and `Close`, in order
    begun : done when the session has begun (rule 2)
    over : done when the connection is closed: why, or None when nobody is at fault
    """

    transport: Any

    def __init__(self, session: Session, happened: Callable[[Event], None]) -> None:
        self.session, self._happened = session, happened
        self.begun: asyncio.Future[None] = loop().create_future()
        self.over: asyncio.Future[GatewayError | None] = loop().create_future()
        self._error: GatewayError | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    # What Twisted says

    def connectionMade(self) -> None:
        """The connection is there."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # receipts are small, and waited for
        if hasattr(self.transport, "getPeerCertificate"):
            self._timer = loop().call_later(MAX_HANDSHAKE, self.transport.abortConnection)
        else:
            self._begin()

    def handshakeCompleted(self) -> None:
        """TLS is there."""
        self._no_timer()
        self._begin()

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        self.do(self.session.receive(data, loop().time()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self._closing = True
        self._no_timer()
        if reason.check(SSL.Error, VerificationError):
            message = "The two sides disagree on TLS, or a certificate is not believed."
            self._error = VTPError("vtp-tls", message)
        elif not reason.check(ConnectionClosed):
            self.over.set_exception(reason.value or RuntimeError())  # rule 6
            return
        if self.begun.done():
            self.do(self.session.lost(loop().time()))
        self.over.set_result(self._error)

    # What the session says

    def _begin(self) -> None:
        self._brake = Brake(self.transport)
        self.begun.set_result(None)
        self.do(self.session.opened(loop().time()))

    def do(self, events: Iterable[Event]) -> None:
        """Do what the session says (rule 1)."""
        for event in events:
            if isinstance(event, Send):
                self.transport.write(event.data)
            elif isinstance(event, Close):
                self._close(event.error)
            else:
                self._happened(event)
        if self._timer is None and not self._closing:
            self._wind()

    def hold(self, held: bool) -> None:
        """Read no further for now, or again."""
        if not self._closing:
            self._brake.hold(held)

    async def close(self) -> None:
        """End it, for we want no more, and wait until it is over."""
        self.end()
        await asyncio.shield(self.over)

    def end(self) -> None:
        """End it, for we want no more."""
        if not self._closing:
            self.do(self.session.close(loop().time()))

    def _close(self, error: GatewayError | None) -> None:
        """Rule 3."""
        self._error = error
        self._closing = True
        self._no_timer()
        self._brake.release()
        self.transport.loseConnection()
        self._timer = loop().call_later(MAX_LINGER, self.transport.abortConnection)

    # Rule 4

    def _wind(self) -> None:
        due = self.session.next_timer()
        if due is not None:
            self._timer = loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.do(self.session.tick(loop().time()))

    def _no_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def connect(endpoint: IStreamClientEndpoint, link: Link) -> None:
    """Connect a link. Raises VTPError (vtp-unreachable, vtp-tls)."""
    factory = Factory.forProtocol(lambda: link)
    factory.noisy = False
    try:
        await wait(endpoint.connect(factory))
    except (ConnectError, DNSLookupError, OSError) as problem:
        number = getattr(problem, "osError", None)
        reason = os.strerror(number) if isinstance(number, int) else _REASONS.get(type(problem), "no answer")
        raise VTPError("vtp-unreachable", f"The broker cannot be connected to: {reason}.") from None
    try:
        either: list[asyncio.Future[Any]] = [link.begun, link.over]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        link.transport.abortConnection()
        raise
    if not link.begun.done():
        message = "The broker closed the connection while TLS was agreed upon."
        raise link.over.result() or VTPError("vtp-tls", message)
