"""``gateway vtp``: the VOEvent Transport Protocol. One file a command."""

from __future__ import annotations

import click

from gateway.cli.lazy import Lazy

__all__ = ["vtp"]

_COMMANDS = ("listen", "send")


@click.group(cls=Lazy, package=__name__, commands=_COMMANDS)
def vtp() -> None:
    """Listen to brokers of VOEvents, and send them events (VTP 2.0).

    \b
    Examples:
      gateway vtp listen broker.example.org:8099
      gateway vtp send --to broker.example.org:8098 event.xml
    """
