"""A configuration with Kafka on both sides, on librdkafka's mock and on a real broker."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, Producer
from wiring_services import DEAD, HEAD, going, played, there

from gateway.codecs import confluent
from gateway.codecs.voevent import decode, encode
from gateway.model.voevent import VOEvent, Who
from gateway.relay.deadletter import opened
from gateway.schema import registry
from gateway.simulate import visit
from gateway.wiring import Service

DEADLINE = 120
"""Seconds after which a test that waits has failed."""

ALERTS = int(os.environ.get("GATEWAY_ALERTS", "1500"))
"""How many alerts are counted while workers are killed. The issue's hundred thousand: GATEWAY_ALERTS=100000."""

POISON = 100
"""Of so many messages one is none."""


def config(kafka: Any, source: str, sink: str, *, more: str = "", output: str = "", folder: str = "") -> str:
    return f"""{HEAD}{DEAD}
[sources.alerts]
kind = "kafka"
bootstrap = ["{kafka.bootstrap()}"]
topics = ["{source}"]
group = "{source}-group"
{more}
[sinks.events]
kind = "kafka"
bootstrap = ["{kafka.bootstrap()}"]
topic = "{sink}"

[[routes]]
name = "route"
source = "alerts"
dead_letters = "dead"

[[routes.outputs]]
name = "out"
sinks = ["events"]
{output}
"""


def put(kafka: Any, topic: str, messages: list[tuple[bytes, bytes]]) -> None:
    producer = Producer(kafka.client(linger_ms=5))
    for key, value in messages:
        producer.produce(topic, value, key)
        producer.poll(0)
    assert producer.flush(DEADLINE) == 0


def taken(
    kafka: Any, topic: str, enough: Callable[[list[tuple[bytes, bytes]]], bool]
) -> list[tuple[bytes, bytes]]:
    """All messages of a topic, when they are enough."""
    consumer = Consumer(kafka.client(group_id=f"check-{uuid.uuid4()}", auto_offset_reset="earliest"))
    consumer.subscribe([topic])
    found: list[tuple[bytes, bytes]] = []
    end = time.monotonic() + DEADLINE
    try:
        while not enough(found):
            assert time.monotonic() < end, f"only {len(found)} messages came"
            for message in consumer.consume(500, 0.1):
                if message.error() is None:
                    found.append((message.key() or b"", message.value() or b""))
    finally:
        consumer.close()
    return found


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not true():
            await asyncio.sleep(0.02)


def through(text: str, folder: Path, count: int) -> Service:
    """A service that runs until so many messages are acknowledged."""
    services = []

    async def scene() -> None:
        async with going(text, folder) as service:
            services.append(service)
            await until(lambda: service.metrics.value("acknowledged_total", "route") >= count)

    played(scene)
    return services[0]


def simulated(count: int) -> list[tuple[bytes, bytes]]:
    """Keys and messages; the key is the alert's id."""
    alerts = visit(count, schema=registry.get("lsst/11.0"), seed=7, history="new", cutouts="none")
    return [
        (str(number).encode(), confluent.frame(one.schema, one.payload)) for number, one in enumerate(alerts)
    ]


def test_alerts_become_events_with_their_keys_and_the_rest_are_letters(kafka: Any, tmp_path: Path) -> None:
    source, sink = kafka.new_topic(), kafka.new_topic()
    messages = simulated(12)
    put(kafka, source, [*messages, (b"bad", b"\0\0\0\x27\x0fnothing")])
    text = config(kafka, source, sink, more='origin = "alert"\nissued = true', output='to = "voevent-2.1"')
    service = through(text, tmp_path, 13)
    found = taken(kafka, sink, lambda some: len(some) == 12)
    assert {key for key, _ in found} == {key for key, _ in messages}
    assert {decode(value).version for _, value in found} == {"2.1"}
    assert len({decode(value).ivorn for _, value in found}) == 12
    (letter,) = there(tmp_path / "dead").values()
    assert orjson.loads(letter)["code"] == "schema-unknown"
    assert "nearest" in orjson.loads(letter)["message"]
    assert service.metrics.value("dead_total", "route", "schema-unknown") == 1


