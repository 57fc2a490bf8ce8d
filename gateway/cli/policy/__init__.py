"""``gateway policy``: what the policy says, and why. One file a command."""

from __future__ import annotations

import click

from gateway.cli.lazy import Lazy

__all__ = ["policy"]

_COMMANDS = ("show", "explain", "coverage", "diff", "verify-log")


@click.group(cls=Lazy, package=__name__, commands=_COMMANDS)
def policy() -> None:
    """Show the policy: who may see what, and why.

    \b
    Examples:
      gateway policy show
      gateway policy explain diaSource.ra --origin data-release --release dp1
      gateway policy coverage --schema lsst/11.1
      gateway policy diff seed-2018 rdo013-2025
      gateway policy verify-log proofs
    """
