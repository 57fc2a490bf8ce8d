"""``gateway policy``: what the policy says of files and of itself."""

from __future__ import annotations

import click

from gateway.cli.policy_check import check

__all__ = ["policy"]


@click.group()
def policy() -> None:
    """Check files against the policy.

    \b
    Example:
      gateway policy check --manifest provenance.toml visit.avro
    """


policy.add_command(check)
