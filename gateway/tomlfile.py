"""TOML that people write, such as policy profiles: read, held to its JSON Schema, and its mistakes named by line.

Rules
1. What breaks ``schemas/json/<form>.schema.json`` is refused in one sentence, with file and line; for a key that is not
   known the nearest known one is named.
2. A file has keys of its own and at most one array of tables, its rows (``[[rule]]``). Mistakes in a row are found
   between its head and the next one's.
3. A day becomes its text, for the schema; a time, or a day with a time, is what no schema allows.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gateway import resources
from gateway.errors import SettingsError, Where

__all__ = ["TomlFile"]


class TomlFile:
    """One file. Raises SettingsError (settings-invalid) when it is not TOML.

    name : how errors name it
    form : the name of its JSON Schema
    what, rows : what people call it, and the name of its array of tables (rule 2)
    table : its values, as JSON has them
    """

    def __init__(self, name: str, data: bytes, form: str, what: str, rows: str) -> None:
        self.name, self.form, self.what, self.rows = name, form, what, rows
        try:
            text = data.decode("utf-8")
            self.table: dict[str, Any] = _plain(tomllib.loads(text))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            message = f"The {what} is not TOML: {error}."
            raise SettingsError("settings-invalid", message, where=Where(name)) from None
        self.lines = text.splitlines()

    def fail(self, message: str, row: int | None = None, key: str | None = None) -> SettingsError:
        """The error for a mistake in the file or in one of its rows, at a key of it."""
        rows = self.table.get(self.rows)
        found = rows[row] if row is not None and isinstance(rows, list) else None
        place = found.get("id") if isinstance(found, dict) else None
        return SettingsError(
            "settings-invalid",
            message,
            where=Where(self.name, line=self.line(row, key), path=place if isinstance(place, str) else None),
        )

    def line(self, row: int | None, key: str | None) -> int | None:
        """The line of a key, of the file or of a row; that of the row when the key is not there."""
        head = re.compile(rf"\s*\[\[\s*{self.rows}\s*\]\]")
        starts = [n for n, line in enumerate(self.lines, 1) if head.match(line)]
        if row is None:
            start, end = 1, starts[0] if starts else len(self.lines) + 1
        elif row < len(starts):
            start, end = starts[row], starts[row + 1] if row + 1 < len(starts) else len(self.lines) + 1
        else:
            return None
        for number in range(start, end):
            if key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*[=.]", self.lines[number - 1]):
                return number
        return start if row is not None else None

    def check(self) -> None:
        """Raise SettingsError at the first place where the file breaks its JSON Schema."""
        errors = list(_schema(self.form).iter_errors(self.table))
        error = best_match(errors)
        if error is not None:
            # A key that is misspelt is why another one is missing in the same place, so it is named first.
            here = [one for one in errors if one.absolute_path == error.absolute_path]
            unknown = [one for one in here if one.validator == "additionalProperties"]
            raise self._broken(unknown[0] if unknown else error)

    def _broken(self, error: Any) -> SettingsError:
        """The first mistake (a ValidationError), in words."""
        path = list(error.absolute_path)
        number = path[1] if path[:1] == [self.rows] and len(path) > 1 else None
        row = number if isinstance(number, int) else None
        key = str(path[2 if row is not None else 0]) if len(path) > (2 if row is not None else 0) else None
        place = f"`{key}`" if key else f"A {self.rows}" if row is not None else f"The {self.what}"
        if error.validator == "additionalProperties":
            known = list(error.schema["properties"])
            unknown = next(str(name) for name in error.instance if name not in known)
            near = get_close_matches(unknown, known, 1)
            hint = f"; `{near[0]}` is meant, perhaps" if near else f"; known are {', '.join(known)}"
            return self.fail(f"Unknown key `{unknown}`{hint}.", row, unknown)
        if error.validator == "required":
            missing = next(name for name in error.validator_value if name not in error.instance)
            return self.fail(f"`{missing}` is missing.", row, key)
        if error.validator == "dependentRequired":
            alone, needs = next(
                (one, other)
                for one, others in error.validator_value.items()
                for other in others
                if one in error.instance and other not in error.instance
            )
            return self.fail(f"`{alone}` says nothing without `{needs}`.", row, alone)
        if error.validator == "enum":
            return self.fail(f"{place} must be one of {', '.join(error.validator_value)}.", row, key)
        if error.validator == "uniqueItems":
            return self.fail(f"{place} names something twice.", row, key)
        about = error.schema.get(
            "description", f"it must be a {error.schema.get('type', 'text')} that is not empty"
        )
        return self.fail(f"{place} is not as it must be: {about.rstrip('.')}.", row, key)


@cache
def _schema(form: str) -> Draft202012Validator:
    return Draft202012Validator(
        orjson.loads((resources.schemas() / "json" / f"{form}.schema.json").read_bytes())
    )


def _plain(value: Any) -> Any:
    """Rule 3."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
