"""A source that reads Kafka topics as a member of a consumer group.

Rules
1. What is not acknowledged comes again, to us or to whoever has the partition then. An acknowledgement is safe when
   it is committed, each second and in `close`.
2. Of a partition, messages come in order. They come twice in one run only after the partition was lost, as when no
   broker could be reached for long.
3. Whoever does not ask makes the source wait: it pauses its partitions and stays in its group.
4. One that cannot get in ends with a SourceError; one that was in once and hears nothing any more is connected anew.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Literal

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException, TopicPartition

from gateway.relay.message import Message, Position
from gateway.relay.metrics import Metrics
from gateway.transports.kafka.client import Cluster, Settings, settings, unusable
from gateway.transports.kafka.handoff import Handoff
from gateway.transports.kafka.ledger import Key, Place
from gateway.transports.kafka.membership import Membership
from gateway.transports.kafka.poller import OWN, Poller
from gateway.transports.kafka.watchdog import MAX_SILENCE

__all__ = ["MAX_CLOSE", "KafkaSource"]

MAX_CLOSE = 15
"""Seconds for the thread to end: what it has begun takes some, see `gateway.transports.kafka.membership`."""

SESSION = 45
"""Seconds after which a group takes the partitions of a member away that has died without a word. Kafka's own default:
a shorter one moves them in each hiccup of a network."""

STARTS = {"earliest": OFFSET_BEGINNING, "latest": OFFSET_END}

log = logging.getLogger("gateway.kafka")


class KafkaSource:
    """Reads topics.

    topics : names, and patterns that begin with ``^``
    group : the consumer group; who has the same shares the partitions
    start : where to read what the group has not read yet, at the oldest message or the next one
    commits : False when a transaction commits (`gateway.transports.kafka.transaction`)
    silence : seconds without a word from any broker after which it connects anew
    session : seconds after which others get the partitions of one that died; brokers want 6 at least
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        topics: Sequence[str],
        group: str,
        metrics: Metrics,
        *,
        start: Literal["earliest", "latest"] = "earliest",
        commits: bool = True,
        silence: float = MAX_SILENCE,
        session: float = SESSION,
    ) -> None:
        self.name, self._topics, self._metrics, self._silence = name, topics, metrics, silence
        self._start, self._commits = STARTS[start], commits
        self._settings = (
            settings(cluster, name)
            | OWN
            | {
                "group.id": group,
                "session.timeout.ms": int(session * 1000),
                "heartbeat.interval.ms": int(session * 1000 / 15),
            }
        )
        self._cluster = cluster
        self._handoff: Handoff | None = None
        self._poller: Poller | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    async def batches(self) -> AsyncIterator[Sequence[Message]]:
        """Messages, until `stop`. Raises SourceError (source-refused, source-unreachable), SettingsError."""
        handoff = self._begin()
        while (batch := await handoff.take()) is not None:
            yield batch
            # A stream that has always something there must not keep the loop for itself.
            await asyncio.sleep(0)

    def _begin(self) -> Handoff:
        self._handoff = handoff = Handoff()
        if self._stopped:
            handoff.stop()
        self._poller = Poller(
            self.name, self._made, self._topics, self._member, handoff, self._metrics, self._silence
        )
        self._thread = threading.Thread(target=self._poller.run, name=f"kafka {self.name}", daemon=True)
        self._thread.start()
        return handoff

    def _member(self, handoff: Handoff) -> Membership:
        return Membership(self.name, self._start, self._commits, handoff, self._metrics)

    def _made(self, own: Settings) -> Consumer:
        try:
            return Consumer(self._settings | own)
        except KafkaException as error:
            raise unusable(self._cluster, self.name, error) from None

    def ack(self, positions: Sequence[Position]) -> None:
        """These need not come again (rule 1)."""
        assert self._handoff is not None
        self._handoff.acknowledge([place for place in positions if isinstance(place, Place)])

    def holds(self, places: Sequence[Place]) -> bool:
        """Whether all of these are still ours to deliver."""
        assert self._handoff is not None
        return self._handoff.holds(places)

    @property
    def group(self) -> object | None:
        """What a transaction has to know of the group; None while there is no connection."""
        return self._poller.group if self._poller is not None else None

    def committed(self, keys: Collection[Key], wait: float) -> dict[Key, int]:
        """The offsets that the group has committed. Not to be called in the loop. Raises KafkaException."""
        assert self._poller is not None
        asked = [TopicPartition(*key) for key in keys]
        found = self._poller.ask(lambda consumer: consumer.committed(asked, wait)).result(2 * wait)
        return {(one.topic, one.partition): one.offset for one in found}

    def stop(self) -> None:
        """Give no more; the partitions stay ours until `close`, so that what is under way can be acknowledged."""
        self._stopped = True
        if self._handoff is not None:
            self._handoff.stop()

    async def close(self) -> None:
        """Commit and leave the group."""
        thread, self._thread = self._thread, None
        if thread is None or self._handoff is None:
            return
        if await self._handoff.close(MAX_CLOSE):
            thread.join()
        else:
            log.warning("%s: its broker does not answer; left without a word", self.name)
