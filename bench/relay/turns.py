"""The race.

Rules
1. Each contender has topics and a group of its own, and runs alone. Before it is measured it has converted `WARM`
   alerts, so that schemas are compiled and the group has its partitions.
2. Then `alerts` more are put into its topic, all at once as after a visit, and it is measured until the last event is
   in the other topic. The peer gets fewer, as it takes longer.
3. The events of all contenders are compared with `bench.same`; a difference ends the run.
4. Contenders take turns; a ratio is made of two neighbours.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from bench import packets
from bench.peers import VoeventParse
from bench.race import Ratio, ratio
from bench.relay.programs import GATEWAY, PEER, SETTINGS, running
from bench.same import require_same
from gateway.codecs import confluent

__all__ = ["Cost", "Scale", "race", "scale"]

WARM = 50
"""Alerts before the measurement."""

PARTITIONS = 8
DEADLINE = 600.0
"""Seconds after which a turn is broken."""


@dataclass(frozen=True)
class Cost:
    """CPU microseconds an alert, one number a round, for each contender; and how many times less the gateway takes."""

    packets: str
    bytes_in: int
    alerts: int
    microseconds: dict[str, list[float]]
    times: Ratio


@dataclass(frozen=True)
class Scale:
    """Alerts a second with one worker and with two, a number a round each."""

    alerts: int
    one: list[float]
    two: list[float]
    times: Ratio


class Topics:
    """A topic with alerts and one for events."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap, name = bootstrap, uuid.uuid4().hex[:12]
        self.source, self.sink, self.group = f"bench-{name}-alerts", f"bench-{name}-events", f"bench-{name}"
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        topics = [NewTopic(one, PARTITIONS, 1) for one in (self.source, self.sink)]
        for made in self._admin.create_topics(topics).values():
            made.result(30)
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "linger.ms": 5, "queue.buffering.max.kbytes": 2**20}
        )
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"{self.group}-check"})

    def put(self, messages: Sequence[bytes]) -> None:
        """Put alerts into the topic."""
        for number, message in enumerate(messages):
            self._producer.produce(self.source, message, str(number).encode(), partition=number % PARTITIONS)
            self._producer.poll(0)
        if self._producer.flush(DEADLINE):
            raise SystemExit("The broker does not take the alerts.")

    def count(self) -> int:
        """How many events there are."""
        parts = [TopicPartition(self.sink, number) for number in range(PARTITIONS)]
        return sum(self._consumer.get_watermark_offsets(part, timeout=30)[1] for part in parts)

    def wait(self, count: int) -> None:
        """Wait until there are so many events."""
        end = time.monotonic() + DEADLINE
        while self.count() < count:
            if time.monotonic() > end:
                raise SystemExit("A contender does not come to the end.")
            time.sleep(0.02)

    def events(self, count: int) -> list[bytes]:
        """The events, sorted."""
        self._consumer.assign([TopicPartition(self.sink, number, 0) for number in range(PARTITIONS)])
        found: list[bytes] = []
        while len(found) < count:
            for message in self._consumer.consume(count - len(found), 10):
                found.append(message.value() or b"")
        return sorted(found)

    def close(self) -> None:
        """Delete the topics."""
        self._consumer.close()
        for gone in self._admin.delete_topics([self.source, self.sink]).values():
            gone.result(30)


def _turn(
    name: str, folder: Path, bootstrap: str, messages: Sequence[bytes], workers: int = 1
) -> tuple[float, float, list[bytes]]:
    """CPU seconds and seconds of a turn, and the events."""
    topics = Topics(bootstrap)
    try:
        with running(name, folder, bootstrap, topics.source, topics.sink, topics.group, workers) as program:
            topics.put(messages[:WARM])
            topics.wait(WARM)
            before, began = program.cpu(), time.monotonic()
            topics.put(messages)
            topics.wait(WARM + len(messages))
            used, took = program.cpu() - before, time.monotonic() - began
        return used, took, topics.events(WARM + len(messages))
    finally:
        topics.close()


def race(
    bootstrap: str, folder: Path, kind: str, alerts: int, rounds: int, told: Callable[[str], None]
) -> Cost:
    """What an alert costs (rules 1 to 4). Raises Different."""
    found = packets.alerts(kind, alerts)
    messages = [confluent.frame(alert.schema, alert.payload) for alert in found]
    shares = {GATEWAY: messages, PEER: messages[: max(WARM, alerts // 10)]}
    costs: dict[str, list[float]] = {name: [] for name in shares}
    plan = VoeventParse(packets.SCHEMA, SETTINGS).plan
    for number in range(rounds):
        made: dict[str, list[bytes]] = {}
        for name in list(shares)[:: 1 if number % 2 else -1]:
            used, _, made[name] = _turn(
                name, folder / f"{kind}-{number}-{len(made)}", bootstrap, shares[name]
            )
            costs[name].append(used / len(shares[name]) * 1e6)
            told(f"{kind}, round {number + 1}, {name}: {costs[name][-1]:,.0f} us an alert")
        if not number:
            ours = {_ivorn(event): event for event in map(_separated, made[GATEWAY])}
            theirs = {_ivorn(event): event for event in made[PEER]}
            require_same([ours[ivorn] for ivorn in theirs], theirs.values(), plan, PEER)
    return Cost(kind, sum(map(len, messages)) // alerts, alerts, costs, ratio(costs[PEER], costs[GATEWAY]))


def _separated(event: bytes) -> bytes:
    """With the separator that voevent-parse writes."""
    return event.replace(_ivorn(event), _ivorn(event).replace(b"?", b"#"), 1)


def _ivorn(event: bytes) -> bytes:
    return event.partition(b'ivorn="')[2].partition(b'"')[0]


def scale(bootstrap: str, folder: Path, alerts: int, rounds: int, told: Callable[[str], None]) -> Scale:
    """How many times as many alerts a second two workers take as one."""
    messages = [confluent.frame(alert.schema, alert.payload) for alert in packets.alerts("mature", alerts)]
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for workers in (1, 2) if number % 2 else (2, 1):
            _, took, _ = _turn(GATEWAY, folder / f"scale-{number}-{workers}", bootstrap, messages, workers)
            rates[workers].append(alerts / took)
            told(f"round {number + 1}, {workers} workers: {rates[workers][-1]:,.0f} alerts a second")
    return Scale(alerts, rates[1], rates[2], ratio(rates[2], rates[1]))
