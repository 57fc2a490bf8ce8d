"""An Avro schema as what it lets somebody see: its leaves, and what is written beside them.

Rules
1. A leaf is a field of an alert when the released schema has it at the same place, with the same type (L01, L08).
   A schema that is not released is compared with the one that the manifest names, or with the nearest one of the
   name that it bears.
2. Any other leaf is a column that somebody put there, and is decided as one: being in a packet makes nothing public
   (L03, L29).
3. When there is no released schema to compare with, nothing of it is known to be public.
4. `doc`, `default`, `aliases` and attributes of which Avro knows nothing can carry values (L06). They are decided as
   what they stand beside, and by what can be told of their texts.
5. Bytes that are no field of an alert may be an image (P13). A packet is about one object, whatever is in it; other
   records may each be about one of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gateway.compliance.manifest import Manifest
from gateway.compliance.surface import PIXELS, Row, Surface
from gateway.model.alert import Alert, AlertSchema
from gateway.model.avrotype import AvroType, Fixed, Primitive, leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.floattext import reference_text
from gateway.model.jsontree import walk
from gateway.policy.alerts.judge import NOT_RELEASED, nearest
from gateway.policy.events.signs import Sign, bulk, signs
from gateway.policy.rule import Decision, Resource
from gateway.schema.project import values_of

__all__ = ["compared_with", "row", "surfaces"]

_OTHER_TYPE = Decision(
    "refuse", "default-deny", "P25", "Its type is not that of the released schema, so it is something else."
)
_KNOWN = {"type", "name", "namespace", "fields", "items", "values", "symbols", "size", "logicalType", "precision",
          "scale", "order", "version"}  # fmt: skip
_PARTS = {"type", "fields", "items", "values"}
_SAYS = ("doc", "default", "aliases")


def compared_with(schema: AlertSchema, manifest: Manifest) -> AlertSchema | None:
    """The released schema that a schema is, or is compared with (rule 1)."""
    return schema if schema.key is not None else manifest.schema or nearest(schema)


def surfaces(
    schema: AlertSchema, declaration: Any, manifest: Manifest, rows: int | None = None
) -> Iterator[Surface]:
    """Everything that data of this schema show; `declaration` is its JSON as it was written.

    rows : how many records there are, if that is known
    """
    released = compared_with(schema, manifest)
    objects = 1 if released else rows
    known: dict[FieldPath, set[str]] = {}
    for path, type_ in leaves(released.root) if released else ():
        known.setdefault(path, set()).add(_wire(type_))
    found: dict[FieldPath, Surface] = {}
    for path, type_ in leaves(schema.root):
        resource, denied = Resource("table", path, objects=objects), None if released else NOT_RELEASED
        if path in known and released is not None and released.key is not None:
            resource = Resource(released.key.family, path, (released.key.major, released.key.minor))
            denied = None if _wire(type_) in known[path] else _OTHER_TYPE
        if path not in found or denied:
            found[path] = Surface(path, resource, denied=denied, signs=_signs(type_))
    yield from found.values()
    yield from _beside(declaration, FieldPath(()), found, {}, "")


def row(alert: Alert) -> Row:
    """The texts in a record. Raises AvroError."""
    narrow = {path for path, type_ in leaves(alert.schema.root) if type_ == Primitive("float")}
    found: dict[FieldPath, list[str]] = {}
    for path, value, _ in walk(values_of(alert), FieldPath(()), 0):
        if isinstance(value, float):
            value = reference_text(value, bits=32 if path in narrow else 64)
        if isinstance(value, (str, int)):
            found.setdefault(path, []).append(str(value))
    return found


def _signs(type_: AvroType) -> frozenset[Sign]:
    """Rule 5."""
    is_open = type_ == Primitive("bytes") or (isinstance(type_, Fixed) and bulk(characters=type_.size))
    return frozenset({PIXELS} if is_open else ())


def _wire(type_: AvroType) -> str:
    """What a type is on the wire. A logical type says how to read it, and changes nothing."""
    return type_.name if isinstance(type_, Primitive) else str(type_)


def _beside(
    node: Any, path: FieldPath, found: dict[FieldPath, Surface], named: dict[str, Any], namespace: str
) -> Iterator[Surface]:
    """Rule 4, of a type at a path. The schema has been parsed, so it is no deeper than it may be."""
    if isinstance(node, str):
        node = named.get(node, named.get(f"{namespace}.{node}"))
        if node is None:
            return
    if isinstance(node, list):
        for branch in node:
            yield from _beside(branch, path, found, named, namespace)
        return
    yield from _said(node, path, found)
    kind = node.get("type")
    if kind == "record":
        namespace = str(node.get("namespace", namespace))
        name = str(node["name"])
        named[name] = named[name.rpartition(".")[2]] = node
        for field in node["fields"]:
            inner = path / field["name"]
            yield from _said(field, inner, found)
            yield from _beside(field["type"], inner, found, named, namespace)
    elif kind in ("enum", "fixed"):
        named[str(node["name"])] = node
    elif kind == "array":
        yield from _beside(node["items"], path.items(), found, named, namespace)
    elif kind == "map":
        yield from _beside(node["values"], path.entries(), found, named, namespace)
    elif isinstance(kind, (dict, list)):
        yield from _beside(kind, path, found, named, namespace)


def _said(node: dict[str, Any], path: FieldPath, found: dict[FieldPath, Surface]) -> Iterator[Surface]:
    said = [key for key in _SAYS if node.get(key) not in (None, "", [])]
    texts = (text for key, value in node.items() if key not in _PARTS for text in _texts(value))
    told = set().union(*map(signs, texts))
    if any(key not in _KNOWN and key not in _SAYS for key in node) or (told and not said):
        said.append("other attributes")
    if not said:
        return
    at = found.get(path) or _in(path, found)
    if at is not None:
        yield replace(at, path=path, sort="documentation", detail=", ".join(said), signs=at.signs | told)


def _texts(value: Any) -> Iterator[str]:
    """The texts in what is said."""
    return (leaf for _, leaf, _ in walk(value, FieldPath(()), 0) if isinstance(leaf, str))


def _in(path: FieldPath, found: dict[FieldPath, Surface]) -> Surface | None:
    """The leaf that stands for a record, array or map: one that is no alert's if there is any, else the first."""
    wanted = _named(path.steps)
    inside = [surface for place, surface in found.items() if _named(place.steps[: len(wanted)]) == wanted]
    others = (surface for surface in inside if surface.denied or surface.resource.kind == "table")
    return next(others, inside[0] if inside else None)


def _named(steps: tuple[str, ...]) -> tuple[str, ...]:
    """A path without a mark behind its last step: the array, not what is in it."""
    return (*steps[:-1], steps[-1].rstrip("[]{}")) if steps else ()
