"""``gateway config``: the configuration of ``gateway run``. One file a command."""

from __future__ import annotations

import click

from gateway.cli.lazy import Lazy

__all__ = ["config"]

_COMMANDS = ("check", "show", "example")


@click.group(cls=Lazy, package=__name__, commands=_COMMANDS)
def config() -> None:
    """Check a configuration of `gateway run`, see all of it, and begin one.

    \b
    Examples:
      gateway config example > gateway.toml
      gateway config check gateway.toml
      gateway config show gateway.toml
    """
