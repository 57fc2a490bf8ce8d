"""A record of some other container onto a released schema, by structure.

Brokers re-write alerts: Fink adds fields, makes every field nullable, and turns a null record into a record of
nulls. What of such a record is the alert's can be taken out again when someone says which released schema it
was, and declares that it came from an alert. Names alone would prove nothing, so neither
is ever guessed.

Rules
1. Fields of the released schema are taken by their path; all others are left and reported.
2. A field that is missing, a null where the released schema allows none, or a value of another type is an
   error: nothing is invented or coerced.
3. A record whose fields are all null stands for a null record, where the released schema allows one.
4. A projection is a new datum: it is never called the original.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import fastavro

from gateway.errors import AvroError, SchemaError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import Array, AvroType, Primitive, Record, nullable
from gateway.model.fieldpath import FieldPath
from gateway.schema.parse import canonical_form

__all__ = ["project", "values_of"]


def values_of(alert: Alert) -> dict[str, Any]:
    """The alert decoded by fastavro: records as dicts; logical types as their numbers.

    The alert's bytes must have been checked (`gateway.codecs.container` does; `Layout.check`).
    Raises AvroError (avro-text) for a string that is not UTF-8, which those do not look at.
    """
    try:
        found: Any = fastavro.schemaless_reader(io.BytesIO(alert.payload), _plain(alert.schema), None)
    except UnicodeDecodeError:
        raise AvroError("avro-text", "A string is not valid UTF-8.") from None
    assert isinstance(found, dict)
    return found


@lru_cache(maxsize=64)
def _plain(schema: AlertSchema) -> Any:
    """The schema for fastavro, without logical types, so that no timestamp can be out of Python's range."""
    return fastavro.parse_schema(json.loads(canonical_form(schema.root)))


def project(alert: Alert, target: AlertSchema) -> tuple[Alert, tuple[str, ...]]:
    """The alert in a released schema, and the paths of the fields that were left behind.

    Raises SchemaError (schema-project) naming the first field that does not fit.
    """
    left: set[str] = set()
    record = _record(values_of(alert), target.root, FieldPath(()), left)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _plain(target), record)
    return Alert(target, out.getvalue(), Framing("raw"), alert.provenance), tuple(sorted(left))


_MISSING = object()
"""Stands for a field that the record does not have; it fits no type."""


def _record(value: Mapping[str, Any], target: Record, path: FieldPath, left: set[str]) -> dict[str, Any]:
    names = {field.name for field in target.fields}
    left.update(str(path / name) for name in value if name not in names)
    return {
        field.name: _value(value.get(field.name, _MISSING), field.type, path / field.name, left)
        for field in target.fields
    }


def _value(value: Any, target: AvroType, path: FieldPath, left: set[str]) -> Any:
    type_, may_be_null = nullable(target)
    if may_be_null and (value is None or (isinstance(type_, Record) and _is_empty(value))):
        return None
    if isinstance(type_, Record) and isinstance(value, dict):
        return _record(value, type_, path, left)
    if isinstance(type_, Array) and isinstance(value, list):
        return [_value(item, type_.items, path.items(), left) for item in value]
    if isinstance(type_, Primitive) and type(value) is _PYTHON[type_.name] and _fits(value, type_.name):
        return value
    raise SchemaError(
        "schema-project", "The record does not fit the released schema here.", where=Where(path=str(path))
    )


def _is_empty(value: Any) -> bool:
    return isinstance(value, dict) and all(item is None or _is_empty(item) for item in value.values())


def _fits(value: Any, name: str) -> bool:
    """Whether the narrower types hold a number of the wider ones exactly."""
    if name == "int":
        return bool(-(2**31) <= value < 2**31)
    if name == "float":
        try:
            return value != value or bool(struct.unpack("<f", struct.pack("<f", value))[0] == value)
        except OverflowError:
            return False
    return True


_PYTHON: dict[str, type] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "string": str,
    "bytes": bytes,
}
