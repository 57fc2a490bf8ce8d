"""Profiles: policy as data, read from TOML and checked at load time, so that evaluation cannot fail.

Rules
1. A profile that breaks ``schemas/json/policy-profile.schema.json``, has two rules of one id, a pattern that cannot
   be read, a rule that can match nothing or a condition where none can stand is refused, with file and line.
2. A profile may `include` others, whose rules are then its own too; or be the `meet` of others, and then a thing
   passes when it passes all of them.
3. A profile has an id, a valid-from date and a SHA-256 over its file and those that it names, which every report
   carries.
4. A profile comes from the operator, never from a message.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gateway import resources
from gateway.errors import SettingsError, Where
from gateway.model.provenance import Origin
from gateway.policy.facts import Condition
from gateway.policy.moment import Moment
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.reach import fault
from gateway.policy.rule import Rule

__all__ = ["DEFAULT", "Profile", "load", "names"]

DEFAULT = "rdo013-2025"
MAX_NESTED = 4
"""How deep profiles may include each other: enough for all, and an end to circles."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of rules that is in force from a day on.

    members : of a meet, the profiles that a thing must pass; otherwise empty
    releases : days of releases, by their tokens
    """

    id: str
    title: str
    valid_from: date
    sha256: str
    rules: tuple[Rule, ...] = ()
    members: tuple[Profile, ...] = ()
    releases: Mapping[str, date] = field(default_factory=dict)

    @property
    def judges(self) -> tuple[Profile, ...]:
        """The profiles with the rules: itself, or the members of a meet."""
        return tuple(judge for member in self.members for judge in member.judges) or (self,)


def names() -> list[str]:
    """The profiles that come with the gateway."""
    return sorted(entry.name[:-5] for entry in resources.policy().iterdir() if _NAME.match(entry.name))


_NAME = re.compile(r"[a-z0-9-]+\.toml\Z")


def load(name: str) -> Profile:
    """A profile by its name, or by the path of a TOML file. Raises SettingsError (settings-invalid)."""
    return _load(name, 0)


def _load(name: str, depth: int) -> Profile:
    file: Traversable = Path(name) if name.endswith(".toml") else resources.policy() / f"{name}.toml"
    try:
        data = file.read_bytes()
    except (OSError, ValueError):  # ValueError: a name with a NUL
        known = ", ".join(names())
        raise SettingsError("settings-invalid", f"There is no such profile. There are: {known}.") from None
    try:
        return _Reader(file.name, data, depth).profile()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(
            "settings-invalid", f"The profile is not TOML: {error}.", where=Where(file.name)
        ) from None


@cache
def _schema() -> Draft202012Validator:
    return Draft202012Validator(
        orjson.loads((resources.schemas() / "json" / "policy-profile.schema.json").read_bytes())
    )


Parsed = TypeVar("Parsed")


class _Reader:
    """Reads one file."""

    def __init__(self, name: str, data: bytes, depth: int) -> None:
        self.name, self.data, self.depth = name, data, depth
        self.lines = data.decode("utf-8").splitlines()
        self.table: dict[str, Any] = _plain(tomllib.loads(data.decode("utf-8")))

    def fail(self, message: str, rule: int | None = None, key: str | None = None) -> SettingsError:
        rows = self.table.get("rule")
        row = rows[rule] if rule is not None and isinstance(rows, list) else None
        place = row.get("id") if isinstance(row, dict) else None
        return SettingsError(
            "settings-invalid",
            message,
            where=Where(self.name, line=self.line(rule, key), path=place if isinstance(place, str) else None),
        )

    def line(self, rule: int | None, key: str | None) -> int | None:
        """The line of a key, of the profile or of a rule; that of the rule when the key is not there."""
        starts = [n for n, line in enumerate(self.lines, 1) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
        if rule is None:
            start, end = 1, starts[0] if starts else len(self.lines) + 1
        elif rule < len(starts):
            start, end = starts[rule], starts[rule + 1] if rule + 1 < len(starts) else len(self.lines) + 1
        else:
            return None
        for number in range(start, end):
            if key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*[=.]", self.lines[number - 1]):
                return number
        return start if rule is not None else None

    def profile(self) -> Profile:
        error = best_match(_schema().iter_errors(self.table))
        if error is not None:
            raise self.broken(error)
        table = self.table
        included = [self.other(name, "include") for name in table.get("include", ())]
        members = tuple(self.other(name, "meet") for name in table.get("meet", ()))
        rows = table.get("rule", [])
        if members and (rows or included):
            raise self.fail(
                "A profile that is the meet of others has no rules and includes none.", key="meet"
            )
        for one in included:
            if one.members:
                raise self.fail("A profile that is the meet of others cannot be included.", key="include")
        releases = {token: date.fromisoformat(day) for token, day in table.get("releases", {}).items()}
        for one in included:
            releases = {**one.releases, **releases}
        rules = [self.rule(row, number, releases) for number, row in enumerate(rows)]
        ids = [rule.id for one in included for rule in one.rules]
        for number, rule in enumerate(rules):
            if rule.id in ids:
                raise self.fail("Two rules have the same id.", number, "id")
            ids.append(rule.id)
        if len(set(ids)) < len(ids):
            raise self.fail("Two profiles that are included have a rule of the same id.", key="include")
        others = [one.sha256 for one in (*included, *members)]
        sha256 = hashlib.sha256(b"".join([self.data, *[other.encode() for other in others]]))
        return Profile(
            table["id"],
            table["title"],
            date.fromisoformat(table["valid-from"]),
            sha256.hexdigest(),
            (*(rule for one in included for rule in one.rules), *rules),
            members,
            releases,
        )

    def other(self, name: str, key: str) -> Profile:
        if self.depth >= MAX_NESTED:
            raise self.fail("Profiles include each other too deeply, or in a circle.", key=key)
        try:
            return _load(name, self.depth + 1)
        except SettingsError as error:
            raise error if error.where.input else self.fail(error.message, key=key) from None

    def broken(self, error: Any) -> SettingsError:
        """The first place where the profile breaks the JSON Schema (a ValidationError), in words."""
        path = list(error.absolute_path)
        number = path[1] if path[:1] == ["rule"] and len(path) > 1 else None
        rule = number if isinstance(number, int) else None
        key = str(path[2 if rule is not None else 0]) if len(path) > (2 if rule is not None else 0) else None
        place = f"`{key}`" if key else "A rule" if rule is not None else "The profile"
        if error.validator == "additionalProperties":
            known = list(error.schema["properties"])
            unknown = next(str(name) for name in error.instance if name not in known)
            near = get_close_matches(unknown, known, 1)
            hint = f"; `{near[0]}` is meant, perhaps" if near else f"; known are {', '.join(known)}"
            return self.fail(f"Unknown key `{unknown}`{hint}.", rule, unknown)
        if error.validator == "required":
            missing = next(name for name in error.validator_value if name not in error.instance)
            return self.fail(f"`{missing}` is missing.", rule, key)
        if error.validator == "enum":
            return self.fail(f"{place} must be one of {', '.join(error.validator_value)}.", rule, key)
        if error.validator == "uniqueItems":
            return self.fail(f"{place} names something twice.", rule, key)
        about = error.schema.get(
            "description", f"it must be a {error.schema.get('type', 'text')} that is not empty"
        )
        return self.fail(f"{place} is not as it must be: {about.rstrip('.')}.", rule, key)

    def rule(self, row: dict[str, Any], number: int, releases: Mapping[str, date]) -> Rule:
        def each(key: str, parse: Callable[[str], Parsed], default: tuple[str, ...] = ()) -> Iterator[Parsed]:
            for text in row.get(key, default):
                yield self.parsed(parse, text, number, key)

        def one(key: str, parse: Callable[[str], Parsed]) -> Parsed | None:
            return self.parsed(parse, row[key], number, key) if key in row else None

        rule = Rule(
            row["id"],
            row["effect"],
            tuple(Origin(text) for text in row["origin"]),
            tuple(each("kind", KindRange.parse)),
            tuple(each("path", PathPattern.parse, ("**",))),
            row["clause"],
            row["source"],
            row["certainty"],
            row["reason"],
            tuple(row.get("release", ())),
            row.get("audience") == "rights-holders",
            row.get("custody") == "handled",
            one("from", Moment.parse),
            one("until", Moment.parse),
            one("where", Condition.parse),
            self.line(number, None) or 0,
        )
        wrong = fault(rule, releases)
        if wrong is not None:
            raise self.fail(wrong[1], number, wrong[0])
        return rule

    def parsed(self, parse: Callable[[str], Parsed], text: str, number: int, key: str) -> Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise self.fail(f"`{key}` cannot be read: {error}.", number, key) from None


def _plain(value: Any) -> Any:
    """TOML's values as JSON's, for the schema. A day becomes its text; a time or a day with a time stays what no
    schema allows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
