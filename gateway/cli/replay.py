"""``gateway replay``: what is in files goes through a route once more."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import click

from gateway.cli.run import said
from gateway.cli.vtp.peer import STOPPED
from gateway.config import load
from gateway.transports.logs import begin_logging
from gateway.transports.vtp.loop import run as run_loop
from gateway.wiring import Service, replayed, route_of, serve, without_letters

__all__ = ["replay"]


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE|DIR...",
)
@click.option("--route", metavar="NAME", help="The route of the configuration, when it has several.")
def replay(config: Path, paths: tuple[Path, ...], route: str | None) -> None:
    """Send what is in files through a route once more, under the policy of today.

    Files are whatever `gateway convert` reads, and dead letters, which stand for the message in them. The rest is as
    the configuration says, with the origin of the route's own source. Nothing is remembered: a second replay sends all
    once more. A service that runs is not disturbed, as long as the replay need not listen where it listens.

    For messages that Kafka still has, set the group back with Kafka's own tools instead: see docs/run.md.

    \b
    Examples:
      gateway replay gateway.toml dead/
      gateway replay gateway.toml --route rubin-to-world archive/2026-11-24.avro

    Exit codes: 0 everything went on or is a dead letter; 2 it could not start or go on; 130 it was ended at once.
    """
    values = load(config)
    table = route_of(values, route)
    begin_logging(values.operations.log.level, values.operations.log.format)
    services: list[Service] = []

    def started(service: Service) -> None:
        services.append(service)
        said(service)

    with tempfile.TemporaryDirectory(prefix="gateway-replay-") as folder:
        state, letters = Path(folder) / "state", Path(folder) / "letters"
        letters.mkdir(mode=0o700)
        files, empty = without_letters(paths, letters)
        if empty:
            click.echo(f"{empty} dead letters do not have their message and are left out", err=True)
        if not files:
            return
        own = replayed(values, table, files, state)
        try:
            run_loop(lambda stop: serve(own, stop, started))
        except asyncio.CancelledError:
            raise SystemExit(STOPPED) from None
    value = services[0].metrics.value
    click.echo(f"{value('acknowledged_total', table.name):.0f} messages went through {table.name}", err=True)
