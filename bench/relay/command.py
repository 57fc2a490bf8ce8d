"""``python -m bench relay``."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median

import click
import orjson

from bench.relay.programs import GATEWAY, PEER
from bench.relay.turns import Cost, Scale, race, scale
from bench.report import PAGE, machine, now, put, reached, table

__all__ = ["relay"]

GOAL = 50
SCALE_GOAL = 1.8
BEGIN, END = "<!-- relay -->", "<!-- /relay -->"


@click.command()
@click.argument("bootstrap")
@click.option("--quick", is_flag=True, help="Few alerts, one round: does it run, is the output the same?")
@click.option("--alerts", default=3000, show_default=True, help="Of a turn of ours; the peer gets a tenth.")
@click.option("--rounds", default=5, show_default=True)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a file, too."
)
@click.option("--update-docs", is_flag=True, help="Put the tables into docs/performance.md.")
def relay(
    bootstrap: str, quick: bool, alerts: int, rounds: int, json_file: Path | None, update_docs: bool
) -> None:
    """Compare the CPU time of alerts in Kafka to VOEvents in Kafka with that of fastavro and voevent-parse.

    BOOTSTRAP is a broker that anybody may use, such as that of `make kafka`.
    """
    if quick:
        alerts, rounds = 60, 1

    def told(text: str) -> None:
        click.echo(text, err=True)

    started = now()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        costs = [race(bootstrap, folder, kind, alerts, rounds, told) for kind in ("mature", "new")]
        scaled = scale(bootstrap, folder, alerts, rounds, told)
    tables = f"{started:%Y-%m-%d}. {machine()}. {rounds} rounds.\n\n{_costs(costs)}\n{_scaled(scaled)}"
    click.echo(tables)
    if json_file:
        found = {"started": started.isoformat(timespec="seconds"), "costs": costs, "scale": asdict(scaled)}
        json_file.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if update_docs:
        put(tables, PAGE, BEGIN, END)


def _costs(costs: list[Cost]) -> str:
    return table(
        ("Kafka → core VOEvent → Kafka", "Bytes in", "gateway, µs", f"{PEER}, µs", "times less CPU", "goal"),
        (
            (
                cost.packets,
                f"{cost.bytes_in:,}",
                f"{median(cost.microseconds[GATEWAY]):,.0f}",
                f"{median(cost.microseconds[PEER]):,.0f}",
                str(cost.times),
                reached(cost.times.median >= GOAL, str(GOAL)) if cost.packets == "mature" else "–",
            )
            for cost in costs
        ),
    )


def _scaled(scaled: Scale) -> str:
    row = (
        f"{median(scaled.one):,.0f}",
        f"{median(scaled.two):,.0f}",
        str(scaled.times),
        reached(scaled.times.median >= SCALE_GOAL, str(SCALE_GOAL)),
    )
    return table(("One worker, alerts/s", "Two workers, alerts/s", "times faster", "goal"), [row])
