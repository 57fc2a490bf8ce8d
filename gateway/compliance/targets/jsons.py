"""JSON of any form: objects, arrays, one document a line. Every key is a column (L03).

Rules
1. A path is the keys on the way, ``[]`` after an array: ``diaSource.ra``, ``candidates[].score``.
2. A key that occurs twice in an object is refused, because two readers may see two values (L30).
3. A text that is JSON itself is looked into as well, once (L16).
4. What does not look like a name is the key of a map, and a value itself: that of ``scores{}``, beside
   ``scores{}.mean``. What does may be a text like any other.
5. A file has as many rows as documents, or as its longest array of objects: each may be about an object of its own. A
   row, to compare values in, is a document, or an object in one that is an array.
6. Numbers in arrays of arrays can be an image, and so can a long text that nobody can read (L14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Row, Surface, column
from gateway.errors import JSONError
from gateway.model.fieldpath import FieldPath
from gateway.model.jsontree import inside, parse, walk
from gateway.policy.events.signs import Sign, bulk, signs

__all__ = [
    "MAX_BYTES",
    "NAME",
    "documents",
    "fields",
    "paths",
    "recognise",
    "rows",
]

NAME = "JSON"
MAX_BYTES = 64 * 2**20
"""Largest JSON file in bytes: a full LSST alert has about 1 MB of it."""


def recognise(start: bytes, name: str) -> bool:
    """By its first character."""
    return start.lstrip()[:1] in (b"{", b"[") or name.endswith(".json")


def fields(source: Source, manifest: Manifest) -> Content:
    """The keys of the JSON. Raises JSONError and LimitError."""
    values = [value for _, value in documents(source.data(MAX_BYTES))]
    return Content(_surfaces(values), rows=lambda: rows(values))


def _surfaces(values: list[Any]) -> Iterator[Surface]:
    # What is null in one row may have a value in another, and then that counts.
    known: dict[FieldPath, set[Sign]] = {}
    full: set[FieldPath] = set()
    within: dict[FieldPath, FieldPath | None] = {}
    for value in values:
        for path, leaf, found, text in _of_value(value, FieldPath(())):
            known.setdefault(path, set()).update(found)
            within.setdefault(path, text)
            if leaf not in (None, [], {}):
                full.add(path)
    count = max([len(values), *map(_rows, values)])
    for path, found in known.items():
        yield replace(
            column(*path.steps, rows=count, found=found), empty=path not in full, within=within[path]
        )


def _of_value(
    value: Any, path: FieldPath, within: FieldPath | None = None
) -> Iterator[tuple[FieldPath, Any, set[Sign], FieldPath | None]]:
    """(path, value, what can be told of it, the text that it is in) of everything that has no parts."""
    for place, leaf, numbers in walk(value, path, 0):
        yield place, leaf, {*(signs(leaf) if isinstance(leaf, str) else ()), *bulk(numbers)}, within
        inner = inside(leaf) if within is None and isinstance(leaf, str) else None
        if inner is not None:
            yield from _of_value(inner, place, place)


def rows(values: list[Any]) -> Iterator[Row]:
    """The texts in each row (rule 5)."""
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            row: dict[FieldPath, list[str]] = {}
            for path, leaf, _, _ in _of_value(item, FieldPath(())):
                if isinstance(leaf, (str, int, float)):
                    row.setdefault(path, []).append(str(leaf))
            yield row


def _rows(value: Any) -> int:
    """The length of the longest array of objects."""
    if isinstance(value, dict):
        return max(map(_rows, value.values()), default=0)
    if isinstance(value, list):
        own = sum(isinstance(item, dict) for item in value)
        return max([own, *map(_rows, value)])
    return 0


def documents(data: bytes) -> Iterator[tuple[bytes, Any]]:
    """(text, value) of one JSON document, or of one a line. Raises JSONError and LimitError."""
    try:
        found = [(data, parse(data))]
    except JSONError:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        found = []
        for number, line in enumerate(lines):
            try:
                found.append((line, parse(line)))
            except JSONError as error:
                raise error.located(record=number) from None
    yield from found


def paths(value: Any) -> Iterator[FieldPath]:
    """The paths to everything in a JSON value that has no parts. Raises LimitError (limit-depth)."""
    yield from dict.fromkeys(path for path, _, _ in walk(value, FieldPath(()), 0))
