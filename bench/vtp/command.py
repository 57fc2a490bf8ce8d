"""``python -m bench vtp``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import orjson

from bench.report import PAGE, now
from bench.vtp.brokers import dbm_of
from bench.vtp.events import SIZES
from bench.vtp.report import Report, peers, update
from bench.vtp.stored import STORED, measure
from bench.vtp.turns import race_brokers, slopes

__all__ = ["vtp"]


@click.command()
@click.option("--quick", is_flag=True, help="Few events, one round, nothing stored: does it run?")
@click.option("--python", default=sys.executable, help="Runs both brokers; Comet wants one that has gdbm.")
@click.option("--events", default=1000, show_default=True, help="Of a turn without subscribers.")
@click.option("--rounds", default=7, show_default=True)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a file, too."
)
@click.option("--update-docs", is_flag=True, help="Put the tables into docs/performance.md.")
def vtp(
    quick: bool, python: str, events: int, rounds: int, json_file: Path | None, update_docs: bool
) -> None:
    """Compare the CPU time of our broker with that of Comet: both run at once, and take turns.

    Every subscriber has to get every event, byte for byte; otherwise the run ends.
    """
    stored, asked = STORED, 4000
    if quick:
        events, rounds, stored, asked = 20, 1, (0, 1000), 40
    started = now()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        click.echo("The stores ...", err=True)
        kept = measure(folder, stored, asked, rounds)
        costs = race_brokers(python, folder, SIZES, events, rounds, lambda text: click.echo(text, err=True))
        made = Report(started, peers(python, dbm_of(python, folder)), rounds, costs, slopes(costs), kept)
    click.echo(made.markdown())
    if json_file:
        json_file.write_bytes(orjson.dumps(made.json(), option=orjson.OPT_INDENT_2))
    if update_docs:
        update(made, PAGE)
