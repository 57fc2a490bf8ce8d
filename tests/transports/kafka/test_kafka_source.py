"""What a source of Kafka does beside the contract: what comes with a message, pausing, rebalances, gaps, refusals."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from transports.contract import Reading
from transports.kafka.kafka_stage import KafkaStage, until

from gateway.errors import SettingsError, SourceError
from gateway.relay.message import Message
from gateway.transports.kafka import Cluster, KafkaSource, Scram, Tls
from gateway.transports.kafka.handoff import MAX_AHEAD
from gateway.transports.kafka.poller import MAX_BATCH


def test_a_message_has_all_that_came_with_it(kafka: Any) -> None:
    stage = KafkaStage(kafka)
    stage.put([b"data"], key=b"key", headers=[("a", b"1"), ("b", None)], timestamp=1_600_000_000_500)
    stage.put([b""])

    async def main() -> None:
        reading = Reading(stage.source())
        await reading.take(2)
        one, empty = reading.messages
        assert (one.name, one.data, one.key) == (f"{stage.topic}[0]@0", b"data", b"key")
        assert (one.headers, one.time) == ((("a", b"1"), ("b", b"")), 1_600_000_000.5)
        assert one.position[:3] == (stage.topic, 0, 0)
        assert (empty.data, empty.key, empty.headers) == (b"", None, ())
        await reading.source.close()

    asyncio.run(main())


def test_a_pattern_reads_all_topics_that_it_fits(kafka_broker: Any) -> None:
    stages = [KafkaStage(kafka_broker) for _ in range(2)]
    for stage in stages:
        stage.put([stage.topic.encode()])

    async def main() -> None:
        topics = [f"^{stage.topic[:-1]}.$" for stage in stages]
        source = KafkaSource("kafka", stages[0].cluster, topics, stages[0].group, stages[0].metrics)
        reading = Reading(source)
        assert set(await reading.take(2)) == {stage.topic.encode() for stage in stages}
        await source.close()

    asyncio.run(main())


def test_latest_leaves_out_what_was_there_before(kafka_broker: Any) -> None:
    stage = KafkaStage(kafka_broker)
    stage.put([b"old"])

    async def main() -> None:
        reading = Reading(stage.source(start="latest"))
        taking = asyncio.create_task(reading.take(1))
        # Only the partition's new end is a place after which something is new.
        await until(lambda: reading.source._handoff is not None and _assigned(reading))
        for number in range(200):
            if taking.done():
                break
            stage.put([b"new %d" % number])
            await asyncio.sleep(0.05)
        assert (await taking)[0].startswith(b"new")
        await reading.source.close()

    asyncio.run(main())


def _assigned(reading: Reading) -> bool:
    return bool(reading.source._handoff.ledger.keys)


def test_who_does_not_ask_makes_it_wait_and_it_stays_in_its_group(
    kafka_broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.transports.kafka.poller.PATIENCE", 0.05)
    stage = KafkaStage(kafka_broker)
    data = [b"%05d" % number * 20_000 for number in range(120)]
    stage.put(data[:60])

    async def main() -> None:
        reading = Reading(stage.source())
        await reading.take(1)
        membership = reading.source._poller._membership
        await until(lambda: membership.paused)
        ahead = reading.source._handoff._ahead
        assert len(ahead) <= MAX_AHEAD
        assert sum(len(message.data) for batch in ahead for message in batch) <= (MAX_AHEAD + 1) * MAX_BATCH
        stage.put(data[60:])
        assert await reading.take(len(data)) == data
        assert not membership.paused
        await reading.source.close()

    asyncio.run(main())


def test_two_in_one_group_share_under_load_and_nothing_is_lost_or_out_of_order(
    kafka: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small batches, so that one is always under way.
    monkeypatch.setattr("gateway.transports.kafka.poller.MAX_COUNT", 20)
    count = 1000
    stage = KafkaStage(kafka, partitions=4)
    # Large ones, so that they come from all partitions in turn; the mock would not keep them.
    size = 20_000 if kafka.real else 10
    for partition in range(4):
        stage.put([(b"%d" % number).ljust(size) for number in range(count)], partition)
    done: dict[int, list[int]] = defaultdict(list)

    async def work(source: KafkaSource, enough: int) -> None:
        """Take and acknowledge until that is done. Some batches are always under way, as sinks have them."""
        taken = 0
        sending: set[asyncio.Task[None]] = set()

        async def send(messages: Sequence[Message]) -> None:
            await asyncio.sleep(0.5)
            for message in messages:
                done[message.position.partition].append(int(message.data))
            source.ack([message.position for message in messages])

        async for messages in source.batches():
            sending.add(asyncio.create_task(send(messages)))
            await asyncio.sleep(0.05)
            taken += len(messages)
            if taken >= enough:
                source.stop()
        await asyncio.gather(*sending)

    async def main() -> None:
        first, second = stage.source("first"), stage.source("second")
        working = [asyncio.create_task(work(first, 10**9))]
        await until(lambda: sum(map(len, done.values())) > 500)
        # The second comes while the first is at it, takes some and leaves again.
        working.append(asyncio.create_task(work(second, 300)))
        for round in range(200):
            if working[1].done():
                break
            for partition in range(4):
                stage.put([b"%d" % (count + number + 50 * round) for number in range(50)], partition)
            await asyncio.sleep(0.2)
        assert working[1].done(), "The second was given nothing."
        await second.close()
        total = 4 * (count + 50 * round)
        await until(lambda: sum(map(len, done.values())) >= total)
        first.stop()
        await asyncio.gather(*working)
        await first.close()
        for partition in range(4):
            assert done[partition] == list(range(count + 50 * round))

    asyncio.run(main())
    assert [stage.committed(partition) for partition in range(4)] == [
        len(done[partition]) for partition in range(4)
    ]


def test_an_expired_offset_is_told_and_counted_and_the_stream_goes_on(
    kafka_broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage = KafkaStage(kafka_broker)
    stage.put([b"%d" % number for number in range(20)])

    async def main() -> None:
        first = Reading(stage.source())
        await first.take(20)
        first.ack(3)
        await first.source.close()
        admin = kafka_broker.admin()
        for done in admin.delete_records([TopicPartition(stage.topic, 0, 15)]).values():
            done.result(30)
        second = Reading(stage.source())
        assert await second.take(5) == [b"%d" % number for number in range(15, 20)]
        await second.source.close()

    asyncio.run(main())
    assert stage.metrics.value("gap_messages_total", "kafka") == 12
    assert f"12 messages of {stage.topic}[0] are gone, from offset 3 on. [source-gap]" in caplog.text


def test_lag_is_what_is_not_acknowledged(kafka: Any) -> None:
    stage = KafkaStage(kafka)
    stage.put([b"%d" % number for number in range(20)])
    label = ("lag_messages", "kafka", stage.topic, "0")

    async def main() -> None:
        # Statistics come four times in the seconds of patience with a silent broker.
        reading = Reading(stage.source(silence=4))
        await reading.take(20)
        await until(lambda: stage.metrics.value(*label) == 20)
        reading.ack(15)
        await until(lambda: stage.metrics.value(*label) == 5)
        await reading.source.close()

    asyncio.run(main())
    assert stage.metrics.registry.get_sample_value("gateway_lag_messages", None) is None


async def _ends(source: KafkaSource) -> None:
    try:
        async with asyncio.timeout(60):
            async for _ in source.batches():
                pass
    finally:
        await source.close()


def test_who_has_the_wrong_password_is_told_so_and_not_what_it_was(
    kafka_broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage = KafkaStage(kafka_broker)
    cluster = Cluster(
        (kafka_broker.bootstrap("SASL_SSL"),), Scram("community-broker", "hunter2"), Tls(kafka_broker.ca)
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError, match="kafka is not let in") as caught:
        asyncio.run(_ends(stage.source(cluster=cluster)))
    assert caught.value.code == "source-refused"
    assert "hunter2" not in caplog.text + str(caught.value) + repr(cluster)


def test_who_may_not_read_a_topic_or_use_a_group_is_told_so(kafka_broker: Any) -> None:
    reader = Cluster(
        (kafka_broker.bootstrap("SASL_SSL"),),
        Scram("community-broker", "community-broker-secret", "SCRAM-SHA-256"),
        Tls(kafka_broker.ca),
    )
    stage = KafkaStage(kafka_broker, topic=kafka_broker.new_topic("gateway"))
    with pytest.raises(SourceError, match="Topic authorization failed") as caught:
        asyncio.run(_ends(stage.source(cluster=reader)))
    assert caught.value.code == "source-refused"
    assert stage.topic in caught.value.message
    stage = KafkaStage(kafka_broker)
    stage.group = "others"
    with pytest.raises(SourceError, match="Group authorization failed") as caught:
        asyncio.run(_ends(stage.source(cluster=reader)))
    assert caught.value.code == "source-refused"


def test_whose_certificate_nobody_knows_is_not_trusted(kafka_broker: Any) -> None:
    stage = KafkaStage(kafka_broker)
    cluster = Cluster((kafka_broker.bootstrap("SASL_SSL"),), Scram("community-broker", "x"), Tls())
    with pytest.raises(SourceError, match="no TLS") as caught:
        asyncio.run(_ends(stage.source(cluster=cluster)))
    assert caught.value.code == "source-unreachable"


def test_settings_that_librdkafka_refuses_are_an_error_of_settings(kafka: Any, tmp_path: Any) -> None:
    stage = KafkaStage(kafka)
    cluster = Cluster((kafka.bootstrap(),), tls=Tls(tmp_path / "missing.pem", key_password="hunter2"))
    with pytest.raises(SettingsError, match="No client of Kafka can be made for kafka") as caught:
        asyncio.run(_ends(stage.source(cluster=cluster)))
    assert "hunter2" not in str(caught.value)


def test_rubins_way_in(kafka_broker: Any) -> None:
    """SCRAM-SHA-512 over TLS, a topic to read and groups that begin with the name."""
    stage = KafkaStage(kafka_broker)
    stage.put([b"data"])
    cluster = Cluster(
        (kafka_broker.bootstrap("SASL_SSL"),),
        Scram("community-broker", "community-broker-secret"),
        Tls(kafka_broker.ca),
    )

    async def main() -> None:
        reading = Reading(stage.source(cluster=cluster))
        assert await reading.take(1) == [b"data"]
        reading.ack(1)
        await reading.source.close()

    asyncio.run(main())
    assert stage.committed() == 1


def test_one_that_is_busy_closes_quickly(kafka: Any) -> None:
    stage = KafkaStage(kafka)
    stage.put([bytes(80_000) for _ in range(50)])

    async def main() -> float:
        reading = Reading(stage.source())
        await reading.take(10)
        start = time.monotonic()
        await reading.source.close()
        return time.monotonic() - start

    assert asyncio.run(main()) < 10
