"""A connection that was accepted, with a session on it.

Rules
1. Who may not come in is let go without a word, before anything is read (VTP-50).
2. Behind TLS a session begins when the handshake is done: only then is it known whose certificate that is.
3. The session decides: `Send` is written, `Close` closes, and what else happens goes to the method that `HANDLERS`
   names.
4. A connection that is closed may still write what it has to, for `MAX_LINGER`; then it is cut.
5. There is one timer a connection. It is left alone when what is waited for moves away from it, as it nearly always
   does, and set anew when it rings.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Generic, TypeVar

from twisted.internet.interfaces import IHandshakeListener, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from gateway.errors import GatewayError
from gateway.transports.vtp.access import Door
from gateway.transports.vtp.loop import loop
from gateway.vtp.events import Close, Event, Ignored, Send
from gateway.vtp.session import Session

__all__ = ["MAX_HANDSHAKE", "MAX_LINGER", "Peer"]

MAX_LINGER = 5
"""Seconds in which a connection that we close may write what is left: a receipt, or a queue that was being read."""

MAX_HANDSHAKE = 20
"""Seconds for a TLS handshake: as long as an author has for an event."""

S = TypeVar("S", bound=Session)
log = logging.getLogger("gateway.vtp")


@implementer(IHandshakeListener)
class Peer(Protocol, ABC, Generic[S]):
    """One connection of a role.

    peers : all connections, among which it is while it is there
    door : through which it came in
    name : how the log and the status call it: a number, and the address
    """

    HANDLERS: ClassVar[dict[type[Event], str]] = {Ignored: "_ignored"}
    transport: Any
    session: S

    def __init__(self, peers: set[Peer[Any]], door: Door, number: int) -> None:
        self._peers = peers
        self.door, self.number, self.name = door, number, f"#{number}"
        self.since = 0.0
        self.ignored = 0
        self.closing = False
        self._inside = False
        self._begun = False
        self._host: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    def begun(self) -> S:
        """A new session, now that it is known who is there."""

    def over(self) -> None:
        """The connection is gone."""

    # What Twisted says

    def connectionMade(self) -> None:
        """Rule 1."""
        address = self.transport.getPeer()
        self._host = getattr(address, "host", None)
        self.name = f"#{self.number} {self._host or 'socket file'}"
        refused = self.door.enter(self._host)
        if refused is not None:
            log.info("%s is not let in (%s)", self.name, refused)
            self.closing = True
            self.transport.loseConnection()
            return
        self._inside = True
        self._peers.add(self)
        self.since = loop().time()
        if ISSLTransport.providedBy(self.transport):
            self._timer = loop().call_later(MAX_HANDSHAKE, self.transport.abortConnection)
        else:
            self._begin()

    def handshakeCompleted(self) -> None:
        """Rule 2."""
        self._no_timer()
        if not self.closing:
            self._begin()

    def _begin(self) -> None:
        self.session = self.begun()
        self._begun = True
        self.do(self.session.opened(loop().time()))

    def dataReceived(self, data: bytes) -> None:
        """Bytes have come."""
        if not self.closing:
            self.do(self.session.receive(data, loop().time()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is gone."""
        self._no_timer()
        if self._begun and not self.closing:
            self.do(self.session.lost(loop().time()))
        self.closing = True
        if self._inside:
            self._inside = False
            self._peers.discard(self)
            self.door.leave(self._host)
            self.over()

    # What the session says

    def do(self, events: Iterable[Event]) -> None:
        """Rule 3."""
        for event in events:
            if isinstance(event, Send):
                self.transport.write(event.data)
            elif isinstance(event, Close):
                self._close(event)
            elif type(event) in self.HANDLERS:
                getattr(self, self.HANDLERS[type(event)])(event)
        if not self.closing:
            self._wind()

    def close(self, error: GatewayError | None = None) -> None:
        """End it, for we want no more."""
        if self._begun and not self.closing:
            self.do(self.session.close(loop().time(), error))
        elif self._inside:
            self.transport.abortConnection()

    def _close(self, event: Close) -> None:
        """Rule 4."""
        if event.error is not None:
            log.info("%s is let go: %s", self.name, event.error)
        self.closing = True
        self._no_timer()
        self.finish()
        self.transport.loseConnection()
        self._timer = loop().call_later(MAX_LINGER, self.transport.abortConnection)

    def finish(self) -> None:
        """The connection is about to be closed."""

    def _ignored(self, event: Ignored) -> None:
        self.ignored += 1
        log.debug("%s: %s", self.name, event.error)

    # Rule 5

    def _wind(self) -> None:
        due = self.session.next_timer()
        if due is not None and (self._timer is None or due < self._timer.when()):
            self._no_timer()
            self._timer = loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        due = self.session.next_timer()
        now = loop().time()
        self.do(self.session.tick(now) if due is not None and due <= now else [])

    def _no_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
