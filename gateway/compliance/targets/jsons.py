"""JSON of any form: objects, arrays, one document a line. Every key is a column (L03).

Rules
1. A path is the keys on the way, ``[]`` after an array: ``diaSource.ra``, ``candidates[].score``.
2. A key that occurs twice in an object is refused, because two readers may see two values (L30).
3. A text that is JSON itself is looked into as well, once (L16).
4. What does not look like a name is the key of a map, and may be a value: ``scores{}.mean``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, link
from gateway.errors import JSONError, LimitError, Where
from gateway.model.fieldpath import FieldPath

__all__ = ["MAX_BYTES", "MAX_DEPTH", "NAME", "documents", "fields", "paths", "recognise"]

NAME = "JSON"
MAX_BYTES = 64 * 2**20
"""Largest JSON file in bytes: a full LSST alert has about 1 MB of it."""
MAX_DEPTH = 32
"""Deepest nesting of JSON values: alerts and annotations use 5."""

_NAME = re.compile(r"[^\W\d][\w.:+-]{0,63}\Z")


def recognise(start: bytes, name: str) -> bool:
    """By its first character."""
    return start.lstrip()[:1] in (b"{", b"[") or name.endswith(".json")


def fields(source: Source, manifest: Manifest) -> Content:
    """The keys of the JSON. Raises JSONError and LimitError."""
    return Content(_surfaces(source.data(MAX_BYTES)))


def _surfaces(data: bytes) -> Iterator[Surface]:
    # What is null in one row may have a value in another, and then that counts.
    found: dict[FieldPath, Surface] = {}
    for _, value in documents(data):
        for surface in _of_value(value, FieldPath(())):
            if surface.path not in found or found[surface.path].empty:
                found[surface.path] = surface
    yield from found.values()


def _of_value(value: Any, path: FieldPath, within: FieldPath | None = None) -> Iterator[Surface]:
    for place, leaf in _walk(value, path, 0):
        yield replace(column(*place.steps), within=within, empty=leaf in (None, [], {}))
        if not isinstance(leaf, str):
            continue
        if "://" in leaf and (found := link(leaf, *place.steps, "#link")).denied:
            yield found
        inner = _inside(leaf) if within is None else None
        if inner is not None:
            yield from _of_value(inner, place, place)


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
    yield from dict.fromkeys(path for path, _ in _walk(value, FieldPath(()), 0))


def _walk(value: Any, path: FieldPath, depth: int) -> Iterator[tuple[FieldPath, Any]]:
    if depth > MAX_DEPTH:
        raise LimitError("limit-depth", f"The JSON is nested deeper than {MAX_DEPTH}.")
    if isinstance(value, dict) and value:
        for key, item in value.items():
            inner = path / key if _NAME.match(key) else (path.entries() if path.steps else FieldPath(("{}",)))
            yield from _walk(item, inner, depth + 1)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _walk(item, path.items() if path.steps else FieldPath(()), depth + 1)
    else:
        yield path, value


def _inside(text: str) -> Any:
    """Rule 3."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None
    return None


def _parse(data: bytes) -> Any:
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
