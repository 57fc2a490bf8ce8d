"""Brokers as a source: an acknowledged event is on our disk, and comes until the route has acknowledged it."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from vtp_peers import DEADLINE, broker, event, eventually, going, number_of

from gateway.relay import packet_of
from gateway.relay.message import Message
from gateway.transports.vtp.broker import Broker
from gateway.transports.vtp.endpoints import spelled
from gateway.transports.vtp.seen import Seen
from gateway.transports.vtp.source import BrokerSource
from gateway.transports.vtp.subscriber import Subscription
from gateway.transports.vtp.subscribers import SubscriberPeer


@asynccontextmanager
async def listening(folder: Path, *brokers: Broker) -> AsyncIterator[BrokerSource]:
    """A source that listens to brokers, and has no batch taken from it yet."""
    ports = [await one.broadcast("127.0.0.1:0") for one in brokers]
    source = BrokerSource("brokers", list(map(spelled, ports)), Subscription(), Seen(folder / "source.db"))
    try:
        yield source
    finally:
        await source.close()


async def give(source: BrokerSource, count: int) -> list[Message]:
    found: list[Message] = []
    async with asyncio.timeout(DEADLINE):
        async for messages in source.batches():
            found += messages
            if len(found) >= count:
                break
    return found


async def receipts(one: Broker, count: int) -> None:
    def acknowledged() -> int:
        peers: list[SubscriberPeer] = list(one.subscribers)
        return sum(peer.counts["ack"] for peer in peers)

    await eventually(lambda: acknowledged() >= count)


@going
async def test_events_come_byte_for_byte_and_once_from_all_brokers(folder: Path) -> None:
    async with (
        broker(folder / "a") as one,
        broker(folder / "b") as other,
        listening(folder, one, other) as source,
    ):
        taking = asyncio.create_task(give(source, 3))
        assert source.problem == "source-unreachable"
        await eventually(lambda: len(one.subscribers) == len(other.subscribers) == 1)
        await eventually(lambda: source.problem is None)
        documents = [event(n) + b"<!-- as it is -->" for n in range(3)]
        for each in (one, other):
            for document in documents:
                each.publish(document)
        found = await taking
        assert sorted(message.data for message in found) == sorted(documents)
        await receipts(one, 3)
        await receipts(other, 3)


@going
async def test_what_was_acknowledged_and_not_done_comes_in_the_next_run(folder: Path) -> None:
    async with broker(folder / "a") as one:
        async with listening(folder, one) as source:
            taking = asyncio.create_task(give(source, 2))
            await eventually(lambda: len(one.subscribers) == 1)
            for number in range(4):
                one.publish(event(number))
            await receipts(one, 4)
            found = await taking
            source.ack([found[0].position])
        again = BrokerSource("brokers", ["127.0.0.1:1"], Subscription(), Seen(folder / "source.db"))
        rest = await give(again, 3)
        assert [number_of(message.data) for message in rest] == [1, 2, 3]
        again.ack([message.position for message in rest])
        await again.close()
    after = Seen(folder / "source.db")
    assert list(after.waiting()) == []
    after.close()


@going
async def test_what_the_disk_does_not_take_is_not_acknowledged(folder: Path) -> None:
    async with broker(folder / "a") as one, listening(folder, one) as source:
        taking = asyncio.create_task(give(source, 2))
        await eventually(lambda: len(one.subscribers) == 1)
        one.publish(event(1))
        await receipts(one, 1)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        large = event(2, text=90_000)
        (peer,) = one.subscribers
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            assert source._take(packet_of(large), "here") is False
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert source._take(packet_of(large), "here") is True
        assert [len(message.data) for message in await taking] == [len(event(1)), len(large)]
        assert peer.counts["ack"] == 1


@going
async def test_brokers_are_read_no_further_while_too_much_waits(folder: Path) -> None:
    async with broker(folder / "a") as one, listening(folder, one) as source:
        batches = source.batches()
        waiting = asyncio.create_task(anext(batches))
        await eventually(lambda: len(one.subscribers) == 1)
        one.publish(event(0))
        await waiting
        for number in range(1, 800):
            source._take(packet_of(event(number, text=90_000)), "here")
        assert source._held
        while source._held:
            await anext(batches)
        assert source._bytes <= 40 * 2**20
