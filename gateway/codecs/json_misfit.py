"""What keeps a JSON object from being an alert: the first field that does not fit, and the one that was meant.

Rules
1. A key that the schema does not have comes before a field that is missing: it says what the writer meant.
2. A key is text from outside: it is repeated only if it is a plain identifier of at most `MAX_NAME` characters.
3. A record without its envelope is compared with the released schema that knows most of its fields, and of these
   the one with fewest others. That is advice for a reader and decides nothing: what an object is, is said and
   never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any

from gateway.errors import JSONError, Where
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Array, AvroType, Record, leaves, nullable
from gateway.model.fieldpath import FieldPath
from gateway.schema import registry

__all__ = ["no_form", "wrong_fields"]

MAX_NAME = 64
"""Longest key of a JSON object that a message repeats; the longest name of a field has 40 characters."""

_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_]{{0,{MAX_NAME - 1}}}\Z")
_LOOKED_AT = 1000
"""Keys of an object that are compared with schemas; the widest record has 140."""


def wrong_fields(keys: Iterable[str], record: Record, path: FieldPath) -> JSONError | None:
    """The error for an object at `path` whose keys are not the fields of `record`; None if they are."""
    names, found = [field.name for field in record.fields], dict.fromkeys(keys)
    missing = [name for name in names if name not in found]
    for key in found:
        if key not in names:
            if not _NAME.match(key):
                return _error("A key here is no name of a field.", path)
            near = get_close_matches(key, missing, 1) or get_close_matches(key, names, 1)
            meant = f"; the nearest is `{near[0]}`" if near else ""
            return _error(f"The schema has no such field{meant}.", path / key)
    return _error("The field is missing.", path / missing[0]) if missing else None


def no_form(found: dict[str, Any]) -> JSONError:
    """The error for an object that is neither form of ours."""
    forms = (
        "The JSON is neither the form of an alert, which has `schema` and `record`, nor that of a VOEvent, which has "
        "`version` and `ivorn`."
    )
    schema = _nearest(found)
    if schema is None:
        return JSONError("json-form", forms)
    misfit = _misfit(schema.root, found)
    like = f"{forms} It is most like the record of {schema.key}"
    if misfit is None:
        return JSONError("json-form", f"{like}, without what an alert has around it.")
    return JSONError("json-form", f"{like}, but not one: {misfit.message}", where=misfit.where)


def _error(message: str, path: FieldPath) -> JSONError:
    return JSONError("json-form", message, where=Where(path=str(path) or "$"))


def _misfit(root: Record, found: dict[str, Any]) -> JSONError | None:
    """The first unknown key anywhere, or else the first field that is missing."""
    errors = [error for error in _all_misfits(root, found, FieldPath(())) if error]
    return next((error for error in errors if "missing." not in error.message), errors[0] if errors else None)


def _all_misfits(type_: AvroType, value: Any, path: FieldPath) -> Iterator[JSONError | None]:
    inner, _ = nullable(type_)
    if isinstance(inner, Record) and isinstance(value, dict):
        yield wrong_fields(value, inner, path)
        for field in inner.fields:
            yield from _all_misfits(field.type, value.get(field.name), path / field.name)
    elif isinstance(inner, Array) and isinstance(value, list) and value:
        yield from _all_misfits(inner.items, value[0], path.items())


def _nearest(found: dict[str, Any]) -> AlertSchema | None:
    """Rule 3; None for an object of which no schema knows a field."""
    names = set(_names(found))

    def likeness(schema: AlertSchema) -> tuple[int, int]:
        fields = _fields(schema)
        return len(names & fields), -len(fields)

    best = max(map(registry.get, registry.keys()), key=likeness)
    return best if names & _fields(best) else None


def _names(found: dict[str, Any]) -> Iterator[str]:
    for key, value in islice(found.items(), _LOOKED_AT):
        rows = isinstance(value, list) and bool(value)
        row = value[0] if rows else value
        if isinstance(row, dict):
            yield from (f"{key}{'[]' * rows}.{inner}" for inner in islice(row, _LOOKED_AT))
        else:
            yield key


@cache
def _fields(schema: AlertSchema) -> frozenset[str]:
    return frozenset(str(path) for path, _ in leaves(schema.root))
