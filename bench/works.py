"""What is asked of the contenders, and how much faster than the peer the gateway means to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench import packets, peers
from bench.race import TURN, Ratio, race, ratio
from bench.same import require_same
from gateway.mapping.fast import Minter
from gateway.mapping.restore import alert_of
from gateway.mapping.settings import Settings
from gateway.policy.engine import Policy

__all__ = ["WORKS", "Result", "Work", "run"]

# `#` is the separator that voevent-parse writes: the events shall be the same.
SOURCE = Settings(records=frozenset(["diaSource"]), separator="#")
CORE = Settings(separator="#")


@dataclass(frozen=True)
class Work:
    """A race: the work, the packets, and the goal (times faster than fastavro + voevent-parse; None without one)."""

    title: str
    packets: str
    settings: Settings
    goal: float | None = None
    back: bool = False


WORKS = (
    Work("Avro → VOEvent, diaSource only", "mature", SOURCE, 100),
    Work("Avro → VOEvent, diaSource only", "new", SOURCE, 20),
    Work("Avro → VOEvent, diaSource only", "bare", SOURCE),
    Work("Avro → VOEvent, all records", "mature", CORE, 9),
    Work("Avro → VOEvent, all records", "new", CORE, 18),
    Work("Avro → VOEvent, all records", "bare", CORE),
    Work("VOEvent → Avro", "bare", CORE, 4, back=True),
)


@dataclass(frozen=True)
class Result:
    """What came of a work.

    bytes_in, bytes_out, params : means of an alert; Params without those of the group `avro`
    microseconds : CPU time an alert, for each contender the median of the rounds
    ratios : how many times faster than each peer the gateway is
    """

    work: Work
    alerts: int
    bytes_in: int
    bytes_out: int
    params: int
    microseconds: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, Ratio] = field(default_factory=dict)


def run(work: Work, alerts: int, rounds: int, turn: float = TURN) -> Result:
    """Compare the results of all contenders, then race them. Raises Different."""
    found = packets.alerts(work.packets, alerts)
    payloads = [alert.payload for alert in found]
    releases = [Policy().release(alert) for alert in found]
    minter = Minter(work.settings)
    events = [minter.mint(release).data for release in releases]
    rivals = [
        peer(packets.SCHEMA, work.settings)
        for peer in peers.peers(projected=work.settings.records is not None)
    ]
    contenders: dict[str, Callable[[Any], Any]]
    items: dict[str, Sequence[Any]]
    if work.back:
        contenders = {"gateway": alert_of} | {rival.name: rival.avro for rival in rivals}
        items = dict.fromkeys(contenders, events)
        ins, outs = events, payloads
        require_same([alert_of(event).payload for event in events], payloads, None, "the simulation")
        for rival in rivals:
            require_same(payloads, map(rival.avro, events), None, rival.name)
    else:
        contenders = {"gateway": minter.mint} | {rival.name: rival.event for rival in rivals}
        items = {"gateway": releases} | {rival.name: payloads for rival in rivals}
        ins, outs = payloads, events
        for rival in rivals:
            require_same(events, map(rival.event, payloads), rival.plan, rival.name)
    times = race(contenders, items, rounds, turn)
    return Result(
        work,
        alerts,
        sum(map(len, ins)) // alerts,
        sum(map(len, outs)) // alerts,
        sum(event.partition(b'<Group name="avro">')[0].count(b"<Param ") for event in events) // alerts,
        {name: median(each) for name, each in times.items()},
        {rival.name: ratio(times[rival.name], times["gateway"]) for rival in rivals},
    )
