"""Kafka keeps the contract of sources and sinks, on librdkafka's mock of a cluster and on a real broker."""

from typing import Any

import pytest
from transports.contract import SinkContract, SourceContract
from transports.kafka.kafka_stage import KafkaStage


@pytest.fixture
def stage(kafka: Any) -> KafkaStage:
    return KafkaStage(kafka)


class TestKafkaSource(SourceContract):
    pass


class TestKafkaSink(SinkContract):
    pass
