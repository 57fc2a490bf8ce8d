"""A configuration file, read and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.config import mistakes
from gateway.config.checks import checked
from gateway.config.places import Places
from gateway.config.whole import Config
from gateway.errors import SettingsError, Where

__all__ = ["load", "loads"]

MAX_FILE = 1 * 2**20
"""Bytes of a configuration: a thousand routes."""


def load(file: Path) -> Config:
    """The configuration in a file. Raises SettingsError (settings-invalid); as a ConfigError it has all mistakes."""
    name = str(file)
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be opened"
        raise SettingsError(
            "settings-invalid", f"The file cannot be read: {reason}.", where=Where(name)
        ) from None
    if len(data) > MAX_FILE:
        raise SettingsError(
            "settings-invalid", f"The file has more than {MAX_FILE} bytes.", where=Where(name)
        )
    return loads(data, name, file.absolute().parent)


def loads(data: bytes, name: str, folder: Path) -> Config:
    """The configuration in some bytes, named so in errors; relative paths are relative to the folder. Raises as
    `load`."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
        values: dict[str, Any] = tomllib.loads(text)
    except UnicodeDecodeError:
        raise SettingsError("settings-invalid", "The file is not UTF-8.", where=Where(name)) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(
            "settings-invalid", f"The file is not TOML: {error}.", where=Where(name)
        ) from None
    found: list[mistakes.Mistake] = []
    try:
        config = Config.model_validate(values, context={"folder": folder})
    except ValidationError as error:
        found += mistakes.of(error, Config, values)
    found += checked(values)
    if found:
        raise mistakes.located(found, name, Places(text))
    return config
