"""What a gateway says of itself, and when it says that it is ready."""

import asyncio
import re
from typing import Any

import orjson
import pytest

from gateway.relay.delivery import Trouble
from gateway.relay.metrics import METRICS, Metrics
from gateway.relay.status import FORM, MAX_FAILING, Status
from gateway.transports.memory import MemorySink, MemorySource
from tests.relay.memory_spool import MemorySpool
from tests.relay.routes import Rig
from tests.relay.test_route import DATA, go

ABOUT = {"version": "1.2.3", "profile": "strict", "profile_sha256": "ab"}
SECRET = b"one-secret-value"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source(MemorySource):
    problem: str | None = None


def stage(**options: Any) -> tuple[Rig, Status, Clock]:
    clock, stopping = Clock(), options.pop("stopping", lambda: False)
    rig = Rig(Source([*DATA, SECRET], name="rubin"), [MemorySink("world")], MemorySink("dead"), **options)
    return rig, Status([rig.route], rig.all, rig.metrics, ABOUT, stopping, clock), clock


def test_it_says_how_everything_goes() -> None:
    rig, status, clock = stage(spool=MemorySpool())
    rig.metrics.set("lag_messages", 7, "rubin", "alerts", "0")
    rig.metrics.set("lag_messages", 5, "rubin", "alerts", "1")
    rig.metrics.set("lag_messages", 9, "other", "alerts", "1")
    rig.metrics.set("vtp_connections", 3, "world", "subscriber")
    go(rig)
    clock.now = 1002.5
    report = status.report()
    assert orjson.loads(orjson.dumps(report)) == report
    assert SECRET.decode() not in str(report)
    assert (report["form"], report["version"], report["profile"]) == (FORM, "1.2.3", "strict")
    assert (report["since"], report["time"], report["up"]) == (
        "1970-01-01T00:16:40.000Z",
        "1970-01-01T00:16:42.500Z",
        2.5,
    )
    assert (report["ready"], report["reasons"]) == (True, [])
    (route,) = report["routes"]
    assert route == {
        "name": "route",
        "source": "rubin",
        "messages": 9,
        "bytes": sum(map(len, [*DATA, SECRET])),
        "acknowledged": 9,
        "under_way": 0,
        "dead": {"input-unknown": 1, "input-damaged": 2},
        "outputs": [{"name": "world", "products": 5, "filtered": 1, "sinks": ["world"]}],
    }
    (source,) = report["sources"]
    assert source == {
        "name": "rubin",
        "problem": None,
        "last": "1970-01-01T00:01:40.000Z",
        "lag": 12,
        "partitions": [
            {"topic": "alerts", "partition": "0", "lag": 7},
            {"topic": "alerts", "partition": "1", "lag": 5},
        ],
    }
    world, dead = report["sinks"]
    assert world == {
        "name": "world",
        "delivered": 5,
        "failures": 0,
        "dead": 0,
        "queue_bytes": 0,
        "spool": {"batches": 0, "bytes": 0},
        "trouble": None,
    }
    assert (dead["delivered"], dead["spool"]) == (3, None)
    assert report["connections"] == [{"sink": "world", "role": "subscriber", "count": 3}]


def test_a_source_that_never_brought_anything_has_no_last_message_and_no_lag() -> None:
    _, status, _ = stage()
    (source,) = status.report()["sources"]
    assert (source["last"], source["lag"], source["partitions"]) == (None, None, [])


def test_it_is_not_ready_while_a_source_has_a_problem() -> None:
    rig, status, _ = stage()
    rig.route.source.problem = "source-unreachable"
    assert status.reasons() == [{"what": "source", "name": "rubin", "code": "source-unreachable"}]
    report = status.report()
    assert (report["ready"], report["sources"][0]["problem"]) == (False, "source-unreachable")
    rig.route.source.problem = None
    assert status.reasons() == []


def test_it_is_not_ready_when_a_sink_fails_for_long() -> None:
    rig, status, clock = stage()
    rig.deliveries[0].trouble = Trouble("delivery-failed", 1000.0)
    clock.now = 1000.0 + MAX_FAILING - 1
    assert status.reasons() == []
    assert status.report()["sinks"][0]["trouble"] == {
        "code": "delivery-failed",
        "since": "1970-01-01T00:16:40.000Z",
    }
    clock.now += 1
    assert status.reasons() == [
        {"what": "sink", "name": "world", "code": "delivery-failed", "since": "1970-01-01T00:16:40.000Z"}
    ]


def test_it_is_not_ready_when_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    _, status, _ = stage(stopping=stop.is_set)
    assert status.reasons() == []
    stop.set()
    assert [reason["code"] for reason in status.reasons()] == ["stopping"]


def test_some_gauges_are_asked_when_somebody_wants_to_know() -> None:
    rig, status, _ = stage()
    peers = []
    rig.metrics.watch("vtp_connections", lambda: float(len(peers)), "world", "subscriber")
    peers += ["one", "two"]
    assert status.report()["connections"] == [{"sink": "world", "role": "subscriber", "count": 2}]


def test_a_counter_is_told_by_its_labels() -> None:
    metrics = Metrics()
    metrics.add("dead_total", 2, "route", "input-unknown")
    metrics.describe("1.2.3", "strict")
    metrics.set("workers", 4)
    assert metrics.values("dead_total") == {("route", "input-unknown"): 2}
    assert (metrics.value("workers"), metrics.value("dead_total", "route", "other")) == (4, 0)
    ((labels, one),) = metrics.values("build_info").items()
    assert (labels[0], labels[2], one) == ("1.2.3", "strict", 1)
    assert metrics.registry.get_sample_value("process_open_fds") is not None


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.name)
def test_a_metric_is_named_as_prometheus_has_it(row: Any) -> None:
    assert re.fullmatch(r"[a-z_]+", row.name)
    assert row.name.endswith("_total") == (row.kind == "counter")
    assert row.help.endswith(".") or row.name == "build_info"
