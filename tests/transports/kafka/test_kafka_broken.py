"""Kafka when things go wrong: brokers that die, tokens that run out, messages that cannot be read."""

import asyncio
import logging
from typing import Any

import pytest
from relay.routes import Rig
from transports.contract import Reading
from transports.kafka.kafka_stage import KafkaStage, until

from gateway.errors import SourceError
from gateway.relay.service import run
from gateway.transports.kafka import Cluster, OAuth, Tls
from gateway.transports.memory import MemorySink


def test_a_broker_that_is_killed_and_comes_back_costs_nothing_but_time(kafka_to_break: Any) -> None:
    stage = KafkaStage(kafka_to_break)
    stage.put([b"%d" % number for number in range(100)])

    async def main() -> None:
        reading = Reading(stage.source(session=6))
        await reading.take(100)
        reading.ack(50)
        await until(lambda: stage.committed() == 50)
        await asyncio.to_thread(kafka_to_break.kill)
        reading.ack(100)
        await asyncio.to_thread(kafka_to_break.start)
        await asyncio.to_thread(stage.put, [b"new"])
        await reading.until(lambda: reading.messages[-1].data == b"new")
        # What was under way when the partition was lost may come again, in order; nothing is missing.
        again = [int(message.data) for message in reading.messages[100:-1]]
        assert again == list(range(100))[100 - len(again) :]
        reading.source.ack([message.position for message in reading.messages])
        await until(lambda: stage.committed() == 101)
        await reading.source.close()

    asyncio.run(main())


def test_who_hears_nothing_any_more_connects_anew(
    kafka_to_break: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage = KafkaStage(kafka_to_break)
    stage.put([b"one"])

    async def main() -> None:
        reading = Reading(stage.source(silence=2, session=6))
        await reading.take(1)
        reading.ack(1)
        await until(lambda: stage.committed() == 1)
        await asyncio.to_thread(kafka_to_break.stop)
        await until(lambda: stage.metrics.value("renewals_total", "kafka") > 0)
        await asyncio.to_thread(kafka_to_break.start)
        await asyncio.to_thread(stage.put, [b"two"])
        assert await reading.take(2) == [b"one", b"two"]
        await reading.source.close()

    asyncio.run(main())
    assert "kafka: no broker answers for 2 s; connecting anew" in caplog.text


def test_close_waits_for_no_broker(kafka_to_break: Any) -> None:
    stage = KafkaStage(kafka_to_break)
    stage.put([b"one"])

    async def main() -> None:
        reading = Reading(stage.source(session=6))
        await reading.take(1)
        await asyncio.to_thread(kafka_to_break.kill)
        reading.ack(1)
        async with asyncio.timeout(20):
            await reading.source.close()
        await asyncio.to_thread(kafka_to_break.start)
        again = Reading(stage.source(session=6))
        # The commit did not get through: at least once.
        assert await again.take(1) == [b"one"]
        await again.source.close()

    asyncio.run(main())


def test_poison_is_buried_and_the_rest_goes_on(kafka: Any) -> None:
    stage = KafkaStage(kafka)
    stage.put([b"bad %d" % number if number % 100 == 7 else b"%d" % number for number in range(500)])
    sink, dead = MemorySink(), MemorySink("dead")

    async def main() -> None:
        stop = asyncio.Event()
        rig = Rig(stage.source(), [sink], dead)
        running = asyncio.create_task(run([rig.route], rig.all, stop))
        await until(lambda: len(sink.products) + len(dead.products) == 500)
        stop.set()
        await running

    asyncio.run(main())
    assert len(dead.products) == 5
    assert [int(product.data) for product in sink.products] == [n for n in range(500) if n % 100 != 7]
    assert stage.committed() == 500


def oauth(kafka_broker: Any, tokens: Any, secret: str | None = None) -> Cluster:
    settings = tokens.client(secret=secret)
    auth = OAuth(
        tokens.url, settings["sasl.oauthbearer.client.id"], settings["sasl.oauthbearer.client.secret"]
    )
    return Cluster((kafka_broker.bootstrap("SASL_SSL"),), auth, Tls(kafka_broker.ca))


def test_an_idle_token_is_renewed_and_the_stream_goes_on(kafka_broker: Any, tokens: Any) -> None:
    """Nothing comes for longer than a token lasts. Then something does. When librdkafka and the broker fall out over a
    token, as they do now and then, the watchdog connects anew."""
    stage = KafkaStage(kafka_broker)
    stage.put([b"one"])
    tokens.lifetime = 4

    async def main() -> None:
        reading = Reading(stage.source(cluster=oauth(kafka_broker, tokens), silence=10))
        await reading.take(1)
        reading.ack(1)
        await until(lambda: tokens.given >= 4)
        stage.put([b"two"])
        assert await reading.take(2) == [b"one", b"two"]
        await reading.source.close()

    asyncio.run(main())


def test_a_token_that_cannot_be_renewed_stops_nothing_for_good(
    kafka_broker: Any, tokens: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The issuer is away for longer than a token lasts, and the broker hangs up on who has an old one."""
    stage = KafkaStage(kafka_broker)
    stage.put([b"one"])
    tokens.lifetime = 4

    async def main() -> None:
        reading = Reading(stage.source(cluster=oauth(kafka_broker, tokens), silence=3, session=6))
        await reading.take(1)
        reading.ack(1)
        tokens.closed = True
        await until(lambda: stage.metrics.value("renewals_total", "kafka") > 0)
        tokens.closed = False
        stage.put([b"two"])
        await reading.until(lambda: reading.messages[-1].data == b"two")
        await reading.source.close()

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())
    assert "community-broker-secret" not in caplog.text


def test_a_wrong_secret_is_told_at_once(kafka_broker: Any, tokens: Any) -> None:
    stage = KafkaStage(kafka_broker)
    source = stage.source(cluster=oauth(kafka_broker, tokens, "hunter2"))

    async def main() -> None:
        try:
            async with asyncio.timeout(60):
                async for _ in source.batches():
                    pass
        finally:
            await source.close()

    with pytest.raises(SourceError, match="kafka is not let in") as caught:
        asyncio.run(main())
    assert caught.value.code == "source-refused"
    assert "hunter2" not in str(caught.value)
