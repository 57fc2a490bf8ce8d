"""Whether a datum that goes on as it came is sound from end to end, and every string in it UTF-8, as Avro asks:
`gateway.schema.raw` cuts strings out and does not look into them.

Compiled once a schema: only root fields with a string somewhere in them are read a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal

from gateway.errors import AvroError, Where
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import NULL, Array, AvroType, Map, Primitive, Record, Union
from gateway.model.fieldpath import FieldPath
from gateway.schema.raw import Layout, Raw

__all__ = ["check_datum"]

Check = Callable[[Raw], None]


def check_datum(schema: AlertSchema, data: bytes) -> None:
    """Raise AvroError, with the path of the field, for a datum that is damaged or has a string that is not UTF-8."""
    whole, layout, checks = _compiled(schema)
    whole.check(data)
    raw = layout.read(data)
    for place, check in checks:
        check(raw[place])


@cache
def _compiled(schema: AlertSchema) -> tuple[Layout, Layout, list[tuple[int, Check]]]:
    root = schema.root
    found = [_check(field.type, FieldPath((field.name,))) for field in root.fields]
    wanted: dict[str, Literal["read", "measure"]] = {
        field.name: "read" for field, check in zip(root.fields, found, strict=True) if check
    }
    checks = [(place, check) for place, check in enumerate(found) if check]
    return Layout(root), Layout(root, wanted), checks


def _check(type_: AvroType, path: FieldPath) -> Check | None:
    """What looks at the strings in a raw value; None where there can be none."""
    if isinstance(type_, Primitive):
        return _string(path) if type_.name == "string" else None
    if isinstance(type_, Record):
        return _record(type_, path)
    if isinstance(type_, Array):
        return _each(_check(type_.items, path.items()))
    if isinstance(type_, Map):
        return _entries(_string(path), _check(type_.values, path.entries()))
    return _union(type_, path) if isinstance(type_, Union) else None


def _string(path: FieldPath) -> Check:
    def check(raw: Raw) -> None:
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            raise AvroError(
                "avro-text", "A string is not valid UTF-8.", where=Where(path=str(path))
            ) from None

    return check


def _record(type_: Record, path: FieldPath) -> Check | None:
    checks = [
        (place, check)
        for place, field in enumerate(type_.fields)
        if (check := _check(field.type, path / field.name))
    ]

    def check_all(raw: Raw) -> None:
        for place, check in checks:
            check(raw[place])

    return check_all if checks else None


def _each(check: Check | None) -> Check | None:
    if check is None:
        return None

    def check_items(raw: Raw) -> None:
        for item in raw:
            check(item)

    return check_items


def _entries(check_key: Check, check_value: Check | None) -> Check:
    def check(raw: Raw) -> None:
        for key, value in raw:
            check_key(key)
            if check_value:
                check_value(value)

    return check


def _union(type_: Union, path: FieldPath) -> Check | None:
    checks = [_check(branch, path) for branch in type_.branches]
    if not any(checks):
        return None
    if len(checks) == 2 and NULL in type_.branches:  # then a raw value is not numbered by its branch
        (check,) = filter(None, checks)
        return lambda raw: None if raw is None else check(raw)

    def check_branch(raw: Raw) -> None:
        if raw is not None and (check := checks[raw[0]]):
            check(raw[1])

    return check_branch
