"""What a member of a consumer group does when partitions come and go, and what it commits. Runs in the poller's thread.

Rules
1. A partition that is taken away is given up when what is under way of it is acknowledged and committed, so that
   whoever has it next goes on right there. One that was lost is somebody else's already.
2. A commit that fails is made again with the next one.
3. Where a transaction commits, what is under way of lost partitions cannot be told from the rest of its batch:
   everything that is not acknowledged is read again, and batches of before count for nothing.
4. A start offset is asked for by us: one that is expired is told and counted, and the stream goes on with what is
   there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka import Message as Record

from gateway.errors import SourceError
from gateway.relay.metrics import Metrics
from gateway.transports.kafka.faults import said
from gateway.transports.kafka.handoff import Handoff
from gateway.transports.kafka.ledger import Key

__all__ = ["MAX_LEAVE", "MAX_REVOKE_WAIT", "MAX_WATERMARK_WAIT", "Membership"]

MAX_REVOKE_WAIT = 30
"""Seconds for what is under way when partitions are taken away (rule 1). Heartbeats go on meanwhile, and a group waits
five minutes for each member."""

MAX_WATERMARK_WAIT = 10
"""Seconds to ask a broker which offsets it still has, when ours are gone."""

MAX_LEAVE = 5
"""Seconds to commit and to leave the group. Who needs longer has a broker that does not answer, and is not missed."""

COMMIT = 1.0
"""Seconds between two commits: what comes again after a power failure."""

log = logging.getLogger("gateway.kafka")


class Membership:
    """The partitions of one consumer.

    start : where to read partitions of which the group has committed nothing
    commits : whether acknowledged offsets are committed; a transaction does it otherwise
    paused : whether new partitions are to wait
    """

    def __init__(self, name: str, start: int, commits: bool, handoff: Handoff, metrics: Metrics) -> None:
        self._name, self._start, self._commits = name, start, commits
        self._handoff, self._metrics = handoff, metrics
        self._next = 0.0
        self._left = False
        self.paused = False

    def subscribe(self, consumer: Consumer, topics: list[str]) -> None:
        """Join the group."""
        consumer.subscribe(topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        log.info("%s: reads %s", self._name, _names(partitions))
        self._handoff.assign(_keys(partitions))
        consumer.incremental_assign(partitions)
        if self.paused:
            consumer.pause(partitions)

    def _revoked(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._left:
            return
        keys = _keys(partitions)
        self._handoff.drop(keys)
        done = self._handoff.wait_for_acknowledgements(keys, MAX_REVOKE_WAIT)
        if not done:
            log.warning("%s: some of %s is still under way and comes again", self._name, _names(partitions))
        self._commit_now(consumer, keys)
        consumer.incremental_unassign(partitions)
        self._gone(partitions)
        if not done:
            self._again(consumer)

    def _lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        if self._left:
            return
        log.warning("%s: lost %s; what is not acknowledged comes again", self._name, _names(partitions))
        consumer.incremental_unassign(partitions)
        self._gone(partitions)
        self._again(consumer)

    def _again(self, consumer: Consumer) -> None:
        """Read again what is not acknowledged of what is left (rule 3)."""
        ledger = self._handoff.ledger
        if not self._commits and (keys := ledger.keys):
            starts = [(key, ledger.resume(key)) for key in keys]
            places = [TopicPartition(*key, at if at >= 0 else OFFSET_INVALID) for key, at in starts]
            self._handoff.release(keys)
            consumer.incremental_unassign(places)
            self._assigned(consumer, places)

    def _gone(self, partitions: list[TopicPartition]) -> None:
        keys = _keys(partitions)
        self._handoff.release(keys)
        for topic, partition in keys:
            self._metrics.drop("lag_messages", self._name, topic, str(partition))

    def commit(self, consumer: Consumer, now: float) -> None:
        """Commit what is acknowledged, each `COMMIT` seconds, without waiting for the answer."""
        if self._commits and now >= self._next:
            self._next = now + COMMIT
            if due := self._handoff.due():
                try:
                    consumer.commit(offsets=_offsets(due), asynchronous=True)
                except KafkaException as error:
                    self.committed(error.args[0], _offsets(due))

    def _commit_now(self, consumer: Consumer, keys: Collection[Key]) -> None:
        """Commit what is acknowledged of some partitions, and wait for the answer."""
        if self._commits and (due := self._handoff.due(keys)):
            try:
                consumer.commit(offsets=_offsets(due), asynchronous=False)
            except KafkaException as error:
                log.warning(
                    "%s: a commit failed, so messages come again: %s", self._name, said(error.args[0])
                )

    def committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """What became of a commit (rule 2)."""
        if error is not None:
            log.warning("%s: a commit failed and is made again: %s", self._name, said(error))
            self._handoff.failed(_keys(partitions))

    def leave(self, consumer: Consumer) -> None:
        """Commit what is acknowledged, and leave the group. A broker that is away does not hold us up: librdkafka would
        wait for it, and does so alone."""
        due = self._handoff.due() if self._commits else []
        self._left = True
        self._gone([TopicPartition(*key) for key in self._handoff.ledger.keys])
        leaving = threading.Thread(
            target=self._leave, args=(consumer, _offsets(due)), name=f"kafka {self._name} leaves", daemon=True
        )
        leaving.start()
        leaving.join(MAX_LEAVE)
        if leaving.is_alive():
            log.warning("%s: the broker does not answer; left its group without a word", self._name)

    def _leave(self, consumer: Consumer, offsets: list[TopicPartition]) -> None:
        try:
            if offsets:
                consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            log.warning("%s: a commit failed, so messages come again: %s", self._name, said(error.args[0]))
        finally:
            consumer.close()

    def reset(self, consumer: Consumer, record: Record) -> None:
        """There is no start for a partition: nothing was committed yet, or what was is gone (rule 4)."""
        topic, partition, offset = record.topic(), record.partition(), record.offset()
        assert topic is not None
        assert partition is not None
        place = TopicPartition(topic, partition, self._start)
        if offset is not None and offset >= 0:
            place.offset = self._gap(consumer, place, offset)
        # A partition without a start cannot be sought in; it is given back and taken again.
        consumer.incremental_unassign([place])
        consumer.incremental_assign([place])
        if self.paused:
            consumer.pause([place])

    def _gap(self, consumer: Consumer, place: TopicPartition, offset: int) -> int:
        """Tell that messages are gone; the offset at which there are some."""
        try:
            low, _ = consumer.get_watermark_offsets(place, timeout=MAX_WATERMARK_WAIT)
        except KafkaException as error:
            log.warning("%s: cannot ask how many messages are gone: %s", self._name, said(error.args[0]))
            low = OFFSET_BEGINNING
        gone = max(0, low - offset)
        self._metrics.add("gap_messages_total", gone, self._name)
        told = SourceError(
            "source-gap",
            f"{self._name}: {gone or 'an unknown number of'} messages of {place.topic}[{place.partition}] are gone, "
            f"from offset {offset} on.",
        )
        log.error("%s %s", told, told.advice)
        return low


def _keys(partitions: Iterable[TopicPartition]) -> list[Key]:
    return [(one.topic, one.partition) for one in partitions]


def _names(partitions: Iterable[TopicPartition]) -> str:
    return ", ".join(f"{one.topic}[{one.partition}]" for one in partitions) or "nothing"


def _offsets(due: Iterable[tuple[str, int, int]]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition, offset) for topic, partition, offset in due]
