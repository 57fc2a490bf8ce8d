"""What a sink of Kafka does beside the contract: keys, headers, refusals, order, and a broker that is away."""

import asyncio
from typing import Any

import pytest
from transports.contract import batch
from transports.kafka.kafka_stage import KafkaStage, until

from gateway.errors import DeliveryError
from gateway.relay.message import Batch, Product
from gateway.transports.kafka import Cluster, KafkaSink, Scram, Tls


def test_keys_are_kept_and_headers_are_those_that_may_go(kafka: Any) -> None:
    stage = KafkaStage(kafka)
    product = Product(b"<x/>", key=b"key", role="test", headers=(("a", b"1"), ("b", b"2")))

    async def main() -> None:
        sink = stage.sink(headers=["a"])
        await sink.send(Batch((product, Product(b"{}", suffix=".json"))))
        await sink.close()

    asyncio.run(main())
    one, other = sorted(stage.records(2), key=lambda record: record.value())
    assert (one.key(), other.key()) == (b"key", None)
    names = [name for name, _ in one.headers()]
    assert names == ["_format", "content-type", "_id", "_test", "a"]
    assert dict(other.headers())["_format"] == b"json"


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_each_compression_is_one_that_librdkafka_has(kafka_broker: Any, compression: Any) -> None:
    stage = KafkaStage(kafka_broker)

    async def main() -> None:
        sink = stage.sink(compression=compression)
        await sink.send(batch([b"one" * 1000]))
        await sink.close()

    asyncio.run(main())
    assert stage.read(1) == [b"one" * 1000]


def test_what_the_topic_does_not_take_is_refused_alone_and_the_rest_is_there(kafka_broker: Any) -> None:
    """The topic takes less than we were told: the broker says so, and not librdkafka."""
    stage = KafkaStage(kafka_broker, topic=kafka_broker.new_topic(max_message_bytes="5000"))
    data = [b"1" * 3000, b"2" * 3000, b"3" * 9000, b"4" * 3000]

    async def main() -> None:
        sink = stage.sink()
        refused = await sink.send(batch(data))
        assert [product.data for product, _ in refused] == [data[2]]
        assert refused[0][1].code == "delivery-refused"
        assert list(await sink.send(batch([b"5"]))) == []
        await sink.close()

    asyncio.run(main())
    assert stage.read(4) == [data[0], data[1], data[3], b"5"]


def test_a_topic_that_is_not_there_or_not_ours_is_a_failure_and_no_refusal(kafka_broker: Any) -> None:
    cluster = Cluster(
        (kafka_broker.bootstrap("SASL_SSL"),), Scram("gateway", "gateway-secret"), Tls(kafka_broker.ca)
    )

    async def main() -> None:
        for topic in ("gateway-nowhere", kafka_broker.new_topic()):
            sink = KafkaSink("sink", cluster, topic, wait=5)
            with pytest.raises(DeliveryError, match="sink did not take everything") as caught:
                await sink.send(batch([b"one"]))
            assert caught.value.code == "delivery-failed"
            await sink.close()

    asyncio.run(main())


def test_a_broker_that_is_away_fails_the_batch_and_has_it_when_it_is_back(kafka_to_break: Any) -> None:
    stage = KafkaStage(kafka_to_break)

    async def main() -> None:
        sink = stage.sink(wait=2)
        await sink.send(batch([b"one"]))
        kafka_to_break.kill()
        with pytest.raises(DeliveryError):
            await sink.send(batch([b"two", b"three"]))
        await asyncio.to_thread(kafka_to_break.start)
        await _until_sent(sink, [b"two", b"three"])
        await _until_sent(sink, [b"four"])
        await sink.close()

    asyncio.run(main())
    found = stage.read(20)
    assert found[0] == b"one"
    assert found[-3:] == [b"two", b"three", b"four"]


async def _until_sent(sink: KafkaSink, data: list[bytes]) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await sink.send(batch(data))
            except DeliveryError:
                continue
            return


def test_close_waits_for_no_broker(kafka_broker: Any) -> None:
    async def main() -> None:
        sink = KafkaSink("sink", Cluster(("127.0.0.1:1",)), "topic")
        sending = asyncio.create_task(sink.send(batch([b"one"])))
        await until(lambda: sink._sending is not None)
        async with asyncio.timeout(10):
            sending.cancel()
            await sink.close()

    asyncio.run(main())
