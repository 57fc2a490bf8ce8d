"""``gateway demo``: the main job in ten seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.cli.progress import track
from gateway.demonstration import Step, run, simulated
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.rejected import Rejected
from gateway.transports.files import Declared, items, units

__all__ = ["demo"]


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option(
    "-n",
    "--alerts",
    "count",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    help="Alerts to simulate when no file is given.",
)
@click.option("--schema", default="lsst/11.0", show_default=True, help="Schema of the simulated alerts.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the simulation.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON a step.")
def demo(files: tuple[str, ...], count: int, schema: str, seed: int, as_json: bool) -> None:
    """Show the main job: alerts become VOEvents, are validated, and come back as the same bytes.

    Without FILE a visit is simulated. VOEvents in FILE are stored in Avro and come back as the same bytes, too.

    \b
    Examples:
      gateway demo
      gateway demo --schema ztf/4.02 -n 20
      gateway demo alert.avro

    The exit code is 0 when everything could be read and every check holds.
    """
    found: Iterable[Alert | Document | Rejected] = _items(files) if files else simulated(count, schema, seed)
    table = Table("step", "items", "seconds", "items/s", "MB", "", "", box=None)
    steps = []
    for step in run(found, "Read files" if files else "Simulate a visit", track):
        steps.append(step)
        for error in step.errors:
            click.echo(f"gateway: {error}", err=True)
        if as_json:
            click.echo(orjson.dumps(_values(step)))
        else:
            table.add_row(*_row(step))
    if not as_json:
        Console().print(table)
    checks = [step.good for step in steps if step.good is not None]
    raise SystemExit(0 if checks and all(checks) else 1)


def _items(files: tuple[str, ...]) -> Iterator[Alert | Document | Rejected]:
    return (found.item for unit in units(files) for found in items(unit, Declared()))


def _row(step: Step) -> tuple[str, ...]:
    mark = {None: "", True: "[green]ok[/green]", False: "[red]failed[/red]"}[step.good]
    size = f"{step.size / 1e6:.1f}" if step.size else ""
    return step.what, str(step.items), f"{step.seconds:.2f}", f"{step.rate:.0f}", size, mark, step.note


def _values(step: Step) -> dict[str, object]:
    return {
        "step": step.what,
        "items": step.items,
        "seconds": round(step.seconds, 6),
        "bytes": step.size,
        "good": step.good,
        "note": step.note,
    }
