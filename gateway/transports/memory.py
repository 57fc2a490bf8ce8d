"""A source and a sink in memory, with the contract of `gateway.relay.contract`: for tests, yours too.

source = MemorySource([b"...", b"..."])
sink = MemorySink()
... run a route ...
assert source.acknowledged == 2
assert [product.data for product in sink.products] == [...]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from gateway.errors import DeliveryError
from gateway.relay.contract import Refused
from gateway.relay.message import Batch, Message, Position, Product

__all__ = ["MemorySink", "MemorySource"]


class MemorySource:
    """Gives the data of a list, so many at a time; a second one made with `since` goes on where the first one ended.

    since : how many were acknowledged by earlier runs
    endless : after the last message wait for `stop`, as a stream does
    """

    def __init__(
        self,
        data: Iterable[bytes | Message],
        *,
        name: str = "memory",
        size: int = 10,
        since: int = 0,
        endless: bool = False,
    ) -> None:
        self.name, self._size, self._endless = name, size, endless
        self._messages = [
            one if isinstance(one, Message) else Message(f"{name}@{number}", one, number)
            for number, one in enumerate(data)
        ][since:]
        self.acknowledged = since
        self.closed = False
        self._stop = asyncio.Event()

    async def batches(self) -> AsyncIterator[Sequence[Message]]:
        """The messages."""
        for start in range(0, len(self._messages), self._size):
            if self._stop.is_set():
                return
            yield self._messages[start : start + self._size]
        if self._endless:
            await self._stop.wait()

    def ack(self, positions: Sequence[Position]) -> None:
        """Count them."""
        self.acknowledged += len(positions)

    def stop(self) -> None:
        """Give no more."""
        self._stop.set()

    async def close(self) -> None:
        """Nothing is to be let go."""
        self.closed = True


class MemorySink:
    """Keeps products in a list.

    failures : how many attempts fail before it takes anything; set it again at any time
    never : says of a product why it is never taken, or None
    """

    def __init__(
        self,
        name: str = "memory",
        *,
        failures: float = 0,
        never: Callable[[Product], DeliveryError | None] = lambda product: None,
    ) -> None:
        self.name, self.failures, self._never = name, failures, never
        self.products: list[Product] = []
        self.batches: list[Batch] = []
        self.closed = False

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """Take a batch."""
        await asyncio.sleep(0)
        if self.failures > 0:
            self.failures -= 1
            raise DeliveryError("delivery-failed", f"{self.name} is told to fail.")
        refused = [
            (product, error) for product in batch.products if (error := self._never(product)) is not None
        ]
        gone = {id(product) for product, _ in refused}
        self.batches.append(batch)
        self.products += [product for product in batch.products if id(product) not in gone]
        return refused

    async def close(self) -> None:
        """Nothing is to be let go."""
        self.closed = True
