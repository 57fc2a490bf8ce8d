"""``gateway config show``: a configuration with everything that it leaves to its defaults."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.config import load
from gateway.config.show import shown

__all__ = ["show"]


@click.command()
@click.argument("config", type=click.Path(dir_okay=False, path_type=Path))
def show(config: Path) -> None:
    """Print a configuration as it is in force: TOML, with the defaults filled in and paths as they are found. Secrets
    are not read; it says where they are.

    \b
    Examples:
      gateway config show gateway.toml

    Exit codes: 0 it was shown; 2 it has mistakes.
    """
    click.echo(shown(load(config)), nl=False)
