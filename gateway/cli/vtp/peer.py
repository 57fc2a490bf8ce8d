"""Options of the commands that connect to a broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gateway.transports.vtp.clients import ClientTLS

__all__ = ["STOPPED", "client_tls", "tls_options"]

STOPPED = 130
"""The exit code of a program that was told twice to stop, as shells have it for Ctrl-C."""

_FILE = click.Path(dir_okay=False, path_type=Path)


def tls_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--tls``, ``--ca`` and ``--cert``: how a broker is believed."""
    for option in (
        click.option("--cert", type=_FILE, help="Show this certificate: PEM, with its key in the same file."),
        click.option(
            "--ca",
            type=_FILE,
            help="Believe brokers that these authorities (PEM) sign.  [default: this machine's]",
        ),
        click.option(
            "--tls", "use_tls", is_flag=True, help="Speak TLS with HOST:PORT; --ca and --cert say so too."
        ),
    ):
        command = option(command)
    return command


def client_tls(use_tls: bool, ca: Path | None, cert: Path | None) -> ClientTLS | None:
    """What these options say."""
    return ClientTLS(ca, cert) if use_tls or ca or cert else None
