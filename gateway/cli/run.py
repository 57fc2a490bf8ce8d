"""``gateway run``: the service."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from gateway.cli.vtp.peer import STOPPED
from gateway.config import load
from gateway.transports.logs import begin_logging
from gateway.transports.vtp.loop import run as run_loop
from gateway.wiring import Service, serve

__all__ = ["run"]


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
def run(config: Path) -> None:
    """Run the routes of a configuration: from Kafka, VTP brokers, files or standard input, through the policy, to any
    of them.

    Nothing is lost: a message is acknowledged when every sink has what was made of it, and what cannot go on is a dead
    letter. The next run goes on where this one ended, however it ended. What it reads, and where it listens, is said
    on standard error. `gateway config example` shows what a configuration looks like.

    \b
    Examples:
      gateway run gateway.toml
      gateway config example gcn-to-vtp > gateway.toml && gateway run gateway.toml

    Ctrl-C or SIGTERM ends it when what is under way is finished, a second one at once.

    Exit codes: 0 it ended in order; 2 it could not start or go on; 130 it was ended at once.
    """
    values = load(config)
    begin_logging(values.operations.log.level, values.operations.log.format)
    try:
        run_loop(lambda stop: serve(values, stop, _started))
    except asyncio.CancelledError:
        raise SystemExit(STOPPED) from None


def _started(service: Service) -> None:
    for line in service.about:
        click.echo(line, err=True)
