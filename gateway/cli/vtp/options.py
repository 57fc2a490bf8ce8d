"""Options that commands of ``gateway vtp`` share."""

from __future__ import annotations

import os
from pathlib import Path

import click

__all__ = ["state_option"]


def _state() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "voevent-gateway" / "vtp"


state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=_state,
    show_default="~/.local/state/voevent-gateway/vtp",
    help="The folder in which a broker remembers what it has seen. Each broker has its own.",
)
