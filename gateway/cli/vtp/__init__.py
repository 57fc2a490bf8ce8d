"""``gateway vtp``: the VOEvent Transport Protocol. One file a command."""

from __future__ import annotations

import click

from gateway.cli.lazy import Lazy

__all__ = ["vtp"]

_COMMANDS = ("serve", "listen", "send", "status", "conformance")


@click.group(cls=Lazy, package=__name__, commands=_COMMANDS)
def vtp() -> None:
    """Serve VOEvents to subscribers, listen to brokers, send them events, and test others (VTP 2.0).

    \b
    Examples:
      gateway vtp serve --receive :8098 --broadcast :8099 --origin external
      gateway vtp listen broker.example.org:8099
      gateway vtp send --to broker.example.org:8098 event.xml
      gateway vtp status
      gateway vtp conformance :8098 --broadcast :8099 --role broker
    """
