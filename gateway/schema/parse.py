"""Avro schema JSON -> `AlertSchema`, checked and bounded (Avro 1.11, "Schema Declaration").

Rules
1. A schema arrives in untrusted container headers, so its text, depth and number of fields have limits. Both
   are measured with every use of a named type spelled out: a short text can name a type of a million fields.
2. Only names, types, defaults and logical types are kept. `doc`, `aliases` and unknown attributes are a channel
   for values and never reach an output. Defaults are not compared with their types, because
   nothing here is ever read with a default, and there are writers that are careless with them.
3. A name is resolved against the enclosing namespace and must be defined before it is used; a type that
   contains itself is refused, because no alert is recursive and depth would be unbounded.
4. Every value takes at least one byte: ``null`` outside a union, a record without fields and a fixed of no
   bytes are refused. Else a block of a few bytes could claim any number of items.
5. Two schemas are the same when the SHA-256 of their Parsing Canonical Forms agree.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import fastavro.schema

from gateway.errors import LimitError, SchemaError
from gateway.model.alert import AlertSchema, SchemaKey
from gateway.model.avrotype import (
    NULL,
    PRIMITIVES,
    Array,
    AvroType,
    Enum,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_FIELDS",
    "MAX_TEXT",
    "canonical_form",
    "parse_schema",
    "parse_schema_text",
    "schema_of",
]

MAX_TEXT = 2 * 2**20
"""Largest schema text in bytes: the largest LSST one has 165 kB with its documentation."""
MAX_FIELDS = 20_000
"""Most fields in a schema: the largest LSST one has 765, and 872 with every use of a type spelled out."""
MAX_DEPTH = 16
"""Deepest nesting of types: alerts use 5."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z")


def parse_schema_text(text: bytes | str, key: SchemaKey | None = None) -> AlertSchema:
    """The schema in a JSON text. Raises SchemaError (schema-invalid) and LimitError (limit-size)."""
    if len(text) > MAX_TEXT:
        raise LimitError("limit-size", f"The schema text is longer than {MAX_TEXT} bytes.")
    try:
        declaration = json.loads(text)
    except (ValueError, RecursionError):
        raise SchemaError("schema-invalid", "The schema text is not JSON.") from None
    return parse_schema(declaration, key)


def parse_schema(declaration: object, key: SchemaKey | None = None) -> AlertSchema:
    """The schema declared by JSON values.

    key : the released version this is, if the caller knows
    Raises SchemaError (schema-invalid) and LimitError (limit-depth, limit-size).
    """
    root = _Parser().type(declaration, "", 0)
    if not isinstance(root, Record):
        raise SchemaError("schema-invalid", "The root of the schema is not a record.")
    return schema_of(root, key)


def schema_of(root: Record, key: SchemaKey | None = None) -> AlertSchema:
    """The schema with this root record. Its JSON has what a record says: names, types, defaults, logical types."""
    canonical = canonical_form(root)
    return AlertSchema(
        key=key,
        root=root,
        json=_declaration(root, set(), facts=True),
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        rabin=bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")),
    )


def canonical_form(root: Record) -> str:
    """The schema's Parsing Canonical Form (Avro 1.11, "Parsing Canonical Form for Schemas")."""
    return json.dumps(_declaration(root, set(), facts=False), separators=(",", ":"))


def _declaration(type_: AvroType, known: set[str], *, facts: bool) -> Any:
    """A type as JSON values in canonical order; `facts` adds logical types and defaults, which are not canonical."""
    if isinstance(type_, Primitive):
        return {"type": type_.name, "logicalType": type_.logical} if facts and type_.logical else type_.name
    if isinstance(type_, Array):
        return {"type": "array", "items": _declaration(type_.items, known, facts=facts)}
    if isinstance(type_, Map):
        return {"type": "map", "values": _declaration(type_.values, known, facts=facts)}
    if isinstance(type_, Union):
        return [_declaration(branch, known, facts=facts) for branch in type_.branches]
    if type_.fullname in known:
        return type_.fullname
    known.add(type_.fullname)
    made: dict[str, Any] = {"name": type_.fullname}
    if facts and "." not in type_.fullname:
        made["namespace"] = ""  # or it would take that of the record around it
    if isinstance(type_, Enum):
        return made | {"type": "enum", "symbols": list(type_.symbols)}
    if isinstance(type_, Fixed):
        return made | {"type": "fixed", "size": type_.size}
    fields = [
        {"name": field.name, "type": _declaration(field.type, known, facts=facts)}
        | ({"default": field.default} if facts and field.has_default else {})
        for field in type_.fields
    ]
    return made | {"type": "record", "fields": fields}


def _kind(type_: AvroType) -> str:
    """What may be in a union once: a named type, or a type without a name."""
    if isinstance(type_, (Record, Enum, Fixed)):
        return type_.fullname
    return type_.name if isinstance(type_, Primitive) else type(type_).__name__


