"""On which line of a TOML file a key is.

Rules
1. `tomllib` reads every statement of the file by itself: a header, or a key with its value, which ends where it can be
   read. So this knows no grammar but that a statement begins on a line of its own.
2. What is inside a value is where its key is.
3. What is not there is where the table is in which it is missing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

__all__ = ["Path", "Places"]

Path = tuple[str | int, ...]
"""Keys, and places in arrays, from the root."""


class Places:
    """The places of a text that is TOML."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._rows: dict[Path, int] = {}
        table: Path = ()
        for number, statement in _statements(text):
            if isinstance(statement, str):
                table = self._header(statement, number)
            else:
                self._value(table, statement, number)

    def line(self, path: Path) -> int | None:
        """Where something is (rules 2 and 3); None for what is at the root and not there."""
        for end in range(len(path), 0, -1):
            if (line := self._lines.get(path[:end])) is not None:
                return line
        return None

    def _header(self, text: str, number: int) -> Path:
        many = text.startswith("[[")
        keys: list[str] = []
        inner: Any = tomllib.loads(text)
        while isinstance(inner, dict) and inner:
            (key,) = inner
            keys.append(key)
            inner = inner[key][0] if isinstance(inner[key], list) else inner[key]
        path: Path = ()
        for key in keys[:-1]:
            path = self._last((*path, key))
        path = (*path, keys[-1])
        if many:
            self._lines.setdefault(path, number)
            self._rows[path] = self._rows.get(path, -1) + 1
        path = self._last(path)
        self._lines.setdefault(path, number)
        return path

    def _last(self, path: Path) -> Path:
        """The last row so far, of an array of tables."""
        return (*path, self._rows[path]) if path in self._rows else path

    def _value(self, path: Path, value: Any, number: int) -> None:
        self._lines.setdefault(path, number)
        if isinstance(value, dict):
            for key, inner in value.items():
                self._value((*path, key), inner, number)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                self._value((*path, place), inner, number)


def _statements(text: str) -> Iterator[tuple[int, str | dict[str, Any]]]:
    """(line, header or keys with their value) of each statement."""
    lines = text.split("\n")
    start = 0
    while start < len(lines):
        head = lines[start].strip()
        end = start + 1
        if head.startswith("["):
            yield start + 1, head
        elif head and not head.startswith("#"):
            while (found := _read("\n".join(lines[start:end]))) is None and end < len(lines):
                end += 1
            yield start + 1, found or {}
        start = end


def _read(statement: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return None
