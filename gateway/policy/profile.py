"""Profiles: policy as data, read from TOML and checked at load time, so that evaluation cannot fail.

Rules
1. An unknown key, a missing key, a value outside its list, a duplicate id: the profile is refused, with file
   and rule.
2. A profile has an id, a valid-from date and the SHA-256 of its file, which every report carries.
3. A rule's `schema` is ``released`` (a leaf reachable in a released alert schema) or ``voevent`` (a VOEvent
   document).
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, fields
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from gateway import resources
from gateway.errors import SettingsError, Where
from gateway.model.provenance import Origin

__all__ = ["Profile", "Rule", "load", "names"]

_CHOICES = {
    "effect": ("pass",),
    "origin": tuple(origin.value for origin in Origin),
    "schema": ("released", "voevent"),
    "certainty": ("high", "medium", "low"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it matches (origin, schema), its effect, and the sentence a subscriber can read."""

    id: str
    effect: str
    origin: str
    schema: str
    clause: str
    source: str
    certainty: str
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of rules that is in force from a day on. `sha256` is of the file it was read from."""

    id: str
    title: str
    valid_from: date
    sha256: str
    rules: tuple[Rule, ...]


def names() -> list[str]:
    """The profiles that come with the gateway."""
    return sorted(entry.name[:-5] for entry in resources.policy().iterdir() if entry.name.endswith(".toml"))


def load(name: str) -> Profile:
    """A profile by its name, or by the path of a TOML file. Raises SettingsError (settings-invalid)."""
    file: Traversable = Path(name) if name.endswith(".toml") else resources.policy() / f"{name}.toml"
    try:
        data = file.read_bytes()
    except (OSError, ValueError):  # ValueError: a name with a NUL
        known = ", ".join(names())
        raise SettingsError("settings-invalid", f"There is no such profile. There are: {known}.") from None
    try:
        return _profile(tomllib.loads(data.decode("utf-8")), hashlib.sha256(data).hexdigest())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(
            "settings-invalid", f"The profile is not TOML: {error}.", where=Where(file.name)
        ) from None
    except SettingsError as error:
        raise error.located(input=file.name) from None


def _profile(table: dict[str, Any], sha256: str) -> Profile:
    expected = {"id": str, "title": str, "valid-from": date, "rule": list}
    _keys(table, expected, "profile")
    rules = tuple(_rule(row, number) for number, row in enumerate(table["rule"], 1))
    ids = [rule.id for rule in rules]
    for rule_id in ids:
        if ids.count(rule_id) > 1:
            raise SettingsError("settings-invalid", "Two rules have the same id.", where=Where(path=rule_id))
    return Profile(table["id"], table["title"], table["valid-from"], sha256, rules)


def _rule(row: object, number: int) -> Rule:
    if not isinstance(row, dict):
        raise SettingsError("settings-invalid", "A rule is not a table.", where=Where(path=f"rule {number}"))
    place = str(row.get("id", f"rule {number}"))
    _keys(row, {field.name: str for field in fields(Rule)}, place)
    for key, choices in _CHOICES.items():
        if row[key] not in choices:
            raise SettingsError(
                "settings-invalid", f"`{key}` must be one of {', '.join(choices)}.", where=Where(path=place)
            )
    return Rule(**row)


def _keys(table: dict[str, Any], expected: dict[str, type], place: str) -> None:
    for key in table:
        if key not in expected:
            known = ", ".join(expected)
            raise SettingsError(
                "settings-invalid", f"Unknown key `{key}`; known are {known}.", where=Where(path=place)
            )
    for key, kind in expected.items():
        # Not isinstance: a datetime is a date, and is not one that can be compared with dates.
        if type(table.get(key)) is not kind or table[key] == "":
            raise SettingsError(
                "settings-invalid",
                f"`{key}` is missing, empty or not a {kind.__name__}.",
                where=Where(path=place),
            )
