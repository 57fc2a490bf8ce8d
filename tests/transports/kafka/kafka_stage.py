"""A topic for a test, and sources and sinks on it."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from gateway.relay.metrics import Metrics
from gateway.transports.kafka import Cluster, KafkaSink, KafkaSource

WAIT = 30.0
"""Seconds until a broker must have answered."""


class KafkaStage:
    """One topic of a cluster, and one group."""

    limit = 900_000

    def __init__(self, kafka: Any, partitions: int = 1, topic: str | None = None) -> None:
        self.kafka = kafka
        self.topic = topic or kafka.new_topic(partitions=partitions)
        self.group = f"community-broker-{uuid.uuid4()}"
        self.cluster = Cluster((kafka.bootstrap(),))
        self.metrics = Metrics()

    def put(self, data: Sequence[bytes], partition: int = 0, **more: Any) -> None:
        producer = Producer(self.kafka.client(linger_ms=5))
        for one in data:
            producer.produce(self.topic, one, partition=partition, **more)
        assert producer.flush(WAIT) == 0

    def source(self, name: str = "kafka", **more: Any) -> KafkaSource:
        # The mock does not understand that a member leaves: its partitions are free when its session is over.
        more = {"session": 45 if self.kafka.real else 6, "cluster": self.cluster} | more
        return KafkaSource(name, more.pop("cluster"), [self.topic], self.group, self.metrics, **more)

    def sink(self, **more: Any) -> KafkaSink:
        more.setdefault("limit", self.limit)
        return KafkaSink("sink", self.cluster, self.topic, **more)

    def read(self, count: int) -> list[bytes]:
        return [record.value() for record in self.records(count)]

    def records(self, count: int) -> list[Any]:
        """The first so many records; fewer when there are fewer."""
        consumer = Consumer(
            self.kafka.client(group_id="reader", enable_partition_eof=True, auto_offset_reset="earliest")
        )
        partitions = consumer.list_topics(self.topic, timeout=WAIT).topics[self.topic].partitions
        consumer.assign([TopicPartition(self.topic, number, 0) for number in partitions])
        found: list[Any] = []
        ends = 0
        while len(found) < count and ends < len(partitions):
            record = consumer.poll(WAIT)
            assert record is not None, "The broker does not answer."
            if record.error():
                ends += 1
            else:
                found.append(record)
        consumer.close()
        return found

    def committed(self, partition: int = 0) -> int:
        """The offset that the group has committed, negative when there is none."""
        consumer = Consumer(self.kafka.client(group_id=self.group))
        (found,) = consumer.committed([TopicPartition(self.topic, partition)], timeout=WAIT)
        consumer.close()
        return int(found.offset)


async def until(true: Callable[[], bool], deadline: float = 60) -> None:
    """Wait for something that a thread or a broker does."""
    async with asyncio.timeout(deadline):
        while not true():
            await asyncio.sleep(0.01)
