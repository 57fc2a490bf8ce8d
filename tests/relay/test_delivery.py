"""Order, room and waiting between a route and a sink, with a spool that a test can stop at any place."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from gateway.codecs.datum import Datum
from gateway.errors import DeliveryError
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Record
from gateway.relay.contract import Refused
from gateway.relay.delivery import Delivery, Trouble
from gateway.relay.message import OVERHEAD, Batch, Product
from gateway.relay.metrics import Metrics
from gateway.transports.memory import MemorySink
from gateway.vtp.timers import Backoff
from tests.relay.memory_spool import MemorySpool
from tests.relay.routes import DEADLINE, at_once, until

DOWN = float("inf")
SIZE = 1000


def batch(number: int, size: int = SIZE) -> Batch:
    return Batch((Product(b"%04d" % number + bytes(size - 4 - OVERHEAD)),), (number,))


class Stage:
    """A delivery under test; what was accepted, in order; what its sink has."""

    def __init__(self, sink: MemorySink, spool: MemorySpool | None = None, **options: object) -> None:
        async def refused(one: Refused) -> None:
            raise one[1]

        self.sink, self.spool, self.metrics = sink, spool, Metrics()
        self.accepted: list[int] = []
        options = {"limit": 3 * SIZE, "pause": at_once, "clock": lambda: 100.0, **options}
        self.delivery = Delivery(sink, refused, self.metrics, spool=spool, **options)

    async def put(self, number: int, size: int = SIZE) -> None:
        await self.delivery.put(batch(number, size), lambda: self.accepted.append(number))

    @property
    def had(self) -> list[int]:
        return [int(product.data[:4]) for product in self.sink.products]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.delivery.run())
        try:
            async with asyncio.timeout(DEADLINE):
                yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def going(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@going
async def test_what_fits_no_more_is_spooled_the_oldest_first_and_nothing_overtakes() -> None:
    stage = Stage(MemorySink(failures=DOWN), MemorySpool())
    async with stage.running():
        for number in range(10):
            await stage.put(number)
        # Three wait in memory; the seven before them are safe, and their source may forget them.
        assert stage.accepted == list(range(7))
        stage.sink.failures = 0
        await until(lambda: len(stage.sink.products) == 10)
        await stage.put(10)
        await until(lambda: len(stage.accepted) == 11)
    assert stage.had == stage.accepted == list(range(11))


@going
async def test_the_one_in_the_hands_of_the_sink_may_be_spooled_meanwhile() -> None:
    taken = asyncio.Event()

    class Slow(MemorySink):
        async def send(self, batch: Batch) -> Sequence[Refused]:
            if not self.products:
                await taken.wait()
            return await super().send(batch)

    stage = Stage(Slow(), MemorySpool(), silence=0.0)
    async with stage.running():
        for number in range(5):
            await stage.put(number)
        assert stage.spool is not None
        assert (stage.spool.count, stage.accepted) == (2, [0, 1])
        taken.set()
        await until(lambda: len(stage.had) == 5 and stage.spool.count == 0)
    assert stage.had == stage.accepted == list(range(5))


@going
async def test_it_may_be_delivered_while_it_is_on_its_way_to_the_spool() -> None:
    spool = MemorySpool()
    stage = Stage(MemorySink(failures=DOWN), spool)
    async with stage.running():
        for number in range(3):
            await stage.put(number)
        await until(lambda: stage.delivery.trouble is not None)
        spool.going.clear()
        putting = asyncio.create_task(stage.put(3))
        await until(lambda: spool.calls == 1)
        stage.sink.failures = 0
        await until(lambda: stage.had == [0])
        spool.going.set()
        await putting
        await until(lambda: len(stage.accepted) == 4 and spool.count == 0)
    assert stage.had == stage.accepted == [0, 1, 2, 3]


@going
async def test_what_an_earlier_run_left_goes_first() -> None:
    spool = MemorySpool()
    spool.batches.extend([batch(0), batch(1)])
    stage = Stage(MemorySink(), spool)
    await stage.put(2)
    async with stage.running():
        await until(lambda: len(stage.had) == 3)
    assert (stage.had, stage.accepted) == ([0, 1, 2], [2])


@going
async def test_a_full_spool_makes_the_route_wait_until_there_is_room() -> None:
    stage = Stage(MemorySink(failures=DOWN), MemorySpool(room=2))
    async with stage.running():
        for number in range(5):
            await stage.put(number)
        waiting = asyncio.create_task(stage.put(5))
        await until(lambda: stage.spool is not None and stage.spool.calls >= 4)
        assert not waiting.done()
        stage.sink.failures = 0
        await waiting
        await until(lambda: len(stage.had) == 6)
    assert stage.had == stage.accepted == list(range(6))


@going
async def test_a_broken_disk_makes_the_route_wait_and_loses_nothing() -> None:
    spool = MemorySpool()
    stage = Stage(MemorySink(failures=DOWN), spool)
    async with stage.running():
        for number in range(4):
            await stage.put(number)
        spool.broken = True
        waiting = asyncio.create_task(stage.put(4))
        await until(lambda: spool.calls >= 3)
        assert not waiting.done()
        assert stage.accepted == [0]
        stage.sink.failures = 0
        await waiting
        await until(lambda: len(stage.had) == 5)
    assert stage.had == stage.accepted == list(range(5))


@going
async def test_those_who_wait_get_room_in_their_order() -> None:
    stage = Stage(MemorySink())
    for number in range(3):
        await stage.put(number)
    large = asyncio.create_task(stage.put(3, 3 * SIZE))
    await asyncio.sleep(0)
    small = [asyncio.create_task(stage.put(number)) for number in (4, 5)]
    async with stage.running():
        await asyncio.gather(large, *small)
        await until(lambda: len(stage.had) == 6)
    assert stage.had == list(range(6))


@going
async def test_one_who_gives_up_waiting_was_not_taken_and_holds_nobody_up() -> None:
    stage = Stage(MemorySink())
    for number in range(3):
        await stage.put(number)
    tired, next_ = (asyncio.create_task(stage.put(number)) for number in (3, 4))
    await asyncio.sleep(0)
    tired.cancel()
    await asyncio.gather(tired, return_exceptions=True)
    async with stage.running():
        await next_
        await until(lambda: len(stage.had) == 4)
    assert stage.had == stage.accepted == [0, 1, 2, 4]


@going
async def test_a_sink_that_does_not_answer_counts_as_failing_and_is_waited_for() -> None:
    answer, calls = asyncio.Event(), []

    class Silent(MemorySink):
        async def send(self, batch: Batch) -> Sequence[Refused]:
            calls.append(batch)
            await answer.wait()
            return await super().send(batch)

    stage = Stage(Silent(), silence=0.0)
    async with stage.running():
        await stage.put(0)
        await until(lambda: stage.delivery.trouble is not None)
        assert stage.metrics.value("sink_failing", "memory") == 1
        answer.set()
        await until(lambda: stage.accepted == [0])
        assert stage.delivery.trouble is None
    assert (len(calls), stage.metrics.value("sink_failing", "memory")) == (1, 0)


@going
async def test_trouble_says_what_is_wrong_since_when() -> None:
    now = iter(range(100, 200))
    stage = Stage(MemorySink(failures=3), clock=lambda: float(next(now)))
    seen: list[Trouble | None] = []
    stage.delivery._pause = lambda: _Recording(lambda: seen.append(stage.delivery.trouble))
    async with stage.running():
        await stage.put(0)
        await until(lambda: bool(stage.accepted))
    assert seen == [Trouble("delivery-failed", 100.0)] * 3


class _Recording(Backoff):
    def __init__(self, record: Callable[[], None]) -> None:
        super().__init__(lambda: 0.0, longest=0.0)
        self._record = record

    def wait(self, lasted: float = 0.0) -> float:
        self._record()
        return super().wait(lasted)


@going
async def test_a_cancelled_delivery_keeps_what_it_has_on_the_disk() -> None:
    stage = Stage(MemorySink(failures=DOWN), MemorySpool())
    async with stage.running():
        for number in range(2):
            await stage.put(number)
        await until(lambda: stage.delivery.trouble is not None)
    await stage.delivery.keep()
    assert stage.spool is not None
    assert (stage.accepted, stage.spool.count) == ([0, 1], 2)
    await stage.delivery.close()
    assert (stage.sink.closed, stage.spool.closed) == (True, True)


@going
async def test_without_a_spool_nothing_is_kept() -> None:
    stage = Stage(MemorySink(failures=DOWN))
    await stage.put(0)
    await stage.delivery.keep()
    assert stage.accepted == []


@going
async def test_what_is_refused_is_accepted_when_that_is_done() -> None:
    error = DeliveryError("delivery-refused", "No.")
    buried = asyncio.Event()
    stage = Stage(MemorySink(never=lambda product: error))

    async def refused(one: Refused) -> None:
        await buried.wait()

    stage.delivery._refused = refused
    async with stage.running():
        await stage.put(0)
        await until(lambda: bool(stage.sink.batches))
        await asyncio.sleep(0)
        assert stage.accepted == []
        buried.set()
        await until(lambda: stage.accepted == [0])
    assert stage.metrics.value("delivered_total", "memory") == 0


def test_all_that_a_product_has_counts() -> None:
    plain = Product(b"x" * 10)
    schema = AlertSchema(None, Record("a", ()), {}, "", b"")
    more = Product(b"x" * 10, key=b"12", headers=(("abc", b"de"),), datum=Datum(schema, b"y" * 20))
    assert (plain.size, more.size) == (10 + OVERHEAD, 10 + OVERHEAD + 2 + 5 + 20)
    assert Batch((plain, more)).size == plain.size + more.size
