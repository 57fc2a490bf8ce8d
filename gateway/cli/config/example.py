"""``gateway config example``: a configuration to begin with."""

from __future__ import annotations

import click

from gateway.config import examples

__all__ = ["example"]


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--list", "listed", is_flag=True, help="Print the names of all examples, with what they do.")
def example(name: str | None, listed: bool) -> None:
    """Print a configuration with comments, to be saved and changed. Without a name it is one that runs on any machine:
    a folder of files to subscribers of VOEvents.

    \b
    Examples:
      gateway config example --list
      gateway config example > gateway.toml
      gateway config example gcn-to-vtp > gateway.toml

    Exit codes: 0 it was printed; 2 there is no such example.
    """
    if listed:
        for one, about in examples.all_().items():
            click.echo(f"{one:<16} {about}")
    else:
        click.echo(examples.text(name or examples.FIRST), nl=False)
