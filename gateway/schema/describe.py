"""A schema for people: its leaves with type and meaning, and what changed between two."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Array, AvroType, Map, Primitive, Record, Union, nullable
from gateway.model.fieldpath import FieldPath
from gateway.schema.semantics import meaning

__all__ = ["Leaf", "differences", "leaves_of", "type_text"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a schema; `type` is as in ``float or null``."""

    path: str
    type: str
    ucd: str
    unit: str
    description: str

    def values(self) -> dict[str, str]:
        """As a dict, for JSON."""
        return asdict(self)


def type_text(type_: AvroType) -> str:
    """A type in words."""
    inner, may_be_null = nullable(type_)
    if isinstance(inner, Primitive):
        text = inner.logical or inner.name
    elif isinstance(inner, Union):
        text = " or ".join(map(type_text, inner.branches))
    elif isinstance(inner, Array):
        text = f"array of {type_text(inner.items)}"
    elif isinstance(inner, Map):
        text = f"map of {type_text(inner.values)}"
    else:
        text = inner.fullname
    return f"{text} or null" if may_be_null else text


def leaves_of(schema: AlertSchema) -> list[Leaf]:
    """The leaves of a schema in order; meanings are empty for one that is not released."""
    return list(_leaves(schema, schema.root, FieldPath(())))


def _leaves(schema: AlertSchema, record: Record, path: FieldPath) -> list[Leaf]:
    found: list[Leaf] = []
    for field in record.fields:
        inner, _ = nullable(field.type)
        here = path / field.name
        if isinstance(inner, Record):
            found += _leaves(schema, inner, here)
        elif isinstance(inner, Array) and isinstance(inner.items, Record):
            found += _leaves(schema, inner.items, here.items())
        elif schema.key is None:
            found.append(Leaf(str(here), type_text(field.type), "", "", ""))
        else:
            what = meaning(schema.key, record.name, field.name)
            found.append(Leaf(str(here), type_text(field.type), what.ucd, what.unit, what.description))
    return found


def differences(old: AlertSchema, new: AlertSchema) -> tuple[list[Leaf], list[Leaf], list[tuple[Leaf, Leaf]]]:
    """The leaves that the newer schema adds, those that it drops, and those whose type it changes."""
    before = {leaf.path: leaf for leaf in leaves_of(old)}
    after = {leaf.path: leaf for leaf in leaves_of(new)}
    added = [leaf for path, leaf in after.items() if path not in before]
    dropped = [leaf for path, leaf in before.items() if path not in after]
    changed = [
        (leaf, after[path])
        for path, leaf in before.items()
        if path in after and after[path].type != leaf.type
    ]
    return added, dropped, changed
