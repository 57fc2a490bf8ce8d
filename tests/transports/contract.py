"""What every source and every sink has to do, whatever it reads or writes: `gateway.relay.contract`, as tests.

A test module makes a class of its own of these and says in a fixture what they run on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import pytest

from gateway.errors import DeliveryError
from gateway.relay.contract import Sink, Source
from gateway.relay.message import Batch, Message, Product

DEADLINE = 60
"""Seconds after which a test that waits is broken."""


class SourceStage(Protocol):
    """Somewhere that sources read from."""

    def put(self, data: Sequence[bytes]) -> None:
        """Put messages there that keep their order."""

    def source(self) -> Source:
        """A source that goes on where the one before it ended, once that is closed."""


class SinkStage(Protocol):
    """Somewhere that sinks write to."""

    limit: int
    """Bytes that it takes in one product."""

    def sink(self) -> Sink:
        """A sink."""

    def read(self, count: int) -> list[bytes]:
        """The first so many products that are there, in order; fewer when there are fewer."""


class Reading:
    """What a source has given so far."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._batches: AsyncIterator[Sequence[Message]] = source.batches()
        self.messages: list[Message] = []

    async def until(self, enough: Callable[[], bool]) -> None:
        """Read until that is so."""
        async with asyncio.timeout(DEADLINE):
            while not enough():
                self.messages += await anext(self._batches)

    async def take(self, count: int) -> list[bytes]:
        """The data of at least so many messages."""
        await self.until(lambda: len(self.messages) >= count)
        return [message.data for message in self.messages]

    def ack(self, count: int) -> None:
        """Acknowledge the first so many."""
        self.source.ack([message.position for message in self.messages[:count]])

    async def ended(self) -> bool:
        """Whether there is nothing more."""
        async with asyncio.timeout(DEADLINE):
            return await anext(self._batches, None) is None


class SourceContract:
    """What a source has to do. A subclass has a fixture `stage`."""

    def test_messages_come_in_order_and_once(self, stage: SourceStage) -> None:
        data = [b"%d" % number for number in range(1200)]
        stage.put(data)

        async def main() -> None:
            reading = Reading(stage.source())
            assert await reading.take(len(data)) == data
            assert len({message.name for message in reading.messages}) == len(data)
            await reading.source.close()

        asyncio.run(main())

    def test_what_is_acknowledged_does_not_come_again_and_the_rest_does(self, stage: SourceStage) -> None:
        data = [b"%d" % number for number in range(30)]
        stage.put(data)

        async def main() -> None:
            first = Reading(stage.source())
            await first.take(len(data))
            first.ack(20)
            await first.source.close()
            second = Reading(stage.source())
            assert await second.take(10) == data[20:]
            second.ack(10)
            await second.source.close()
            stage.put([b"new"])
            third = Reading(stage.source())
            assert await third.take(1) == [b"new"]
            await third.source.close()

        asyncio.run(main())

    def test_stop_ends_it_while_nothing_comes(self, stage: SourceStage) -> None:
        stage.put([b"one"])

        async def main() -> None:
            reading = Reading(stage.source())
            await reading.take(1)
            waiting = asyncio.create_task(reading.ended())
            await asyncio.sleep(0)
            reading.source.stop()
            assert await waiting
            # What is under way may be acknowledged until it is closed.
            reading.ack(1)
            await reading.source.close()
            await reading.source.close()
            stage.put([b"two"])
            again = Reading(stage.source())
            assert await again.take(1) == [b"two"]
            await again.source.close()

        asyncio.run(main())

    def test_it_may_be_stopped_and_closed_before_it_begins(self, stage: SourceStage) -> None:
        async def main() -> None:
            source = stage.source()
            source.stop()
            assert await Reading(source).ended()
            await source.close()
            await stage.source().close()

        asyncio.run(main())


class SinkContract:
    """What a sink has to do. A subclass has a fixture `stage`."""

    def test_products_arrive_in_order(self, stage: SinkStage) -> None:
        data = [b"%d" % number for number in range(1000)]

        async def main() -> None:
            sink = stage.sink()
            for start in range(0, len(data), 100):
                assert list(await sink.send(batch(data[start : start + 100]))) == []
            await sink.close()
            await sink.close()

        asyncio.run(main())
        assert stage.read(len(data)) == data

    def test_what_is_never_taken_is_given_back_and_the_rest_arrives(self, stage: SinkStage) -> None:
        data = [b"one", bytes(stage.limit + 1), b"three", bytes(stage.limit + 1)]

        async def main() -> None:
            sink = stage.sink()
            refused = await sink.send(batch(data))
            assert [product.data for product, _ in refused] == [data[1], data[3]]
            for _, error in refused:
                assert isinstance(error, DeliveryError)
                assert error.code == "delivery-refused"
            assert list(await sink.send(batch([b"five"]))) == []
            await sink.close()

        asyncio.run(main())
        assert stage.read(3) == [b"one", b"three", b"five"]

    def test_an_empty_batch_is_taken(self, stage: SinkStage) -> None:
        async def main() -> None:
            sink = stage.sink()
            assert list(await sink.send(batch([]))) == []
            await sink.close()

        asyncio.run(main())

    def test_it_may_be_closed_before_it_begins(self, stage: SinkStage) -> None:
        asyncio.run(stage.sink().close())

    def test_a_cancelled_batch_can_be_sent_again(self, stage: SinkStage) -> None:
        async def main() -> None:
            sink = stage.sink()
            sending = asyncio.create_task(_send(sink, [b"one", b"two"]))
            await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            await sink.send(batch([b"one", b"two"]))
            await sink.close()

        asyncio.run(main())
        assert stage.read(4)[-2:] == [b"one", b"two"]


async def _send(sink: Sink, data: Sequence[bytes]) -> None:
    await sink.send(batch(data))


def batch(data: Sequence[bytes]) -> Batch:
    """Products without anything beside their data, but a key, by which they keep their order."""
    return Batch(tuple(Product(one, key=b"key") for one in data))
