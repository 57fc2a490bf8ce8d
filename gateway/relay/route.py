"""A route: from one source through the policy to its sinks, nothing lost.

    source ──> decode ──> for each output: release, filter, convert ──> its sinks
                  │                            │
                  └──────> dead letters <──────┘

Rules
1. An output is made once of each item, however many sinks it has.
2. What goes wrong with one item is a dead letter, and the rest goes on. Nothing but a `GatewayError` is caught.
3. Messages are acknowledged when every sink of theirs has accepted what was made of them, and the dead letters too, in
   the order in which they came (`gateway.relay.progress`).
4. A route that has much to do lets others go on each `TURN` seconds: sockets share its thread.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.errors import GatewayError
from gateway.model.rejected import Rejected
from gateway.relay.contract import Refused, Source
from gateway.relay.deadletter import Letters
from gateway.relay.delivery import Delivery
from gateway.relay.message import Batch, Content, Item, Message, Product
from gateway.relay.metrics import Metrics
from gateway.relay.progress import Progress

__all__ = ["TURN", "Output", "Route"]

TURN = 0.01
"""Seconds of work after which others get their turn: what a peer waits for an answer more, and no more."""


@dataclass(frozen=True)
class Output:
    """One view of the items, for one audience in one form.

    make : releases, filters and converts an item; None when it is not wanted. Raises GatewayError
    deliveries : to the sinks that get it
    """

    name: str
    make: Callable[[Content, Message], Product | None]
    deliveries: tuple[Delivery, ...]


class Route:
    """Runs once.

    decode : what is in a message; not asked for messages that their source opened. Raises GatewayError
    prepare : is awaited before some messages are decoded, such as for their schemas
    letters, dead : what writes dead letters, and where they go
    clock : seconds since 1970
    """

    def __init__(
        self,
        name: str,
        source: Source,
        decode: Callable[[Message], Iterable[Item]],
        outputs: Sequence[Output],
        letters: Letters,
        dead: Delivery,
        metrics: Metrics,
        *,
        prepare: Callable[[Sequence[Message]], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.source, self.outputs = name, source, tuple(outputs)
        self._decode, self._letters, self._dead, self._metrics, self._clock = (
            decode,
            letters,
            dead,
            metrics,
            clock,
        )
        self._prepare = prepare
        self.progress = Progress(self._acknowledge)

    async def run(self) -> None:
        """Take everything that the source gives. What is under way when it returns is with the deliveries.

        Raises SourceError when the source cannot go on.
        """
        async for messages in self.source.batches():
            await self.progress.room()
            await self._take(messages)

    async def _take(self, messages: Sequence[Message]) -> None:
        self._metrics.add("messages_total", len(messages), self.name)
        self._metrics.set("last_message_timestamp_seconds", self._clock(), self.source.name)
        self._metrics.add("received_bytes_total", sum(len(message.data) for message in messages), self.name)
        if self._prepare is not None:
            await self._prepare(messages)
        made, dead = await self._made(messages)
        positions = tuple(message.position for message in messages)
        going = [
            (delivery, Batch(tuple(products), positions))
            for output, products in zip(self.outputs, made, strict=True)
            for delivery in output.deliveries
            if products
        ]
        if dead:
            going.append((self._dead, Batch(tuple(dead))))
        ticket = self.progress.open(positions, len(going))
        self._metrics.set("under_way", self.progress.under_way, self.name)
        for delivery, batch in going:
            await delivery.put(batch, ticket.done)

    async def _made(self, messages: Sequence[Message]) -> tuple[list[list[Product]], list[Product]]:
        """What each output has of the messages, and the dead letters."""
        made: list[list[Product]] = [[] for _ in self.outputs]
        dead: list[Product] = []
        end = time.monotonic() + TURN
        for message in messages:
            for item in self._items(message):
                if isinstance(item, Rejected):
                    dead.append(self._letter(message, item.error, item))
                    continue
                for output, products in zip(self.outputs, made, strict=True):
                    try:
                        product = output.make(item, message)
                    except GatewayError as error:
                        dead.append(self._letter(message, error, item))
                        continue
                    if product is None:
                        self._metrics.add("filtered_total", 1, self.name, output.name)
                    else:
                        products.append(product)
            if time.monotonic() > end:
                await asyncio.sleep(0)
                end = time.monotonic() + TURN
        now = self._clock()
        for message in messages:
            self._metrics.observe("delay_seconds", max(0.0, now - message.time), self.name)
        for output, products in zip(self.outputs, made, strict=True):
            self._metrics.add("products_total", len(products), self.name, output.name)
        return made, dead

    def _items(self, message: Message) -> Iterable[Item]:
        if message.item is not None:
            return (message.item,)
        try:
            return list(self._decode(message))
        except GatewayError as error:
            return (Rejected(error.located(input=message.name), message.data),)

    def _letter(self, message: Message, error: GatewayError, item: Item) -> Product:
        self._metrics.add("dead_total", 1, self.name, error.code)
        error.located(input=message.name)
        return self._letters.letter(self.name, message.name, message.data, error, item, message.time)

    def _acknowledge(self, positions: Sequence[object]) -> None:
        self.source.ack(positions)
        self._metrics.add("acknowledged_total", len(positions), self.name)
        self._metrics.set("under_way", self.progress.under_way, self.name)


async def bury(refused: Refused, sink: str, letters: Letters, dead: Delivery, metrics: Metrics) -> None:
    """Write a dead letter for what a sink never takes, and wait until it is accepted. Its bytes were released to the
    sink's audience and not to the letters', so they are not in it."""
    product, error = refused
    metrics.add("dead_total", 1, sink, error.code)
    buried = asyncio.get_running_loop().create_future()
    letter = letters.letter(sink, product.ivorn or product.stem, product.data, error, time=product.time)
    await dead.put(Batch((letter,)), lambda: buried.set_result(None))
    await buried
