"""The configurations in ``examples/``, by name."""

from __future__ import annotations

from gateway import resources
from gateway.config.mistakes import meant
from gateway.errors import SettingsError

__all__ = ["FIRST", "all_", "text"]

FIRST = "files-to-vtp"
"""The one for who names none: it needs no account, no network and no alert of a survey."""


def all_() -> dict[str, str]:
    """What each does: its first line."""
    names = sorted(
        entry.name[:-5] for entry in resources.examples().iterdir() if entry.name.endswith(".toml")
    )
    return {name: text(name).partition("\n")[0].removeprefix("# ") for name in names}


def text(name: str) -> str:
    """One of them. Raises SettingsError (settings-value)."""
    names = [entry.name[:-5] for entry in resources.examples().iterdir() if entry.name.endswith(".toml")]
    if name not in names:
        raise SettingsError("settings-value", f"There is no such example{meant(name, sorted(names))}")
    return (resources.examples() / f"{name}.toml").read_text("utf-8")
