"""Nothing is lost: what comes in is delivered, unwanted, or a dead letter, and acknowledged only then."""

import asyncio
import base64

import orjson
import pytest

from gateway.errors import DeliveryError, OutputError, SourceError
from gateway.relay.deadletter import opened
from gateway.relay.message import Batch, Message, Product
from gateway.relay.progress import Progress
from gateway.relay.service import run
from gateway.transports.memory import MemorySink, MemorySource
from tests.relay.memory_spool import MemorySpool
from tests.relay.routes import DEADLINE, Rig, until

DATA = [b"one", b"two", b"bad", b"three", b"skip", b"torn", b"refuse", b"four"]
GOOD = [b"one", b"two", b"three", b"four"]


def go(rig: Rig, stop: asyncio.Event | None = None, drain: float = 20) -> None:
    asyncio.run(run([rig.route], rig.all, stop or asyncio.Event(), drain))


def test_all_is_delivered_unwanted_or_dead_and_acknowledged() -> None:
    source, sinks, dead = MemorySource(DATA, size=3), [MemorySink("a"), MemorySink("b")], MemorySink("dead")
    rig = Rig(source, sinks, dead)
    go(rig)
    assert [[product.data for product in sink.products] for sink in sinks] == [GOOD, GOOD]
    assert source.acknowledged == len(DATA)
    assert source.closed
    assert all(sink.closed for sink in (*sinks, dead))
    letters = [orjson.loads(product.data) for product in dead.products]
    # What cannot be opened is dead once; what cannot be made is dead for each output.
    assert [(one["input"], one["code"]) for one in letters] == [
        ("memory@2", "input-unknown"),
        ("memory@5", "input-damaged"),
        ("memory@6", "input-damaged"),
        ("memory@6", "input-damaged"),
    ]
    value = rig.metrics.value
    assert value("messages_total", "route") == value("acknowledged_total", "route") == len(DATA)
    assert value("products_total", "route", "a") == value("delivered_total", "a") == len(GOOD)
    assert value("filtered_total", "route", "b") == 1
    assert value("dead_total", "route", "input-unknown") == 1
    assert value("under_way", "route") == 0


def test_a_letter_has_its_bytes_only_when_its_audience_may_see_them() -> None:
    dead = MemorySink("dead")
    go(Rig(MemorySource([b"torn", b"refuse"]), [MemorySink()], dead))
    torn, refuse = (product.data for product in dead.products)
    assert opened(torn) == ("memory@0", b"torn")
    assert opened(refuse) == ("memory@1", None)
    assert b"refuse" not in refuse.replace(b'"memory@1"', b"")
    assert base64.b64encode(b"refuse") not in refuse
    record = orjson.loads(refuse)
    assert (record["bytes"], record["audience"], record["route"]) == (6, "public", "route")
    assert record["advice"]


@pytest.mark.parametrize("other", [b"{}", b"[1]", b"{", b'{"form": "voevent-gateway dead letter 0"}'])
def test_another_document_is_no_letter(other: bytes) -> None:
    with pytest.raises(ValueError, match=r"letter|JSON|unexpected"):
        opened(other)


def test_a_sink_that_fails_gets_the_same_batch_again() -> None:
    source, sink = MemorySource(GOOD, size=2), MemorySink(failures=3)
    rig = Rig(source, [sink, other := MemorySink("other")], MemorySink("dead"))
    go(rig)
    assert [product.data for product in sink.products] == [product.data for product in other.products] == GOOD
    assert source.acknowledged == 4
    assert rig.metrics.value("delivery_failures_total", "memory") == 3


def test_nothing_is_acknowledged_that_one_sink_does_not_have() -> None:
    source, sink, other = MemorySource(GOOD, size=1), MemorySink(failures=float("inf")), MemorySink("other")
    rig = Rig(source, [sink, other], MemorySink("dead"))

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop, 0.05))
        await until(lambda: len(other.products) == 4)
        assert source.acknowledged == 0
        stop.set()
        await running

    asyncio.run(main())
    assert source.acknowledged == 0
    assert source.closed


def test_the_next_run_goes_on_where_the_last_one_ended() -> None:
    first, sink = MemorySource(GOOD, size=1), MemorySink()
    sink_of = {b"one": 0, b"two": 0}

    def never(product: Product) -> DeliveryError | None:
        if product.data not in sink_of:
            sink.failures = float("inf")
        return None

    sink._never = never

    async def main() -> None:
        rig, stop = Rig(first, [sink], MemorySink("dead")), asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop, 0.05))
        await until(lambda: rig.metrics.value("delivery_failures_total", "memory") > 0)
        stop.set()
        await running

    asyncio.run(main())
    assert 0 < first.acknowledged < 4
    second, rest = MemorySource(GOOD, since=first.acknowledged), MemorySink()
    go(Rig(second, [rest], MemorySink("dead")))
    had = [product.data for product in sink.products]
    assert had[: first.acknowledged] + [product.data for product in rest.products] == GOOD


