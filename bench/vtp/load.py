"""Authors and subscribers of a broker, the same for every broker, in this process.

Rules
1. An author connects, sends one event, reads the receipt and goes; `AUTHORS` of them work at a time, and the next
   comes when one has its receipt.
2. A subscriber answers authenticate and iamalive and acknowledges every event, as Comet's does.
3. Every subscriber has to get every event once, byte for byte; anything else ends the run.
4. The latency of an event is the time from before its author connects until a subscriber has it, for each
   subscriber; where there is none, until the author has its receipt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.same import Different
from bench.vtp.brokers import Broker
from gateway.vtp import Frames, frame, read
from gateway.vtp.transport import Transport, write

__all__ = ["AUTHORS", "Load"]

AUTHORS = 8
DEADLINE = 300.0
"""Seconds after which a broker that has not delivered everything has lost something."""

_LOCAL, _STAMP = "ivo://org.example/subscriber", "2026-11-24T00:00:00Z"


@dataclass
class Load:
    """What is sent. `events` are (ivorn, document)."""

    events: Sequence[tuple[str, bytes]]
    subscribers: int
    latencies: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sent: dict[bytes, float] = {}
        self.receipts = {
            document: frame(write(Transport("ack", ivorn, _STAMP, _LOCAL))) for ivorn, document in self.events
        }

    async def run(self, broker: Broker) -> None:
        """Send all events to the broker and wait until they are where they have to be. Raises Different."""
        loop = asyncio.get_running_loop()
        listeners = [
            (await loop.create_connection(partial(_Subscriber, self), "127.0.0.1", broker.broadcast))[1]
            for _ in range(self.subscribers)
        ]
        todo = iter(self.events)
        try:
            async with asyncio.timeout(DEADLINE):
                await asyncio.gather(*(one.known.wait() for one in listeners))
                await asyncio.gather(*(self._author(todo, broker) for _ in range(AUTHORS)))
                await asyncio.gather(*(one.done for one in listeners))
        finally:
            for one in listeners:
                one.end()
        for one in listeners:
            if sorted(one.given) != sorted(self.receipts.values()):
                raise Different(f"a subscriber of {broker.name} did not get every event once")

    async def _author(self, todo: Iterator[tuple[str, bytes]], broker: Broker) -> None:
        """Rule 1."""
        for ivorn, document in todo:
            self.sent[document] = start = time.perf_counter()
            reader, writer = await asyncio.open_connection("127.0.0.1", broker.receive)
            writer.write(frame(document))
            receipt = read(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))
            if not self.subscribers:
                self.latencies.append(time.perf_counter() - start)
            writer.close()
            await writer.wait_closed()
            if not isinstance(receipt, Transport) or (receipt.role, receipt.origin) != ("ack", ivorn):
                raise Different(f"{broker.name} gave no ack: {receipt}")


class _Subscriber(asyncio.Protocol):
    """Rule 2."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.frames = Frames()
        self.given: list[bytes] = []  # receipts, which are there once for all; events would be copies
        self.known = asyncio.Event()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def end(self) -> None:
        """Go."""
        assert self.transport is not None
        self.done.cancel()
        self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._wrong("a subscriber was let go")

    def _wrong(self, what: str) -> None:
        if not self.done.done():
            self.done.set_exception(Different(what))

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        for payload in self.frames.receive(data):
            receipt = self.load.receipts.get(payload)
            if receipt is None:
                self._asked(payload)
                continue
            self.load.latencies.append(time.perf_counter() - self.load.sent[payload])
            self.transport.write(receipt)
            self.given.append(receipt)
        if len(self.given) == len(self.load.events) and not self.done.done():
            self.done.set_result(None)

    def _asked(self, payload: bytes) -> None:
        message = read(payload)
        assert self.transport is not None
        if not isinstance(message, Transport):
            self._wrong("a subscriber got an event that was not sent")
            return
        self.transport.write(frame(write(Transport(message.role, message.origin, _STAMP, _LOCAL))))
        self.known.set()
