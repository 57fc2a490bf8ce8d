"""What the filters of subscribers cost the broker for an event: ``python -m bench filters``.

Rules
1. A hundred connections have a filter each, of the kinds that are in the field. What is timed is what the broker does
   for them: `Interest.of`, each connection's, for an event that nobody has looked at yet. Sockets are no part of it.
2. *Alike* is one filter for all, which is worked out once; *different* ones are a hundred texts.
3. What is no filter is taken off: the same connections without one, for the same event.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import click

from bench.vtp.events import SIZES, Series
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.relay import Interest, Relay, packet_of
from gateway.vtp.events import Wanted

__all__ = ["KINDS", "Cost", "filters", "measure"]

KINDS: dict[str, Callable[[int], str]] = {
    "role": lambda n: '/*[local-name()="VOEvent" and @role!="test"]',
    "a Param, alike": lambda n: '//Param[@name="ra" and @value < 180]',
    "a Param, different": lambda n: f'//Param[@name="ra" and @value < {n}]',
    "two Params": lambda n: f'//Param[@name="ra"]/@value - //Param[@name="dec"]/@value > {n}',
    "a position": lambda n: f"//C1 > {n} and //C1 < {n + 10} and //C2 > -30",
    "a word": lambda n: f'//How[contains(translate(Description, "SWIFT", "swift"), "swift {n}")]',
    "the costliest taken": lambda n: f"//*[count(//*[@name]) > {1000 + n}]",
}
"""Kind -> the filter of a connection."""


@dataclass(frozen=True)
class Cost:
    """Of one event for all connections, CPU microseconds: the median of the rounds."""

    kind: str
    size: int
    micros: float


def measure(size: int, connections: int, rounds: int) -> list[Cost]:
    """What each kind costs for events of a size."""
    series, relay = Series(size), Relay(Policy(), Provenance(Origin.EXTERNAL))
    moment, events = datetime.now(UTC), iter(range(10**9))

    def timed(all_: list[Interest]) -> float:
        offer = relay.take(packet_of(series.event(next(events))))
        offer.form(all_[0].principal.audience_at(moment), "2.0")
        start = time.process_time()
        for one in all_:
            one.of(offer, moment)
        return (time.process_time() - start) * 1e6

    def costs(kind: Callable[[int], str] | None) -> float:
        all_ = [Interest() for _ in range(connections)]
        for number, one in enumerate(all_):
            one.ask(Wanted((kind(number),) if kind else ()))
            if one.filters.reason is not None:
                raise SystemExit(one.filters.reason)
        timed(all_)
        return median(timed(all_) for _ in range(rounds))

    free = costs(None)
    return [Cost(name, series.size, max(0.0, costs(kind) - free)) for name, kind in KINDS.items()]


@click.command()
@click.option("--connections", default=100, show_default=True)
@click.option("--rounds", default=20, show_default=True)
def filters(connections: int, rounds: int) -> None:
    """What the filters of subscribers cost for an event, by kind: CPU microseconds for all connections."""
    tables = [measure(size, connections, rounds) for size in SIZES]
    click.echo(
        f"| {connections} connections, each with | "
        + " | ".join(f"{one[0].size:,} bytes" for one in tables)
        + " |"
    )
    click.echo("| --- |" + " --- |" * len(tables))
    for row in zip(*tables, strict=True):
        click.echo(f"| {row[0].kind} | " + " | ".join(f"{one.micros:,.0f}" for one in row) + " |")
