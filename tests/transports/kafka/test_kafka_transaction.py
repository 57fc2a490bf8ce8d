"""Exactly once, from a topic to a topic of a real broker: products and offsets together, or neither."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from transports.contract import Reading
from transports.kafka.kafka_stage import KafkaStage, until

from gateway.errors import DeliveryError, SettingsError
from gateway.relay.message import Batch, Message, Product
from gateway.transports.kafka import KafkaSource, TransactionSink


class TransactionStage(KafkaStage):
    """A topic to read and another to write."""

    def __init__(self, kafka: Any, partitions: int = 1) -> None:
        super().__init__(kafka, partitions)
        self.out = KafkaStage(kafka, topic=kafka.new_topic())
        self.identity = f"gateway-{uuid.uuid4()}"

    def transactions(self, source: KafkaSource, **more: Any) -> TransactionSink:
        return TransactionSink("sink", self.cluster, [self.out.topic], source, self.identity, **more)


def made_of(messages: Sequence[Message]) -> Batch:
    return Batch(tuple(Product(one.data) for one in messages), tuple(one.position for one in messages))


async def relay(source: KafkaSource, sink: TransactionSink, enough: int) -> None:
    """As a route does it, until that many are acknowledged."""
    count = 0
    async for messages in source.batches():
        while True:
            try:
                await sink.send(made_of(messages))
                break
            except DeliveryError:
                await asyncio.sleep(0.1)
        source.ack([message.position for message in messages])
        count += len(messages)
        if count >= enough:
            return


def test_products_and_offsets_go_together(kafka_broker: Any) -> None:
    stage = TransactionStage(kafka_broker)
    data = [b"%d" % number for number in range(1200)]
    stage.put(data)

    async def main() -> None:
        source = stage.source(commits=False)
        sink = stage.transactions(source)
        await relay(source, sink, len(data))
        await source.close()
        await sink.close()
        await sink.close()

    asyncio.run(main())
    assert stage.out.read(5000) == data
    assert stage.committed() == len(data)


def test_what_is_never_taken_is_given_back_and_the_rest_goes_on(kafka_broker: Any) -> None:
    stage = TransactionStage(kafka_broker)
    stage.out = KafkaStage(kafka_broker, topic=kafka_broker.new_topic(max_message_bytes="5000"))
    data = [b"1", b"2" * 9000, b"3", b"4" * 9000, b"5" * 1_000_000]
    stage.put([b"%d" % number for number in range(5)])

    async def main() -> None:
        source = stage.source(commits=False)
        sink = stage.transactions(source)
        reading = Reading(source)
        await reading.take(5)
        positions = tuple(message.position for message in reading.messages)
        refused = await sink.send(Batch(tuple(map(Product, data)), positions))
        assert [product.data for product, _ in refused] == [data[1], data[3], data[4]]
        await source.close()
        await sink.close()

    asyncio.run(main())
    assert stage.out.read(10) == [b"1", b"3"]
    assert stage.committed() == 5


def test_what_is_not_committed_is_not_there_and_comes_again(kafka_broker: Any) -> None:
    """A process that dies in a transaction: the next one with its id aborts what it left."""
    stage = TransactionStage(kafka_broker)
    stage.put([b"one", b"two"])
    dead = Producer(kafka_broker.client(transactional_id=stage.identity))
    dead.init_transactions(30)
    dead.begin_transaction()
    dead.produce(stage.out.topic, b"half")
    dead.flush(30)

    async def main() -> None:
        source = stage.source(commits=False)
        sink = stage.transactions(source)
        await relay(source, sink, 2)
        await source.close()
        await sink.close()

    asyncio.run(main())
    assert stage.out.read(10) == [b"one", b"two"]


def test_who_is_thrown_out_by_another_with_its_id_ends(kafka_broker: Any) -> None:
    stage = TransactionStage(kafka_broker)
    stage.put([b"one"])

    async def main() -> None:
        source = stage.source(commits=False)
        sink = stage.transactions(source)
        reading = Reading(source)
        await reading.take(1)
        await sink.send(made_of(reading.messages))
        other = Producer(kafka_broker.client(transactional_id=stage.identity))
        await asyncio.to_thread(other.init_transactions, 30)
        with pytest.raises(SettingsError, match="transactional id"):
            await sink.send(made_of(reading.messages))
        await source.close()
        await sink.close()

    asyncio.run(main())


def test_a_batch_of_a_partition_that_is_somebody_elses_now_is_left_out(kafka_broker: Any) -> None:
    stage = TransactionStage(kafka_broker, partitions=2)
    for partition in range(2):
        stage.put([b"%d-%d" % (partition, number) for number in range(100)], partition)

    async def main() -> None:
        source = stage.source(commits=False)
        sink = stage.transactions(source)
        reading = Reading(source)
        await reading.take(200)
        half = reading.messages[:120]
        await sink.send(made_of(half))
        source.ack([message.position for message in half])
        # What a source does when the group has taken its partitions away.
        poller = source._poller
        lost = source._handoff.ledger.keys[:1]

        def lose(consumer: Consumer) -> None:
            poller._membership._lost(
                consumer, [one for one in consumer.assignment() if one.partition == lost[0][1]]
            )

        await asyncio.wrap_future(poller.ask(lose))
        assert list(await sink.send(made_of(reading.messages[120:]))) == []
        # Of what is left everything comes again that was not acknowledged.
        kept = [message for message in reading.messages[120:] if message.position.partition != lost[0][1]]
        reading.messages.clear()
        if kept:
            await reading.take(len(kept))
            assert [message.data for message in reading.messages] == [message.data for message in kept]
            await sink.send(made_of(reading.messages))
        await source.close()
        await sink.close()

    asyncio.run(main())
    found = stage.out.read(1000)
    assert len(found) == len(set(found)) >= 120


def test_two_workers_under_load_write_each_product_once(kafka_broker: Any) -> None:
    stage = TransactionStage(kafka_broker, partitions=4)
    each = 1000
    for partition in range(4):
        stage.put([b"%d-%d" % (partition, number) for number in range(each)], partition)

    async def main() -> None:
        sources = [stage.source(name, commits=False) for name in ("first", "second")]
        sinks = [
            TransactionSink("sink", stage.cluster, [stage.out.topic], source, f"{stage.identity}-{number}")
            for number, source in enumerate(sources)
        ]
        working = [asyncio.create_task(relay(sources[0], sinks[0], 10**9))]
        await until(lambda: sources[0].group is not None)
        working.append(asyncio.create_task(relay(sources[1], sinks[1], 10**9)))
        await until(lambda: sum(stage.committed(partition) for partition in range(4)) >= 4 * each)
        for source in sources:
            source.stop()
        await asyncio.gather(*working)
        for one in (*sources, *sinks):
            await one.close()

    asyncio.run(main())
    found = [one.decode().split("-") for one in stage.out.read(5 * each)]
    for partition in range(4):
        assert [int(number) for name, number in found if int(name) == partition] == list(range(each))
