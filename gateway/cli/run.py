"""``gateway run``: the service."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from gateway.cli.vtp.peer import STOPPED
from gateway.config import Config, load
from gateway.relay.service import MAX_DRAIN
from gateway.supervising import MAX_WORKERS, Supervisor, ends_with_parent, worker_number
from gateway.transports.logs import begin_logging
from gateway.transports.vtp.loop import run as run_loop
from gateway.wiring import Service, serve, share_of, shared

__all__ = ["run", "said"]

END = 10
"""Seconds that a worker has to end beside those in which it brings to an end what is under way."""


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    default=1,
    show_default=True,
    help="Processes that share the routes from Kafka to Kafka and folders.",
)
def run(config: Path, workers: int) -> None:
    """Run the routes of a configuration: from Kafka, VTP brokers, files or standard input, through the policy, to any
    of them.

    Nothing is lost: a message is acknowledged when every sink has what was made of it, and what cannot go on is a dead
    letter. The next run goes on where this one ended, however it ended. What it reads, and where it listens, is said
    on standard error. `gateway config example` shows what a configuration looks like.

    \b
    Examples:
      gateway run gateway.toml
      gateway config example gcn-to-vtp > gateway.toml && gateway run gateway.toml
      gateway run --workers 4 gateway.toml

    Ctrl-C or SIGTERM ends it when what is under way is finished, a second one at once.

    Exit codes: 0 it ended in order; 2 it could not start or go on; 130 it was ended at once.
    """
    values = load(config)
    begin_logging(values.operations.log.level, values.operations.log.format)
    number = worker_number()
    try:
        if workers > 1 and number is None:
            _supervise(config, values, workers)
        else:
            own = values if number is None else share_of(values, number)
            run_loop(lambda stop: _serve(own, stop))
    except asyncio.CancelledError:
        raise SystemExit(STOPPED) from None


async def _serve(values: Config, stop: asyncio.Event) -> None:
    ends_with_parent(stop.set)
    await serve(values, stop, said)


def _supervise(config: Path, values: Config, workers: int) -> None:
    for number in range(workers):
        share_of(values, number)  # what is wrong with one is said before any is started
    names = ", ".join(route.name for route in shared(values))
    click.echo(f"{workers} workers share {names}", err=True)
    command = [sys.executable, "-m", "gateway", "run", str(config.absolute())]
    run_loop(lambda stop: Supervisor(command, workers, MAX_DRAIN + END).run(stop))


def said(service: Service) -> None:
    """Say what a service reads and where it listens."""
    for line in service.about:
        click.echo(line, err=True)
