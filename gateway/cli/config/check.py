"""``gateway config check``: all mistakes of a configuration."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.config import load

__all__ = ["check"]


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
def check(config: Path) -> None:
    """Say all that is wrong with a configuration, each mistake with its line. Nothing is connected to, and no secret is
    read.

    \b
    Examples:
      gateway config check gateway.toml

    Exit codes: 0 it can be run; 2 it has mistakes.
    """
    values = load(config)
    outputs = sum(len(route.outputs) for route in values.routes)
    click.echo(
        f"{config}: good. Routes: {len(values.routes)}, outputs: {outputs}, "
        f"sources: {len(values.sources)}, sinks: {len(values.sinks)}."
    )
