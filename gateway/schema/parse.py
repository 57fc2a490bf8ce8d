"""Avro schema JSON -> `AlertSchema`, checked and bounded (Avro 1.11, "Schema Declaration").

Rules
1. A schema arrives in untrusted container headers, so its text, depth and number of fields have limits.
2. Only names, types, defaults and logical types are kept. `doc`, `aliases` and unknown attributes are
   a channel for values (policy.md, L06) and never reach an output.
3. A name is resolved against the enclosing namespace and must be defined before it is used; a type that
   contains itself is refused, because no alert is recursive and depth would be unbounded.
4. Two schemas are the same when the SHA-256 of their Parsing Canonical Forms agree.
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

__all__ = ["MAX_DEPTH", "MAX_FIELDS", "MAX_TEXT", "parse_schema", "parse_schema_text"]

MAX_TEXT = 2 * 2**20
"""Largest schema text in bytes: the largest LSST one has 165 kB with its documentation."""
MAX_FIELDS = 20_000
"""Most fields in a schema: the largest LSST one has 765."""
MAX_DEPTH = 16
"""Deepest nesting of types: alerts use 4."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z")
_KEPT = ("type", "name", "namespace", "items", "values", "symbols", "size", "logicalType")


def parse_schema_text(text: bytes | str, key: SchemaKey | None = None) -> AlertSchema:
    """The schema in a JSON text. Raises SchemaError (schema-invalid) and LimitError (limit-size)."""
    if len(text) > MAX_TEXT:
        raise LimitError("limit-size", f"The schema text is longer than {MAX_TEXT} bytes.")
    try:
        return parse_schema(json.loads(text), key)
    except (ValueError, RecursionError):
        raise SchemaError("schema-invalid", "The schema text is not JSON.") from None


def parse_schema(declaration: object, key: SchemaKey | None = None) -> AlertSchema:
    """The schema declared by JSON values.

    key : the released version this is, if the caller knows
    Raises SchemaError (schema-invalid) and LimitError (limit-depth, limit-size).
    """
    parser = _Parser()
    root = parser.type(declaration, "", 0)
    if not isinstance(root, Record):
        raise SchemaError("schema-invalid", "The root of the schema is not a record.")
    facts = _facts(declaration)
    canonical = fastavro.schema.to_parsing_canonical_form(facts)
    return AlertSchema(
        key=key,
        root=root,
        json=facts,
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        rabin=bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")),
    )


def _facts(node: Any) -> Any:
    """The declaration without prose and unknown attributes (rule 2)."""
    if isinstance(node, list):
        return [_facts(branch) for branch in node]
    if not isinstance(node, dict):
        return node
    kept = {name: _facts(node[name]) if name in ("type", "items", "values") else node[name] for name in _KEPT if name in node}
    if "fields" in node:
        kept["fields"] = [
            {"name": f["name"], "type": _facts(f["type"])} | ({"default": f["default"]} if "default" in f else {})
            for f in node["fields"]
        ]
    return kept


class _Parser:
    def __init__(self) -> None:
        self.named: dict[str, AvroType | None] = {}
        self.count = 0

    def type(self, node: Any, namespace: str, depth: int) -> AvroType:
        if depth > MAX_DEPTH:
            raise LimitError("limit-depth", f"The schema nests types deeper than {MAX_DEPTH}.")
        if isinstance(node, str):
            return self.reference(node, namespace)
        if isinstance(node, list):
            return self.union(node, namespace, depth)
        if not isinstance(node, dict):
            raise SchemaError("schema-invalid", "A type in the schema is neither a name, a list nor an object.")
        kind = node.get("type")
        if isinstance(kind, (list, dict)):
            return self.type(kind, namespace, depth + 1)
        if kind in PRIMITIVES:
            logical = node.get("logicalType")
            return Primitive(kind, logical if isinstance(logical, str) else None)
        if kind == "array":
            return Array(self.type(node.get("items"), namespace, depth + 1))
        if kind == "map":
            return Map(self.type(node.get("values"), namespace, depth + 1))
        if kind in ("record", "enum", "fixed"):
            return self.definition(kind, node, namespace, depth)
        if isinstance(kind, str):
            return self.reference(kind, namespace)
        raise SchemaError("schema-invalid", "A type in the schema has no usable `type`.")

    def reference(self, name: str, namespace: str) -> AvroType:
        if name in PRIMITIVES:
            return Primitive(name)
        for candidate in (name, f"{namespace}.{name}"):
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
        return Union(tuple(self.type(branch, namespace, depth + 1) for branch in node))

    def definition(self, kind: str, node: dict[str, Any], namespace: str, depth: int) -> AvroType:
        name, own = node.get("name"), node.get("namespace", namespace)
        if not isinstance(name, str) or not _NAME.match(name) or not isinstance(own, str):
            raise SchemaError("schema-invalid", "A named type in the schema has no valid name.")
        fullname = name if "." in name or not own else f"{own}.{name}"
        if fullname in self.named:
            raise SchemaError("schema-invalid", "The schema defines a type twice.")
        self.named[fullname] = None
        inner = fullname.rpartition(".")[0]
        made: AvroType
        if kind == "record":
            made = Record(fullname, tuple(self.fields(node.get("fields"), inner, depth)))
        elif kind == "enum":
            symbols = node.get("symbols")
            if not isinstance(symbols, list) or not all(isinstance(s, str) for s in symbols):
                raise SchemaError("schema-invalid", "An enum in the schema has no symbols.")
            made = Enum(fullname, tuple(symbols))
        else:
            size = node.get("size")
            if not isinstance(size, int) or not 0 <= size <= MAX_TEXT:
                raise SchemaError("schema-invalid", "A fixed type in the schema has no usable size.")
            made = Fixed(fullname, size)
        self.named[fullname] = made
        return made

    def fields(self, nodes: Any, namespace: str, depth: int) -> list[Field]:
        if not isinstance(nodes, list):
            raise SchemaError("schema-invalid", "A record in the schema has no list of fields.")
        self.count += len(nodes)
        if self.count > MAX_FIELDS:
            raise LimitError("limit-size", f"The schema has more than {MAX_FIELDS} fields.")
        made, seen = [], set()
        for node in nodes:
            name = node.get("name") if isinstance(node, dict) else None
            if not isinstance(name, str) or not _NAME.match(name) or "." in name or name in seen or "type" not in node:
                raise SchemaError("schema-invalid", "A field in the schema has no type or no valid, unique name.")
            seen.add(name)
            made.append(
                Field(name, self.type(node["type"], namespace, depth + 1), "default" in node, node.get("default"))
            )
        return made
