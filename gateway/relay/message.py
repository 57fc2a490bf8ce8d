"""What a source brings and what a sink takes.

    source ── Message ──> route ── Product, in a Batch ──> sink

A product is made of what the policy has released to an audience, and of nothing else (`gateway.relay.route`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.codecs.datum import Datum
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.notice import Notice
from gateway.model.rejected import Rejected

__all__ = ["Batch", "Content", "Headers", "Item", "Message", "Position", "Product"]

Content = Alert | Document | Notice
"""What can be in a message."""

Item = Content | Rejected
"""What is in one, or why nothing can be read in it."""

Headers = tuple[tuple[str, bytes], ...]

Position = object
"""Where in a source a message is: only the source knows what it means, and it means "resume after this"."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a source brought, unopened. Its bytes are not in the repr.

    name : by which people know it: ``lsst-alerts[3]@120``, ``visit.avro[7]``
    time : seconds since 1970 (UTC) when it was put into the source, or came here
    item : what is in it, when the source opens its messages itself, as one of files does
    """

    name: str
    data: bytes = field(repr=False)
    position: Position
    key: bytes | None = field(default=None, repr=False)
    headers: Headers = field(default=(), repr=False)
    time: float = 0.0
    item: Alert | Document | Rejected | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Product:
    """What is sent, and what is said beside it.

    stem, suffix : a name for its file
    role : of a VOEvent
    datum : the same as something that can go into an Avro container
    key, headers, time : of the message that it was made of
    """

    data: bytes = field(repr=False)
    stem: str = "event"
    suffix: str = ".xml"
    ivorn: str | None = None
    role: str | None = None
    datum: Datum | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    headers: Headers = field(default=(), repr=False)
    time: float = 0.0

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, about."""
        beside = sum(len(name) + len(value) for name, value in self.headers) + len(self.key or b"")
        datum = len(self.datum.payload) if self.datum is not None else 0
        return len(self.data) + datum + beside + OVERHEAD


OVERHEAD = 500
"""Bytes that a product takes in memory beside what it has."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Products that travel together, in order, and the positions of all messages that they complete."""

    products: tuple[Product, ...]
    positions: tuple[Position, ...] = ()

    @property
    def size(self) -> int:
        """Bytes, with what each costs beside its data."""
        return sum(product.size for product in self.products)
