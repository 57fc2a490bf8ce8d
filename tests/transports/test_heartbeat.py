"""Test events that go the way of every message, and lines that say when each source last brought something."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from gateway.codecs.voevent import decode
from gateway.model.document import Document
from gateway.relay.message import Message, Product
from gateway.relay.pulse import lines, pulse
from gateway.relay.service import run
from gateway.transports.heartbeat import Heartbeat
from gateway.transports.memory import MemorySink
from tests.relay.routes import Rig, until
from tests.relay.test_gateway_status import stage

LOCAL = "ivo://org.example/gateway"


class Clock:
    """Each look is a second later."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def only(role: str):
    """An output that takes events of one role."""

    def make(item: object, message: Message) -> Product | None:
        assert isinstance(item, Document)
        return Product(item.data, time=message.time) if decode(item.data).role == role else None

    return make


def beat(role: str, failures: float = 0, count: int = 3) -> tuple[Heartbeat, MemorySink]:
    source, sink = Heartbeat("pulse", LOCAL, 0.0, Clock()), MemorySink(failures=failures)
    rig = Rig(source, [sink], MemorySink("dead"), make=only(role))

    async def main() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(run([rig.route], rig.all, stop, 0.0))
        failing = rig.metrics
        await until(lambda: source.given >= count or failing.value("delivery_failures_total", "memory") > 20)
        stop.set()
        await running

    asyncio.run(main())
    return source, sink


def test_events_of_the_role_test_come_one_after_the_other() -> None:
    source, sink = beat("test")
    events = [decode(product.data) for product in sink.products]
    assert len(events) >= source.given - 1 >= 2
    assert {event.role for event in events} == {"test"}
    assert len({event.ivorn for event in events}) == len(events)
    assert events[0].ivorn.startswith(f"{LOCAL}#TestEvent-2026-11-25T00:00:01")


def test_who_takes_observations_gets_none() -> None:
    source, sink = beat("observation")
    assert (source.given >= 3, sink.products) == (True, [])


def test_they_do_not_pile_up_while_a_sink_is_down() -> None:
    source, _ = beat("test", failures=float("inf"))
    assert source.given == 1


def test_a_source_has_its_line() -> None:
    rig, status, clock = stage()
    assert list(lines(status)) == ["rubin: 0 messages, none yet, 0 under way"]
    rig.metrics.add("messages_total", 7, "route")
    rig.metrics.set("last_message_timestamp_seconds", clock.now - 12, "rubin")
    rig.metrics.set("lag_messages", 40, "rubin", "alerts", "0")
    rig.route.source.problem = "source-unreachable"
    assert list(lines(status)) == [
        "rubin: 7 messages, the last 12 s ago, 0 under way, 40 behind, source-unreachable"
    ]


def test_the_lines_are_logged_from_time_to_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gateway.relay")
    _, status, _ = stage()

    async def main() -> None:
        task = asyncio.create_task(pulse(status, 0.0))
        await until(lambda: len(caplog.records) >= 3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert caplog.records[0].getMessage().startswith("rubin: ")
