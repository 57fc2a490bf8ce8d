"""The brokers take turns; what an event and a message cost each.

Rules
1. Both run all the time and are idle when it is not their turn. A turn is one load: events of a size, subscribers.
2. In each round every load is given to each broker, and who is first changes with the round. A ratio is made of two
   turns of the same round and load.
3. Before the first round each broker has a turn that is not counted.
4. What a message to a subscriber costs is the slope: the cost of an event with many subscribers less that without
   any, by their number.
5. The cost of the last receipts falls into the turn, too: it ends `SETTLED` seconds after the last event came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

from bench.race import Ratio, ratio
from bench.vtp.brokers import NAMES, TICK, Broker, running
from bench.vtp.events import IVORN, Series
from bench.vtp.load import Load

__all__ = ["SUBSCRIBERS", "Cost", "Slope", "race_brokers", "slopes"]

SUBSCRIBERS = {0: 1.0, 1: 1.0, 10: 0.5, 50: 0.2}
"""How many listen, and the share of the events that a turn with so many has: all turns take about as long."""

SETTLED = 0.3
LEAST = 0.001
"""CPU milliseconds: what a difference is at least, for a ratio can be made of no less."""


@dataclass
class Cost:
    """Of one load, for each broker: CPU milliseconds an event in each round, and all latencies in milliseconds."""

    size: int
    subscribers: int
    events: int
    cpu: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})
    latencies: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})

    @property
    def faster(self) -> Ratio:
        """How many times less CPU time ours takes."""
        ours, theirs = NAMES
        return ratio(self.cpu[theirs], self.cpu[ours])


@dataclass(frozen=True)
class Slope:
    """What a message to one of many subscribers costs: CPU microseconds, the median of the rounds."""

    size: int
    subscribers: int
    cpu: dict[str, float]
    faster: Ratio


def race_brokers(
    python: str, folder: Path, sizes: Sequence[int], events: int, rounds: int, said: Callable[[str], None]
) -> list[Cost]:
    """Rules 1 to 3."""
    numbers = count()
    series = {size: Series(size) for size in sizes}
    costs = [
        Cost(series[size].size, subscribers, max(1, round(events * share)))
        for size in sizes
        for subscribers, share in SUBSCRIBERS.items()
    ]
    by_size = {one.size: one for one in series.values()}

    def turn(broker: Broker, cost: Cost) -> tuple[float, list[float]]:
        chosen = [next(numbers) for _ in range(cost.events)]
        load = Load([(IVORN.format(n), by_size[cost.size].event(n)) for n in chosen], cost.subscribers)
        before = broker.cpu()
        asyncio.run(_run(load, broker))
        return max(broker.cpu() - before, TICK) * 1e3 / cost.events, [one * 1e3 for one in load.latencies]

    with ExitStack() as stack:
        brokers = [stack.enter_context(running(name, python, folder / name)) for name in NAMES]
        for broker in brokers:
            turn(broker, costs[0])
        for number in range(rounds):
            said(f"round {number + 1} of {rounds}")
            for cost in costs:
                for broker in brokers[:: -1 if number % 2 else 1]:
                    cpu, latencies = turn(broker, cost)
                    cost.cpu[broker.name].append(cpu)
                    cost.latencies[broker.name] += latencies
    return costs


async def _run(load: Load, broker: Broker) -> None:
    await load.run(broker)
    await asyncio.sleep(SETTLED)


def slopes(costs: Sequence[Cost]) -> list[Slope]:
    """Rule 4, for the most subscribers of each size."""
    found = []
    for size in dict.fromkeys(cost.size for cost in costs):
        alone, *_, many = [cost for cost in costs if cost.size == size]
        each = {
            name: [
                max(a - b, LEAST) / many.subscribers * 1e3
                for a, b in zip(many.cpu[name], alone.cpu[name], strict=True)
            ]
            for name in NAMES
        }
        ours, theirs = NAMES
        medians = {name: median(each[name]) for name in NAMES}
        found.append(Slope(size, many.subscribers, medians, ratio(each[theirs], each[ours])))
    return found
