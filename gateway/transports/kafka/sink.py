"""A sink that sends products to a Kafka topic.

Rules
1. `send` returns when every product of the batch is in the log of all brokers that have to have it. Until then
   nothing else is sent, so the order is kept, and the producer is idempotent, so that librdkafka's own repeats are no
   duplicates.
2. A broker refuses a whole request for one bad record, or when records are too long together: those are sent again
   one by one, and what is refused alone is never taken. Only then may a later one of the batch stand before it.
3. A producer whose batch failed is thrown away with what is still in it: the batch comes again, to a new one, which
   has no expired token and no old address.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from typing import Literal

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Record

from gateway.relay.contract import Refused
from gateway.relay.message import Batch, Product
from gateway.transports.kafka.client import Cluster, Settings, settings, unusable
from gateway.transports.kafka.faults import ALONE, NEVER, failed, refused
from gateway.transports.kafka.headers import headers_of

__all__ = ["MAX_DELIVERY_WAIT", "MAX_MESSAGE", "Compression", "KafkaSink", "producing"]

MAX_MESSAGE = 1_000_000
"""Bytes of one message: what Kafka's brokers take if nothing else is said, with room for its headers."""

MAX_DELIVERY_WAIT = 30
"""Seconds for a batch to be in the log of the brokers. Then the sink counts as failing, and others go on."""

POLL = 0.1
"""Seconds that the thread waits for reports before it looks around."""

Compression = Literal["none", "gzip", "snappy", "lz4", "zstd"]


def producing(compression: Compression, limit: int, wait: float) -> Settings:
    """What every producer is told beside where to connect to."""
    return {
        "enable.idempotence": True,
        "message.timeout.ms": int(wait * 1000),
        "message.max.bytes": limit,
        "compression.type": compression,
        # A batch is handed over at once, so there is nothing to linger for.
        "linger.ms": 1,
        # As Kafka's own clients do it, so that a key is in the same partition whoever sent it.
        "partitioner": "murmur2_random",
    }


class Reports:
    """What becomes of some messages: an error or None for each, once all are known."""

    def __init__(self, count: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._left, self._lock = count, threading.Lock()
        self.errors: list[KafkaError | None] = [None] * count
        self.all: asyncio.Future[None] = self._loop.create_future()

    def report(self, number: int, error: KafkaError | None, record: Record | None = None) -> None:
        """What became of one. Called in any thread."""
        self.errors[number] = error
        with self._lock:
            self._left -= 1
            last = not self._left
        if last and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._known)

    def _known(self) -> None:
        if not self.all.done():
            self.all.set_result(None)


class Sending:
    """A producer and the thread in which it is told what became of its messages."""

    def __init__(self, producer: Producer, name: str) -> None:
        self.producer = producer
        self._loop, self.ended = asyncio.get_running_loop(), asyncio.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=f"kafka {name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending:
            # A fatal error is raised here, once, and in the middle of reports. Each message has its own error, too.
            with suppress(KafkaException, SystemError):
                self.producer.poll(POLL)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.ended.set)

    def end(self) -> None:
        """Forget what is not sent. The thread ends a moment later, which `ended` says."""
        self._ending = True
        self.producer.purge()


class KafkaSink:
    """Sends to a topic.

    headers : names of those that go through, see `gateway.transports.kafka.headers`
    compression : what the brokers keep; it costs more than all else that a sink does
    limit : bytes of a message, as the topic's ``max.message.bytes``
    wait : seconds for a batch
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        topic: str,
        *,
        headers: Collection[str] = (),
        compression: Compression = "none",
        limit: int = MAX_MESSAGE,
        wait: float = MAX_DELIVERY_WAIT,
    ) -> None:
        self.name, self._cluster, self._topic, self._headers = name, cluster, topic, frozenset(headers)
        self._settings = settings(cluster, name) | producing(compression, limit, wait)
        self._sending: Sending | None = None

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """Send all (rules 1 and 2). Raises DeliveryError (delivery-failed), SettingsError."""
        try:
            errors = await self._send(batch.products)
            for number, error in enumerate(errors):
                if error is not None and error.code() in ALONE:
                    (errors[number],) = await self._send(batch.products[number : number + 1])
        except (
            BaseException
        ):  # a cancelled send, too, leaves messages in the producer that would come later (rule 3)
            self._renew()
            raise
        if failure := next(
            (error for error in errors if error is not None and error.code() not in NEVER), None
        ):
            self._renew()
            raise failed(self.name, failure)
        return [
            (product, refused(self.name, error))
            for product, error in zip(batch.products, errors, strict=True)
            if error is not None
        ]

    async def _send(self, products: Sequence[Product]) -> list[KafkaError | None]:
        """What became of each."""
        if not products:
            return []
        producer, reports = self._open().producer, Reports(len(products))
        for number, product in enumerate(products):
            try:
                producer.produce(
                    self._topic,
                    product.data,
                    product.key,
                    headers=headers_of(product, self._headers),
                    on_delivery=partial(reports.report, number),
                )
            except (KafkaException, BufferError) as error:
                reports.report(number, _error(error))
        await reports.all
        return reports.errors

    def _open(self) -> Sending:
        if self._sending is None:
            try:
                self._sending = Sending(Producer(self._settings), self.name)
            except KafkaException as error:
                raise unusable(self._cluster, self.name, error) from None
        return self._sending

    def _renew(self) -> None:
        """The next batch gets a new producer (rule 3)."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.end()

    async def close(self) -> None:
        """Let go of the producer."""
        sending = self._sending
        self._renew()
        if sending is not None:
            await sending.ended.wait()


def _error(error: KafkaException | BufferError) -> KafkaError:
    """The KafkaError of what `produce` raises."""
    if isinstance(error, BufferError):
        return KafkaError(KafkaError._QUEUE_FULL)
    found = error.args[0]
    assert isinstance(found, KafkaError)
    return found
