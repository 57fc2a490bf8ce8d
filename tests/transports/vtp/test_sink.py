"""A broker as a sink: what it has accepted goes out, in this run or the next, and once."""

import asyncio
import resource
from pathlib import Path

import pytest
from vtp_peers import Listening, broker, event, eventually, going, number_of

from gateway.errors import DeliveryError
from gateway.relay.message import Batch, Product
from gateway.transports.vtp.sink import BrokerSink


def batch(*documents: bytes) -> Batch:
    return Batch(tuple(map(Product, documents)))


@going
async def test_events_go_out_byte_for_byte_and_once(folder: Path) -> None:
    async with broker(folder) as one:
        port = await one.broadcast("127.0.0.1:0")
        sink, subscriber = BrokerSink("world", one), await Listening.to(port)
        await eventually(lambda: len(one.subscribers) == 1)
        documents = [event(n) + b"<!-- as it is -->" for n in range(3)]
        for _ in range(2):
            assert await sink.send(batch(*documents)) == []
        await sink.send(batch(event(9)))
        assert await subscriber.events(4) == [*documents, event(9)]
        subscriber.close()


@going
async def test_what_the_broker_refuses_is_refused_for_good(folder: Path) -> None:
    async with broker(folder) as one:
        sink = BrokerSink("world", one)
        refused = await sink.send(batch(event(1), b"<html/>", event(2).replace(b"<What>", b"<What><X/>")))
        assert [error.code for _, error in refused] == ["vtp-message", "vtp-invalid"]
        assert one.intake.counts["accepted"] == 1


@going
async def test_what_was_accepted_before_a_kill_goes_out_in_the_next_run(folder: Path) -> None:
    async with broker(folder) as one:
        sink = BrokerSink("world", one)
        await sink.send(batch(event(1), event(2)))
        # As a kill would: what was accepted is on the disk, and nothing else happens.
        one.intake._owed.clear()
    async with broker(folder) as one:
        subscriber = await Listening.to(await one.broadcast("127.0.0.1:0"))
        assert [number_of(document) for document in await subscriber.events(2)] == [1, 2]
        subscriber.close()


@going
async def test_a_disk_that_is_full_accepts_nothing_and_later_all(folder: Path) -> None:
    async with broker(folder) as one:
        sink = BrokerSink("world", one)
        await sink.send(batch(event(1)))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        large = [event(number, text=90_000) for number in range(2, 5)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            with pytest.raises(DeliveryError):
                await sink.send(batch(*large))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert await sink.send(batch(*large)) == []
        assert one.intake.counts["duplicate"] == 0


@going
async def test_a_patient_one_waits_for_somebody_who_listens(folder: Path) -> None:
    async with broker(folder) as one:
        port = await one.broadcast("127.0.0.1:0")
        sink = BrokerSink("world", one, patient=True)
        sending = asyncio.create_task(sink.send(batch(event(1))))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not sending.done()
        subscriber = await Listening.to(port)
        assert await sending == []
        assert await subscriber.events(1) == [event(1)]
        subscriber.close()
