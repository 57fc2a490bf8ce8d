"""Exactly once: products and the offsets of the messages that they were made of are logged together, or not at all.

For a route with a Kafka source and one output, whose sinks are topics of the same cluster; the source is made with
``commits=False``.

Rules
1. A batch is one transaction: its products to every topic, then the offsets of its messages in the name of the group.
   Readers that read only what is committed, as ours do, see all of it or nothing.
2. What fails is aborted and comes again. Whether a commit that got no answer was made, the group's offsets say.
3. A batch with a message that is not ours any more is left out: it is read again by whoever has its partition now,
   and the rest of it by us (`gateway.transports.kafka.membership`). The broker refuses the offsets of those who do
   not know yet that they lost a partition.
4. A transactional id belongs to one process, and is the same in its next run: what the last one left open is aborted.
   Two with the same id would throw each other out for ever, so the one that is thrown out ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import Message as Record

from gateway.errors import SettingsError
from gateway.relay.contract import Refused
from gateway.relay.message import Batch, Product
from gateway.transports.kafka.client import Cluster, settings, unusable
from gateway.transports.kafka.faults import NEVER, failed, refused
from gateway.transports.kafka.headers import headers_of
from gateway.transports.kafka.ledger import Key, Place
from gateway.transports.kafka.sink import MAX_DELIVERY_WAIT, MAX_MESSAGE, Compression, producing
from gateway.transports.kafka.source import KafkaSource

__all__ = ["TransactionSink"]

FENCED = frozenset({KafkaError._FENCED, KafkaError.PRODUCER_FENCED})


class TransactionSink:
    """Sends batches as transactions to topics.

    source : the source of the route
    identity : the transactional id (rule 4): the gateway, the route and the number of the worker, say
    headers, compression, limit, wait : as of a `KafkaSink`
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        topics: Sequence[str],
        source: KafkaSource,
        identity: str,
        *,
        headers: Collection[str] = (),
        compression: Compression = "none",
        limit: int = MAX_MESSAGE,
        wait: float = MAX_DELIVERY_WAIT,
    ) -> None:
        self.name, self._cluster, self._topics, self._source = name, cluster, tuple(topics), source
        self._headers, self._wait, self._identity = frozenset(headers), wait, identity
        self._settings = settings(cluster, name) | producing(compression, limit, wait)
        self._settings |= {"transactional.id": identity, "transaction.timeout.ms": int(2 * wait * 1000)}
        # What librdkafka does in a transaction blocks, so it has a thread of its own.
        self._thread = ThreadPoolExecutor(1, f"kafka {name}")
        self._producer: Producer | None = None
        self._doubt = self._closed = False

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """Send all, or nothing. Raises DeliveryError (delivery-failed), SettingsError (rule 4)."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._send, batch)

    async def close(self) -> None:
        """Let go of the producer; the broker aborts what is open."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
            self._thread.shutdown()

    def _drop(self) -> None:
        self._producer = None

    def _send(self, batch: Batch) -> Sequence[Refused]:
        places = [place for place in batch.positions if isinstance(place, Place)]
        try:
            return self._exchange(batch.products, places)
        except KafkaException as caught:
            error = caught.args[0]
            self._producer = None
            if error.code() in FENCED:
                raise SettingsError(
                    "settings-value",
                    f"Another process has the transactional id {self._identity}. Give each one its own.",
                ) from None
            raise failed(self.name, error) from None

    def _exchange(self, products: Sequence[Product], places: Sequence[Place]) -> Sequence[Refused]:
        """Products for offsets. Raises KafkaException; then the producer is not used again."""
        # In this order: a generation of after a loss comes with the knowledge of the loss (rule 3).
        producer, group = self._open(), self._source.group
        if group is None:
            raise KafkaException(KafkaError(KafkaError._STATE, "the source has no connection"))
        if not self._source.holds(places):
            return ()
        offsets = _offsets(places)
        if self._doubt and self._done(offsets):
            self._doubt = False
            return ()
        never: dict[int, KafkaError] = {}
        one_by_one = False
        while True:
            producer.begin_transaction()
            found = self._put(producer, products, never, one_by_one)
            if not found:
                break
            # Aborted by the next producer: one that has aborted itself throws out what it is given first.
            self._producer = None
            producer = self._open()
            if one_by_one or len(products) - len(never) == 1:
                never |= found
            one_by_one = True
        producer.send_offsets_to_transaction(
            [TopicPartition(*key, offset) for key, offset in offsets.items()], group, self._wait
        )
        self._doubt = True
        producer.commit_transaction(self._wait)
        self._doubt = False
        return [(products[number], refused(self.name, error)) for number, error in never.items()]

    def _put(
        self, producer: Producer, products: Sequence[Product], never: Collection[int], one_by_one: bool
    ) -> dict[int, KafkaError]:
        """Write what is not in `never`. Returns what is not taken: the first such product when they go one by one,
        and else those of the request that is refused. Raises KafkaException for what may be taken later."""
        errors: dict[int, KafkaError] = {}
        for number, product in enumerate(products):
            if number in never or (errors and one_by_one):
                continue
            for topic in self._topics:
                self._produce(producer, topic, product, partial(_note, errors, number))
            if one_by_one:
                self._flush(producer)
        self._flush(producer)
        found = {number: error for number, error in errors.items() if error.code() in NEVER}
        # When one is refused librdkafka throws out those behind it, too: they are sent again without it.
        for error in () if found else errors.values():
            raise KafkaException(error)
        return found

    def _flush(self, producer: Producer) -> None:
        """Wait until what became of all is known. Raises KafkaException when the producer can do nothing more."""
        try:
            producer.flush(self._wait)
        except SystemError as error:
            # A fatal error that was raised in the middle of reports.
            if isinstance(error.__cause__, KafkaException):
                raise error.__cause__ from None
            raise

    def _produce(
        self,
        producer: Producer,
        topic: str,
        product: Product,
        told: Callable[[KafkaError | None, Record | None], None],
    ) -> None:
        headers = headers_of(product, self._headers)
        try:
            producer.produce(topic, product.data, product.key, headers=headers, on_delivery=told)
        except KafkaException as caught:
            told(caught.args[0], None)

    def _done(self, offsets: dict[Key, int]) -> bool:
        """Whether the transaction was made after all (rule 2)."""
        committed = self._source.committed(offsets, self._wait)
        return all(committed[key] >= offset for key, offset in offsets.items())

    def _open(self) -> Producer:
        if self._producer is None:
            try:
                producer = Producer(self._settings)
            except KafkaException as error:
                raise unusable(self._cluster, self.name, error) from None
            producer.init_transactions(self._wait)
            self._producer = producer
        return self._producer


def _note(
    errors: dict[int, KafkaError], number: int, error: KafkaError | None, record: Record | None
) -> None:
    """Remember what became of a product that was not taken."""
    if error is not None:
        errors[number] = error


def _offsets(places: Sequence[Place]) -> dict[Key, int]:
    """The offset after the last message of each partition."""
    return {place[:2]: place.offset + 1 for place in places}
