"""Reads from a peer only as fast as it reads what it is told.

Twisted keeps what the system does not take at once, as much as there is, and says `pauseProducing` when that is 64 KB.
Who asks and asks and never reads an answer would fill our memory: from then on it is not read from, until it has read.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

__all__ = ["Brake"]


@implementer(IPushProducer)
class Brake:
    """On a connection, until `release`, without which Twisted does not close it."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._held = self._full = False
        transport.registerProducer(self, True)

    def release(self) -> None:
        """The connection is about to be closed."""
        self._transport.unregisterProducer()

    def hold(self, held: bool) -> None:
        """Read no further for another reason, or again."""
        self._held = held
        self._set()

    def _set(self) -> None:
        (self._transport.pauseProducing if self._held or self._full else self._transport.resumeProducing)()

    # What Twisted says

    def pauseProducing(self) -> None:
        """Much is not read."""
        self._full = True
        self._set()

    def resumeProducing(self) -> None:
        """It is read."""
        self._full = False
        self._set()

    def stopProducing(self) -> None:
        """The connection is gone."""
