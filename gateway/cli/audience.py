"""For whom a command works: the public, or the holder of a verified token (docs/principals.md)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.model.audience import PUBLIC, Audience
from gateway.policy.engine import now
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.transports.issuer import principal_of

__all__ = ["for_whom", "token_options", "who_asks"]

_FILE = click.Path(dir_okay=False, path_type=Path)


def token_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--token`` and ``--issuer``."""
    for option in (
        click.option(
            "--issuer",
            type=_FILE,
            help="What is known of the token's issuer, a TOML file (docs/principals.md).",
        ),
        click.option(
            "--token",
            type=_FILE,
            help="An ID token in a file: work for its holder. Without it the results are for the public.",
        ),
    ):
        command = option(command)
    return command


def who_asks(token: Path | None, issuer: Path | None) -> Principal:
    """The principal of these options. Raises PolicyError and SettingsError for a token that does not hold."""
    if (token is None) is not (issuer is None):
        raise click.UsageError("--token and --issuer go together: a token is worth what its issuer is.")
    return principal_of(token, issuer, now()) if token and issuer else ANONYMOUS


def for_whom(principal: Principal, audience: Audience) -> str:
    """What the holder of a token gets. Not who it is."""
    if audience == PUBLIC:
        return "The token gives no data rights: the results are what the public sees."
    return (
        f"The results are for {audience} and not for the public. The token holds until {principal.expires}."
    )
