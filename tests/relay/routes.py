"""Routes for tests: bytes in, bytes out, without alerts."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from gateway.errors import InputError
from gateway.model.document import Document
from gateway.model.rejected import Rejected
from gateway.relay.contract import Refused, Sink, Source, Spool
from gateway.relay.deadletter import Letters
from gateway.relay.delivery import Delivery
from gateway.relay.message import Item, Message, Product
from gateway.relay.metrics import Metrics
from gateway.relay.route import Output, Route, bury
from gateway.vtp.timers import Backoff

DEADLINE = 20
"""Seconds after which a test that waits is broken."""


def at_once() -> Backoff:
    return Backoff(lambda: 0.0, longest=0.0)


def opened(message: Message) -> Iterable[Item]:
    """A message is a document, unless it says that it is bad."""
    if message.data.startswith(b"bad"):
        raise InputError("input-unknown", "This is bad.")
    return (
        (Rejected(InputError("input-damaged", "This is torn."), message.data),)
        if message.data == b"torn"
        else (Document(message.data),)
    )


def same(item: object, message: Message) -> Product | None:
    """The document, unless nobody wants it."""
    assert isinstance(item, Document)
    if item.data.startswith(b"refuse"):
        raise InputError("input-damaged", "This cannot be made into anything.")
    return None if item.data.startswith(b"skip") else Product(item.data, time=message.time)


class Rig:
    """One route from a source to sinks, and what is seen of it."""

    def __init__(
        self,
        source: Source,
        sinks: Sequence[Sink],
        dead: Sink,
        *,
        spool: Spool | None = None,
        limit: int = 2**20,
        make: Callable[[object, Message], Product | None] = same,
    ) -> None:
        self.metrics = Metrics()
        self.letters = Letters(lambda item, error: isinstance(item, Rejected), {"audience": "public"})

        async def never(one: Refused) -> None:
            raise one[1]

        self.dead = Delivery(dead, never, self.metrics, pause=at_once)

        async def refused(one: Refused) -> None:
            await bury(one, "sink", self.letters, self.dead, self.metrics)

        self.deliveries = [
            Delivery(sink, refused, self.metrics, spool=spool, limit=limit, pause=at_once) for sink in sinks
        ]
        outputs = [Output(delivery.sink.name, make, (delivery,)) for delivery in self.deliveries]
        self.route = Route(
            "route", source, opened, outputs, self.letters, self.dead, self.metrics, clock=lambda: 100.0
        )

    @property
    def all(self) -> list[Delivery]:
        return [*self.deliveries, self.dead]


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that another task does."""
    async with asyncio.timeout(DEADLINE):
        while not true():
            await asyncio.sleep(0)
