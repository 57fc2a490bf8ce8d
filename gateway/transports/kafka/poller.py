"""The thread that reads: one consumer after the other, each until it is told to end or hears nothing any more.

Rules
1. It never stops polling for longer than `PATIENCE`: a group that hears nothing from a member for five minutes takes
   its partitions away. Who has no room pauses them; a short wait comes first, since librdkafka throws away what it
   has read of a paused partition.
2. Messages are taken in small batches: what does not fit into a processor's cache costs twice as much, and one at a
   time would mean to wait for Python's lock each time.
3. Nobody else touches a consumer: a call in another thread waits until no poll is under way, which may be never.
4. Who is not let in at first has wrong settings and hears of it. Later it is waited for
   (`gateway.transports.kafka.watchdog`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import Message as Record

from gateway.errors import SourceError
from gateway.relay.message import Headers, Message
from gateway.relay.metrics import Metrics
from gateway.transports.kafka.client import Settings
from gateway.transports.kafka.faults import ended, not_let_in, source_error
from gateway.transports.kafka.handoff import Handoff
from gateway.transports.kafka.ledger import Place
from gateway.transports.kafka.membership import Membership
from gateway.transports.kafka.watchdog import Watchdog

__all__ = ["MAX_BATCH", "MAX_COUNT", "MAX_PREFETCH", "OWN", "Poller"]

MAX_BATCH = 2**20
"""Bytes in one batch, about: twelve of Rubin's alerts. More does not fit into a processor's cache (rule 2)."""

MAX_COUNT = 500
"""Messages in one batch: small ones are handed over before they are old."""

MAX_PREFETCH = 16 * 2**20
"""Bytes that librdkafka reads ahead of us, and half as many once more while an answer comes in."""

POLL = 0.1
"""Seconds that we wait for a message, and before we look around again."""

PATIENCE = 1.0
"""Seconds without room before partitions are paused (rule 1)."""

OWN: Settings = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",  # answered by `Membership.reset`
    "partition.assignment.strategy": "cooperative-sticky",
    "queued.max.messages.kbytes": MAX_PREFETCH // 1024,
    "fetch.max.bytes": MAX_PREFETCH // 2,
    # A commit that nobody answers must not hold up a rebalance or an end for a minute.
    "socket.timeout.ms": 10_000,
}
"""What every consumer is told beside where to connect to."""

T = TypeVar("T")

log = logging.getLogger("gateway.kafka")


class Poller:
    """Reads topics for a source.

    make : a consumer with such settings beside its own
    silence : seconds without a word from any broker after which there is a new consumer
    clock : seconds
    group : what a transaction has to know of the group, as of the last turn
    """

    def __init__(
        self,
        name: str,
        make: Callable[[Settings], Consumer],
        topics: Sequence[str],
        member: Callable[[Handoff], Membership],
        handoff: Handoff,
        metrics: Metrics,
        silence: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name, self._make, self._topics, self._member = name, make, list(topics), member
        self._handoff, self._metrics, self._silence, self._clock = handoff, metrics, silence, clock
        self._membership: Membership = member(handoff)
        self._settings: Settings = {
            "stats_cb": self._look,
            "error_cb": self._told,
            "on_commit": lambda error, partitions: self._membership.committed(error, partitions),
            "statistics.interval.ms": max(1, min(5000, int(silence * 250))),
        }
        self._watchdog = Watchdog(clock(), silence)
        self._known = False
        self._error: SourceError | None = None
        self._size = float(MAX_BATCH // 10)
        self._questions: SimpleQueue[tuple[Callable[[Consumer], object], Future[object]]] = SimpleQueue()
        self.group: object | None = None

    def run(self) -> None:
        """Read until the handoff closes. What it ends with is raised in the loop."""
        error: BaseException | None = None
        try:
            while not self._handoff.closing:
                self._live()
        except KafkaException as caught:
            error = ended(self._name, caught.args[0])
        except BaseException as caught:  # noqa: BLE001 - raised again where somebody hears it
            error = caught
        self._handoff.end(error)

    def _live(self) -> None:
        """The life of one consumer."""
        consumer = self._make(self._settings)
        self._watchdog, self._membership = (
            Watchdog(self._clock(), self._silence),
            self._member(self._handoff),
        )
        self._membership.subscribe(consumer, self._topics)
        try:
            while not self._handoff.closing and self._error is None:
                self._pace(consumer)
                self._read(consumer)
                self._membership.commit(consumer, self._clock())
                self._answer(consumer)
                if self._watchdog.silent(self._clock()):
                    self._metrics.add("renewals_total", 1, self._name)
                    log.warning("%s: no broker answers for %g s; connecting anew", self._name, self._silence)
                    break
            if self._error is not None:
                raise self._error
        finally:
            self.group = None
            self._membership.leave(consumer)

    def ask(self, question: Callable[[Consumer], T]) -> Future[T]:
        """Have the consumer asked, which belongs to the thread. Answered at its next turn."""
        future: Future[Any] = Future()
        self._questions.put((question, future))
        return future

    def _answer(self, consumer: Consumer) -> None:
        self.group = consumer.consumer_group_metadata()
        while not self._questions.empty():
            question, future = self._questions.get()
            try:
                future.set_result(question(consumer))
            except KafkaException as error:
                future.set_exception(error)

    def _pace(self, consumer: Consumer) -> None:
        """Wait, pause, resume (rule 1)."""
        membership = self._membership
        if not self._handoff.full:
            if membership.paused:
                consumer.resume(consumer.assignment())
                membership.paused = False
        elif not membership.paused:
            self._handoff.wait_for_room(PATIENCE)
            if self._handoff.full:
                consumer.pause(consumer.assignment())
                membership.paused = True

    def _read(self, consumer: Consumer) -> None:
        """Hand over what is there (rule 2)."""
        first = consumer.poll(POLL)
        if first is None:
            return
        count = min(MAX_COUNT, int(MAX_BATCH / self._size)) - 1
        records = [first, *consumer.consume(count, 0)] if count > 0 else [first]
        batch = [self._message(record) for record in records if self._good(consumer, record)]
        if batch:
            self._size = max(1.0, sum(len(message.data) for message in batch) / len(batch))
            self._handoff.put(batch)

    def _good(self, consumer: Consumer, record: Record) -> bool:
        """Whether that is a message of a partition that is ours; what is no message is dealt with."""
        error = record.error()
        if error is None:
            return self._handoff.ledger.term((record.topic() or "", record.partition() or 0)) is not None
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._membership.reset(consumer, record)
        else:
            self._error = self._error or source_error(self._name, error)
            log.warning("%s: %s", self._name, error.str())
        return False

    def _message(self, record: Record) -> Message:
        topic, partition, offset = record.topic() or "", record.partition() or 0, record.offset() or 0
        term = self._handoff.ledger.term((topic, partition)) or 0
        kind, stamp = record.timestamp()
        return Message(
            f"{topic}[{partition}]@{offset}",
            record.value() or b"",
            Place(topic, partition, offset, term),
            record.key(),
            _headers(record),
            stamp / 1000 if kind else time.time(),
        )

    def _look(self, statistics: str) -> None:
        """Librdkafka's statistics, each few seconds: is anybody there, and how much is there to read?"""
        told = orjson.loads(statistics)
        self._watchdog.look(told, self._clock())
        self._known = self._known or self._watchdog.heard
        ledger = self._handoff.ledger
        for topic, partition in ledger.keys:
            state = told["topics"].get(topic, {}).get("partitions", {}).get(str(partition))
            if state is not None and state["hi_offset"] >= 0:
                done = max(
                    ledger.acknowledged((topic, partition)), state["committed_offset"], state["lo_offset"], 0
                )
                lag = max(0, state["hi_offset"] - done)
                self._metrics.set("lag_messages", lag, self._name, topic, str(partition))

    def _told(self, error: KafkaError) -> None:
        """An error of a client and not of a partition. Its text is in librdkafka's log already."""
        if not (self._known or self._watchdog.heard):
            self._error = self._error or not_let_in(self._name, error)
        self._error = self._error or source_error(self._name, error)


def _headers(record: Record) -> Headers:
    """As bytes, which they are; the type of confluent-kafka's says what may be written."""
    headers = record.headers()
    if not headers:
        return ()
    assert isinstance(headers, list)
    return tuple((name, value if isinstance(value, bytes) else b"") for name, value in headers)
