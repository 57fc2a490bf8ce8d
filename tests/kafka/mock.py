"""librdkafka's own mock of a Kafka cluster: for machines without Java, and for tests that both must pass."""

import uuid
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from kafka.settings import ALERTS, dotted

WAIT = 60.0
"""Seconds until the mock, which runs in this process, must have answered."""


class MockKafka:
    """A cluster of one broker that lives as long as this object. It has no users and keeps nothing.

    Topics are made when they are first asked for and always have four partitions: no client of another language
    than C can set how many.
    """

    real = False

    def __init__(self) -> None:
        self._owner = Producer({"test.mock.num.brokers": 1, "log_level": 3})
        (broker,) = self._owner.list_topics(timeout=WAIT).brokers.values()
        self._address = f"{broker.host}:{broker.port}"

    def bootstrap(self, listener: str = "PLAINTEXT") -> str:
        """`host:port`, which is the same for whatever listener."""
        return self._address

    def client(self, **more: Any) -> dict[str, Any]:
        """Settings of a confluent-kafka client. With dots as underscores, more of them."""
        return {"bootstrap.servers": self._address, **dotted(more)}

    def create_topic(self, name: str, partitions: int = 4) -> str:
        """A topic that is ready to be used, and its name. It has four partitions, however many are wanted."""
        topic = AdminClient(self.client()).list_topics(name, timeout=WAIT).topics[name]
        assert topic.error is None, topic.error
        return name

    def new_topic(self, prefix: str = ALERTS, partitions: int = 4) -> str:
        """A topic with a name that no other test has."""
        return self.create_topic(f"{prefix}-{uuid.uuid4()}", partitions)