def test_what_a_sink_never_takes_is_dead_and_the_rest_goes_on() -> None:
    def never(product: Product) -> DeliveryError | None:
        return DeliveryError("delivery-refused", "Too long.") if product.data == b"two" else None

    source, sink, dead = MemorySource(GOOD, size=4), MemorySink(never=never), MemorySink("dead")
    go(Rig(source, [sink], dead))
    assert [product.data for product in sink.products] == [b"one", b"three", b"four"]
    assert [orjson.loads(product.data)["code"] for product in dead.products] == ["delivery-refused"]
    assert opened(dead.products[0].data)[1] is None
    assert source.acknowledged == 4


def test_a_letter_that_is_never_taken_ends_the_service() -> None:
    dead = MemorySink("dead", never=lambda product: DeliveryError("delivery-refused", "No."))
    source = MemorySource([b"bad", b"one"], size=1)
    with pytest.raises(DeliveryError):
        go(Rig(source, [MemorySink()], dead))
    assert source.acknowledged == 0


def test_a_source_that_cannot_go_on_ends_the_service_after_what_is_under_way() -> None:
    class Broken(MemorySource):
        async def batches(self):
            async for messages in super().batches():
                yield messages
            raise SourceError("source-refused", "Not allowed any more.")

    source, sink = Broken(GOOD), MemorySink()
    with pytest.raises(SourceError):
        go(Rig(source, [sink], MemorySink("dead")))
    assert source.acknowledged == len(sink.products) == 4


def test_a_full_queue_makes_the_source_wait() -> None:
    source, sink = MemorySource([bytes(1000)] * 100, size=1), MemorySink(failures=float("inf"))
    rig = Rig(source, [sink], MemorySink("dead"), limit=5000)

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop))
        await until(lambda: rig.metrics.value("delivery_failures_total", "memory") > 20)
        assert 0 < rig.metrics.value("queue_bytes", "memory") <= 5000
        assert rig.metrics.value("messages_total", "route") < 10
        sink.failures = 0
        await running

    asyncio.run(main())
    assert len(sink.products) == source.acknowledged == 100


def test_stop_ends_an_endless_source_in_order() -> None:
    source, sink = MemorySource(GOOD, endless=True), MemorySink()
    rig = Rig(source, [sink], MemorySink("dead"))

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop))
        await until(lambda: source.acknowledged == 4)
        assert not running.done()
        stop.set()
        await running

    asyncio.run(main())
    assert source.closed


def test_acknowledgements_come_in_order() -> None:
    seen: list[object] = []
    progress = Progress(seen.extend)
    first, second = progress.open([1, 2], 2), progress.open([3], 1)
    progress.open([4], 0)
    second.done()
    first.done()
    assert (seen, progress.under_way) == ([], 4)
    first.done()
    assert (seen, progress.under_way) == ([1, 2, 3, 4], 0)


def test_no_more_are_under_way_than_may_be() -> None:
    async def main() -> None:
        progress = Progress(lambda positions: None, limit=2)
        first = progress.open([1], 1)
        await progress.room()
        progress.open([2], 0)
        waiting = asyncio.create_task(progress.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        first.done()
        async with asyncio.timeout(DEADLINE):
            await waiting

    asyncio.run(main())


def test_unwanted_messages_behind_one_that_waits_make_the_source_wait() -> None:
    source = MemorySource([b"one", *[b"skip"] * 9], size=1)
    sink = MemorySink(failures=float("inf"))
    rig = Rig(source, [sink], MemorySink("dead"))
    rig.route.progress = Progress(source.ack, limit=5)

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop, 20))
        await until(lambda: rig.metrics.value("delivery_failures_total", "memory") > 20)
        assert rig.metrics.value("messages_total", "route") == 5
        sink.failures = 0
        await running

    asyncio.run(main())
    assert source.acknowledged == 10


def test_what_is_not_through_at_the_end_is_in_the_spool_and_acknowledged() -> None:
    source, spool = MemorySource(GOOD, size=1, endless=True), MemorySpool()
    rig = Rig(source, [MemorySink(failures=float("inf"))], MemorySink("dead"), spool=spool)

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop, 0))
        await until(lambda: rig.route.progress.under_way == 4)
        stop.set()
        await running

    asyncio.run(main())
    assert (source.acknowledged, spool.count, spool.closed) == (4, 4, True)
    rest = MemorySink()
    go(Rig(MemorySource([b"five"]), [rest], MemorySink("dead"), spool=spool))
    assert [product.data for product in rest.products] == [*GOOD, b"five"]


def test_everything_is_closed_whatever_does_not_close(caplog: pytest.LogCaptureFixture) -> None:
    class Bad(MemorySource):
        async def close(self) -> None:
            await super().close()
            raise SourceError("source-unreachable", "It did not hear us.")

    class Worse(MemorySink):
        async def close(self) -> None:
            await super().close()
            raise OutputError("output-unwritable", "No.")

    source, sink, dead = Bad(GOOD), Worse(), MemorySink("dead")
    with pytest.raises(SourceError):
        go(Rig(source, [sink], dead))
    assert (source.closed, sink.closed, dead.closed) == (True, True, True)
    assert [record.getMessage() for record in caplog.records] == ["No. [output-unwritable]"]


def test_values_do_not_show_their_bytes() -> None:
    message = Message("topic@1", b"secret", 1, b"secret", (("secret", b"secret"),))
    product = Product(b"secret", key=b"secret", headers=(("h", b"secret"),))
    assert "secret" not in repr(message) + repr(product) + repr(Batch((product,)))
