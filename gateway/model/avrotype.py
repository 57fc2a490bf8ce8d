"""The types of an Avro schema as frozen values (Avro 1.11 specification, "Schema Declaration").

A named type that occurs twice in a schema is the same object in both places, so the values form a directed
acyclic graph. Recursive schemas do not exist here: `gateway.schema.parse` refuses them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.model.fieldpath import FieldPath

__all__ = [
    "PRIMITIVES",
    "Array",
    "AvroType",
    "Enum",
    "Field",
    "Fixed",
    "Map",
    "Primitive",
    "Record",
    "Union",
    "leaves",
    "nullable",
]

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type; `logical` is its logicalType, such as ``timestamp-micros``."""

    name: str
    logical: str | None = None


@dataclass(frozen=True, slots=True)
class Array:
    """An array of one item type."""

    items: AvroType


@dataclass(frozen=True, slots=True)
class Map:
    """A map from strings to one value type. No released alert schema has one; broker-made containers do."""

    values: AvroType


@dataclass(frozen=True, slots=True)
class Union:
    """A union; the order of its branches is the order of their numbers on the wire."""

    branches: tuple[AvroType, ...]


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumeration. Not used by any released alert schema."""

    fullname: str
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fixed number of bytes. Not used by any released alert schema."""

    fullname: str
    size: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record. `default` is meaningful only if `has_default`."""

    name: str
    type: AvroType
    has_default: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A record. Compared by identity: use fingerprints to compare schemas."""

    fullname: str
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        """The name without its namespace: ``diaSource`` of ``lsst.v11_0.diaSource``."""
        return self.fullname.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"Record({self.fullname}, {len(self.fields)} fields)"


AvroType = Primitive | Array | Map | Union | Enum | Fixed | Record

NULL = Primitive("null")


def nullable(type_: AvroType) -> tuple[AvroType, bool]:
    """The type without a ``null`` branch, and whether it had one.

    A union of more than one other branch is returned as it is.
    """
    if isinstance(type_, Union) and NULL in type_.branches:
        rest = tuple(branch for branch in type_.branches if branch != NULL)
        return (rest[0] if len(rest) == 1 else Union(rest)), True
    return type_, False


def leaves(type_: AvroType, path: FieldPath | None = None) -> Iterator[tuple[FieldPath, AvroType]]:
    """Every leaf reachable from a type, depth first in schema order, with its path.

    Arrays add ``[]`` and maps ``{}`` to the path; the branches of a union share their field's path.
    A definition that the root does not refer to is not reachable and never listed.
    """
    path = path or FieldPath(())
    if isinstance(type_, Record):
        for field in type_.fields:
            yield from leaves(field.type, path / field.name)
    elif isinstance(type_, Array):
        yield from leaves(type_.items, path.items())
    elif isinstance(type_, Map):
        yield from leaves(type_.values, path.entries())
    elif isinstance(type_, Union):
        for branch in type_.branches:
            if branch != NULL:
                yield from leaves(branch, path)
    else:
        yield path, type_
