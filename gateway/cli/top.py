"""``gateway top``: how a running gateway goes, live."""

from __future__ import annotations

import time

import click
import orjson
from rich.console import Console

from gateway.transports.asking import DEFAULT, address_of, ask
from gateway.watching import view, watch

__all__ = ["top"]


@click.command()
@click.argument("gateway", metavar="[URL|CONFIG]", default=DEFAULT)
@click.option("--once", is_flag=True, help="Show it once and end.")
@click.option("--json", "as_json", is_flag=True, help="All of the status, once, as JSON.")
@click.option(
    "--interval", type=click.FloatRange(0.1, 3600), default=2.0, show_default=True, metavar="SECONDS",
    help="Between two looks.",
)  # fmt: skip
def top(gateway: str, once: bool, as_json: bool, interval: float) -> None:
    """Show how a running gateway goes: rates, lag, queues, dead letters, connections.

    The gateway is named by its configuration file or by where its operations server listens, which without either is
    http://127.0.0.1:9100. Ctrl-C ends it.

    \b
    Examples:
      gateway top
      gateway top relay.toml
      gateway top http://127.0.0.1:9100 --once
      gateway top --json

    Exit codes: 0 a gateway answered; 2 none did.
    """
    url = address_of(gateway)
    console = Console(highlight=False)
    if as_json:
        click.echo(orjson.dumps(ask(url), option=orjson.OPT_INDENT_2))
    elif once:
        console.print(view(ask(url), None, console.height))
    else:
        watch(console, lambda: ask(url), lambda: _waited(interval))


def _waited(seconds: float) -> bool:
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        return False
    return True
