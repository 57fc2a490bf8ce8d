"""A sink that does not get twice what it has, whichever worker sent it.

Rules
1. What the sink is known to have is left out; what it has accepted is recorded then, and never before (at least once,
   nothing lost). Products are the same when their bytes are: an alert gives the same event always.
2. A state that cannot be asked is a failing sink: the batch is tried again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

from gateway.errors import DeliveryError, OutputError
from gateway.relay.contract import Refused, Sink
from gateway.relay.message import Batch, Product

__all__ = ["Once", "State"]


class State(Protocol):
    """What workers know together (`gateway.transports.state`). Raises OutputError."""

    async def known(self, digests: Collection[bytes], now: float) -> set[bytes]:
        """Those of them that were recorded."""

    async def record(self, digests: Collection[bytes], now: float) -> None:
        """These were accepted."""

    async def prune(self, now: float) -> int:
        """Forget some that are too old."""


class Once:
    """A `gateway.relay.contract.Sink` before another one. Sinks that share a state know their own products only.

    clock : seconds since 1970
    left_out : how many products the sink had already
    """

    def __init__(self, sink: Sink, state: State, clock: Callable[[], float] = time.time) -> None:
        self.name, self.left_out = sink.name, 0
        self._sink, self._state, self._clock = sink, state, clock

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """Send what is new (rule 1)."""
        digests = {self._digest(product): product for product in reversed(batch.products)}
        try:
            known = await self._state.known(digests, self._clock())
            new = tuple(reversed([product for digest, product in digests.items() if digest not in known]))
            refused = await self._sink.send(replace(batch, products=new)) if new else ()
            never = {id(product) for product, _ in refused}
            had = [digest for digest, product in digests.items() if id(product) not in never]
            await self._state.record([digest for digest in had if digest not in known], self._clock())
            await self._state.prune(self._clock())
        except OutputError as error:
            raise DeliveryError("delivery-failed", f"{self.name}: {error.message}") from None
        self.left_out += len(batch.products) - len(new)
        return refused

    def _digest(self, product: Product) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\0" + product.data).digest()

    async def close(self) -> None:
        """Close the sink; the state is everybody's."""
        await self._sink.close()
