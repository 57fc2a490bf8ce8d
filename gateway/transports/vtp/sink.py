"""A broker of VOEvents as a sink.

Rules
1. A batch is accepted when the record of seen events has it (`gateway.transports.vtp.seen`): then it goes out, in this
   run or in the next one, and the same event goes out once.
2. The broker asks the policy itself, for each subscriber's audience, as it does for events that authors bring.
3. An event that the broker refuses is refused for good.
4. With `patient` an event waits until a subscriber is there that takes more; otherwise nothing waits for anybody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from gateway.errors import DeliveryError, GatewayError, OutputError
from gateway.relay.contract import Refused
from gateway.relay.message import Batch
from gateway.relay.route import TURN
from gateway.transports.vtp.broker import Broker

__all__ = ["BrokerSink"]

PATIENCE = 0.02
"""Seconds between two questions whether somebody takes more."""


class BrokerSink:
    """Gives events to a broker, which is stopped with the sink."""

    def __init__(self, name: str, broker: Broker, *, patient: bool = False) -> None:
        self.name, self.broker, self._patient = name, broker, patient
        self._closed = False

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """See `Sink`."""
        intake = self.broker.intake
        failed, end = intake.failed, time.monotonic() + TURN
        refused: list[Refused] = []
        for product in batch.products:
            while self._patient and not self.broker.ready:
                await asyncio.sleep(PATIENCE)
            try:
                self.broker.publish(product.data)
            except OutputError:
                break
            except GatewayError as error:
                refused.append((product, error))
            if time.monotonic() > end:
                await asyncio.sleep(0)  # connections have their turn
                end = time.monotonic() + TURN
        intake.turn()
        if intake.failed != failed:
            raise DeliveryError("delivery-failed", "The broker's disk takes nothing.")
        return refused

    async def close(self) -> None:
        """See `Sink`."""
        if not self._closed:
            self._closed = True
            await self.broker.stop()