def test_events_go_on_byte_for_byte_and_a_second_run_goes_on_after_them(
    kafka_broker: Any, tmp_path: Path
) -> None:
    source, sink = kafka_broker.new_topic(), kafka_broker.new_topic()
    events = [_event(number) for number in range(5)]
    put(kafka_broker, source, [(b"k", one) for one in events])
    text = config(
        kafka_broker,
        source,
        sink,
        more='origin = "external"\nformat = "voevent"',
        output='to = "original"',
    )
    through(text, tmp_path, len(events))
    found = taken(kafka_broker, sink, lambda some: len(some) == len(events))
    assert Counter(value for _, value in found) == Counter(events)
    put(kafka_broker, source, [(b"k", _event(9))])
    through(text, tmp_path, 1)
    assert [value for _, value in taken(kafka_broker, sink, lambda some: len(some) == len(events) + 1)][
        -1
    ] == _event(9)


def _event(number: int) -> bytes:
    return encode(
        VOEvent(
            "2.0",
            f"ivo://org.example/events#{number}",
            "observation",
            Who(author_ivorn="ivo://org.example/a"),
        )
    )


def test_notices_of_gcn_are_held_to_their_schema(kafka: Any, tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    known = "https://gcn.example/schema/v1.0.0/gcn/notices/a.schema.json"
    schema = {"$id": known, "properties": {"ra": {"type": "number"}, "alert_tense": {"type": "string"}}}
    (schemas / "a.schema.json").write_text(json.dumps(schema))
    good = json.dumps({"$schema": known, "ra": 1.5}).encode()
    notices = [
        good,
        json.dumps({"$schema": known, "ra": "east"}).encode(),
        json.dumps({"$schema": known, "alert_tense": "test"}).encode(),
        json.dumps({"$schema": known, "url": "https://data.lsst.cloud/api/1"}).encode(),
    ]
    source, sink = kafka.new_topic(), kafka.new_topic()
    put(kafka, source, [(b"k", one) for one in notices])
    more = 'origin = "external"\nformat = "gcn-json"\nnotices = "schemas"'
    service = through(config(kafka, source, sink, more=more, output='to = "original"'), tmp_path, 4)
    assert taken(kafka, sink, lambda some: len(some) == 1) == [(b"k", good)]
    assert service.metrics.value("filtered_total", "route", "out") == 1
    letters = [orjson.loads(one) for one in there(tmp_path / "dead").values()]
    assert {one["code"] for one in letters} == {"json-schema", "policy-withheld"}
    assert not any(base64.b64encode(notices[3]).decode() == one["data"] for one in letters)


def test_nothing_is_lost_while_workers_and_all_are_killed(kafka_broker: Any, tmp_path: Path) -> None:
    """Counted by id: each alert is an event or, when it is none, a letter; what comes twice is the same to the byte."""
    source, sink = kafka_broker.new_topic(partitions=6), kafka_broker.new_topic(partitions=6)
    messages = simulated(ALERTS)
    bad = [(b"bad", b"\0\0\0\x27\x0f" + str(number).encode()) for number in range(ALERTS // POISON)]
    file = tmp_path / "gateway.toml"
    file.write_text(config(kafka_broker, source, sink, more='origin = "alert"\nissued = true'))
    command = [sys.executable, "-m", "gateway", "run", "--workers", "2", str(file)]
    log = (tmp_path / "log").open("wb")

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def workers(parent: int) -> list[int]:
        found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(one) for one in found]

    program = begin()
    try:
        put(kafka_broker, source, messages[: ALERTS // 3] + bad)
        taken(kafka_broker, sink, lambda some: len(some) > ALERTS // 20)
        os.kill(workers(program.pid)[0], signal.SIGKILL)
        put(kafka_broker, source, messages[ALERTS // 3 : 2 * ALERTS // 3])
        program.kill()  # the whole gateway; its workers see that and end
        program.wait()
        program = begin()
        put(kafka_broker, source, messages[2 * ALERTS // 3 :])
        wanted = {key for key, _ in messages}
        found = taken(kafka_broker, sink, lambda some: wanted <= {key for key, _ in some})
        end = time.monotonic() + DEADLINE
        while len(_letters(tmp_path)) < len(bad):
            assert time.monotonic() < end
            time.sleep(0.05)
        program.send_signal(signal.SIGTERM)
        assert program.wait(DEADLINE) == 0
    finally:
        program.kill()
        program.wait()
        log.close()
    by_key: dict[bytes, set[bytes]] = {}
    for key, value in found:
        by_key.setdefault(key, set()).add(value)
    assert set(by_key) == wanted
    assert {len(values) for values in by_key.values()} == {1}
    assert len(_letters(tmp_path)) == len(bad)


def _letters(folder: Path) -> set[str]:
    """The messages of which there are letters."""
    return {opened(file.read_bytes())[0] for file in (folder / "dead").rglob("*.json")}
