"""A group of commands that imports each when it is asked for, so that none waits for what the others need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

__all__ = ["Lazy"]


class Lazy(click.Group):
    """The command ``verify-log`` is the function `verify_log` in the module `verify_log` of `package`.

    commands : their names, in the order in which a newcomer meets them
    """

    def __init__(self, *args: Any, package: str, commands: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package, self._names = package, commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in their order."""
        return list(self._names)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        if name not in self._names:
            return None
        module = name.replace("-", "_")
        command: click.Command = getattr(import_module(f"{self._package}.{module}"), module)
        return command
