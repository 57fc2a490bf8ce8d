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

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Row, Surface, column
from gateway.errors import JSONError, LimitError, Where
from gateway.model.fieldpath import FieldPath
from gateway.policy.events.signs import Sign, bulk, signs

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_VALUES",
    "NAME",
    "documents",
    "fields",
    "paths",
    "recognise",
    "rows",
    "walk",
]

NAME = "JSON"
MAX_BYTES = 64 * 2**20
"""Largest JSON file in bytes: a full LSST alert has about 1 MB of it."""
MAX_VALUES = 4_000_000
"""Most values in a JSON file, told by its brackets and commas: each takes up to a hundred bytes of memory."""
MAX_DEPTH = 32
"""Deepest nesting of JSON values: alerts and annotations use 5."""

_NAME = re.compile(r"[^\W\d][\w.:+-]{0,63}\Z")


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
        inner = _inside(leaf) if within is None and isinstance(leaf, str) else None
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
        found = [(data, _parse(data))]
    except JSONError:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        found = []
        for number, line in enumerate(lines):
            try:
                found.append((line, _parse(line)))
            except JSONError as error:
                raise error.located(record=number) from None
    yield from found


def paths(value: Any) -> Iterator[FieldPath]:
    """The paths to everything in a JSON value that has no parts. Raises LimitError (limit-depth)."""
    yield from dict.fromkeys(path for path, _, _ in walk(value, FieldPath(()), 0))


def walk(value: Any, path: FieldPath, depth: int, numbers: int = 0) -> Iterator[tuple[FieldPath, Any, int]]:
    """(path, value, how many numbers are in the outermost array around it) of everything that has no parts,
    and of the keys of maps.

    Raises LimitError (limit-depth).
    """
    if depth > MAX_DEPTH:
        raise LimitError("limit-depth", f"The JSON is nested deeper than {MAX_DEPTH}.")
    if isinstance(value, dict) and value:
        for key, item in value.items():
            inner = path / key
            if not _NAME.match(key):
                inner = path.entries() if path.steps else FieldPath(("{}",))
                yield inner, key, numbers
            yield from walk(item, inner, depth + 1)
    elif isinstance(value, list) and value:
        numbers = numbers or _numbers(value, depth)
        for item in value:
            yield from walk(item, path.items() if path.steps else FieldPath(()), depth + 1, numbers)
    else:
        yield path, value, numbers


def _numbers(value: Any, depth: int) -> int:
    """How many numbers are in an array and the arrays in it."""
    if isinstance(value, list):
        return sum(_numbers(item, depth + 1) for item in value) if depth <= MAX_DEPTH else 0
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _inside(text: str) -> Any:
    """Rule 3."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None
    return None


def _parse(data: bytes) -> Any:
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise LimitError("limit-size", f"The JSON has more than {MAX_VALUES} values.")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=str, object_pairs_hook=_unique)
    except RecursionError:
        raise LimitError("limit-depth", "The JSON is nested too deeply.") from None
    except _TwiceError:
        raise JSONError(
            "json-form",
            "A key occurs twice in one object, and two readers may see two values.",
            where=Where(),
        ) from None
    except ValueError:
        raise JSONError("json-malformed", "The text is not JSON in UTF-8.") from None


class _TwiceError(Exception):
    """Rule 2."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found