class _Parser:
    def __init__(self) -> None:
        self.named: dict[str, AvroType | None] = {}
        self.extents: dict[Record, tuple[int, int]] = {}

    def type(self, node: Any, namespace: str, depth: int) -> AvroType:
        if depth > MAX_DEPTH:
            raise LimitError("limit-depth", f"The schema nests types deeper than {MAX_DEPTH}.")
        if isinstance(node, str):
            return self.reference(node, namespace)
        if isinstance(node, list):
            return self.union(node, namespace, depth)
        if not isinstance(node, dict):
            raise SchemaError(
                "schema-invalid", "A type in the schema is neither a name, a list nor an object."
            )
        kind = node.get("type")
        if isinstance(kind, (list, dict)):
            return self.type(kind, namespace, depth + 1)
        if kind in PRIMITIVES:
            logical = node.get("logicalType")
            return Primitive(kind, logical if isinstance(logical, str) and kind != "null" else None)
        if kind == "array":
            return Array(self.value(node.get("items"), namespace, depth + 1))
        if kind == "map":
            return Map(self.value(node.get("values"), namespace, depth + 1))
        if kind in ("record", "enum", "fixed"):
            return self.definition(kind, node, namespace, depth)
        if isinstance(kind, str):
            return self.reference(kind, namespace)
        raise SchemaError("schema-invalid", "A type in the schema has no usable `type`.")

    def value(self, node: Any, namespace: str, depth: int) -> AvroType:
        """The type of a value that takes at least one byte (rule 4; unions and the other types always do)."""
        made = self.type(node, namespace, depth)
        if made == NULL:
            raise SchemaError(
                "schema-invalid", "The schema has a null outside a union, which no alert schema has."
            )
        return made

    def extent(self, type_: AvroType) -> tuple[int, int]:
        """How deep types are nested in a type, and how many fields there are, with every use of a type spelled out."""
        if isinstance(type_, Record):
            return self.extents[type_]
        if isinstance(type_, Union):
            parts = [self.extent(branch) for branch in type_.branches]
            return 1 + max(depth for depth, _ in parts), sum(fields for _, fields in parts)
        if isinstance(type_, (Array, Map)):
            depth, fields = self.extent(type_.items if isinstance(type_, Array) else type_.values)
            return 1 + depth, fields
        return 0, 0

    def reference(self, name: str, namespace: str) -> AvroType:
        if name in PRIMITIVES:
            return Primitive(name)
        for candidate in (f"{namespace}.{name}", name):
            if candidate in self.named:
                known = self.named[candidate]
                if known is None:
                    raise SchemaError("schema-invalid", "The schema is recursive, which no alert schema is.")
                return known
        raise SchemaError("schema-invalid", "The schema refers to a type that it does not define before.")

    def union(self, node: list[Any], namespace: str, depth: int) -> AvroType:
        if not node or len(node) > 64:
            raise SchemaError("schema-invalid", "A union in the schema is empty or too large.")
        if any(isinstance(branch, list) for branch in node):
            raise SchemaError("schema-invalid", "A union in the schema directly contains a union.")
        branches = tuple(self.type(branch, namespace, depth + 1) for branch in node)
        kinds = [_kind(branch) for branch in branches]
        if len(set(kinds)) < len(kinds):
            raise SchemaError("schema-invalid", "A union in the schema has two branches of one type.")
        return Union(branches)

    def definition(self, kind: str, node: dict[str, Any], namespace: str, depth: int) -> AvroType:
        name, own = node.get("name"), node.get("namespace", namespace)
        if not (
            isinstance(name, str)
            and _NAME.match(name)
            and isinstance(own, str)
            and (not own or _NAME.match(own))
        ):
            raise SchemaError("schema-invalid", "A named type in the schema has no valid name.")
        fullname = name if "." in name or not own else f"{own}.{name}"
        if fullname in self.named:
            raise SchemaError("schema-invalid", "The schema defines a type twice.")
        self.named[fullname] = None
        inner = fullname.rpartition(".")[0]
        made: AvroType
        if kind == "record":
            made = self.record(fullname, self.fields(node.get("fields"), inner, depth))
        elif kind == "enum":
            symbols = node.get("symbols")
            if not isinstance(symbols, list) or not all(
                isinstance(s, str) and _NAME.match(s) for s in symbols
            ):
                raise SchemaError("schema-invalid", "An enum in the schema has no valid symbols.")
            made = Enum(fullname, tuple(symbols))
        else:
            size = node.get("size")
            if type(size) is not int or not 0 < size <= MAX_TEXT:
                raise SchemaError("schema-invalid", "A fixed type in the schema has no usable size.")
            made = Fixed(fullname, size)
        self.named[fullname] = made
        return made

    def record(self, fullname: str, fields: list[Field]) -> Record:
        parts = [self.extent(field.type) for field in fields]
        depth, count = 1 + max(depth for depth, _ in parts), sum(1 + inner for _, inner in parts)
        if depth > MAX_DEPTH:
            raise LimitError("limit-depth", f"The schema nests types deeper than {MAX_DEPTH}.")
        if count > MAX_FIELDS:
            raise LimitError("limit-size", f"The schema has more than {MAX_FIELDS} fields.")
        made = Record(fullname, tuple(fields))
        self.extents[made] = depth, count
        return made

    def fields(self, nodes: Any, namespace: str, depth: int) -> list[Field]:
        if not isinstance(nodes, list) or not nodes:
            raise SchemaError("schema-invalid", "A record in the schema has no list of fields.")
        made, seen = [], set()
        for node in nodes:
            name = node.get("name") if isinstance(node, dict) else None
            if (
                not isinstance(name, str)
                or not _NAME.match(name)
                or "." in name
                or name in seen
                or "type" not in node
            ):
                raise SchemaError(
                    "schema-invalid", "A field in the schema has no type or no valid, unique name."
                )
            seen.add(name)
            made.append(
                Field(
                    name,
                    self.value(node["type"], namespace, depth + 1),
                    "default" in node,
                    node.get("default"),
                )
            )
        return made
