"""Profiles: policy as data, read from TOML and checked at load time, so that evaluation cannot fail.

Rules
1. A profile that breaks ``schemas/json/policy-profile.schema.json``, has two rules of one id, a pattern that cannot
   be read, a rule that can match nothing or a condition where none can stand is refused, with file and line.
2. A profile may `include` others, whose rules are then its own too; or be the `meet` of others, and then a thing
   passes when it passes all of them.
3. A profile has an id, a valid-from date and a SHA-256, which every report carries: over the bytes of its file, the
   SHA-256 of each profile that it names, and that of each table that decides with it (`gateway.policy.lists`).
4. A profile comes from the operator, never from a message.
5. One that comes with the gateway is read once in a process; a file of the operator's each time that it is asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from gateway import resources
from gateway.errors import SettingsError
from gateway.model.provenance import Origin
from gateway.policy import lists
from gateway.policy.facts import Condition
from gateway.policy.moment import Moment
from gateway.policy.pattern import KindRange, PathPattern
from gateway.policy.reach import fault
from gateway.policy.rule import Rule
from gateway.tomlfile import TomlFile

__all__ = ["DEFAULT", "Profile", "load", "names"]

DEFAULT = "rdo013-2025"
MAX_BYTES = 2**20
"""Largest file of a profile: the longest that comes with the gateway has 10 kB."""
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
    if name.endswith(".toml"):
        return _read(Path(name), depth)
    return _own(name, depth)


@cache
def _own(name: str, depth: int) -> Profile:
    return _read(resources.policy() / f"{name}.toml", depth)


def _read(file: Traversable, depth: int) -> Profile:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a name with a NUL
        known = ", ".join(names())
        raise SettingsError(
            "settings-invalid",
            f"There is no such profile, or it cannot be read. There are: {known}; one of your own is a file whose "
            "name ends with .toml.",
        ) from None
    if len(data) > MAX_BYTES:
        raise SettingsError("settings-invalid", f"A profile is longer than {MAX_BYTES} bytes.")
    return _Reader(file.name, data, depth).profile()


Parsed = TypeVar("Parsed")


class _Reader(TomlFile):
    """Reads one file."""

    def __init__(self, name: str, data: bytes, depth: int) -> None:
        super().__init__(name, data, "policy-profile", "profile", "rule")
        self.data, self.depth = data, depth

    def profile(self) -> Profile:
        self.check()
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
        others = [*(one.sha256 for one in (*included, *members)), *lists.hashes()]
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
