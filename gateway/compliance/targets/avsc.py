"""Avro schemas (``.avsc``): what packets in them would show."""

from __future__ import annotations

import json
import re

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content
from gateway.compliance.targets import avro
from gateway.schema.parse import MAX_TEXT, parse_schema_text
from gateway.schema.registry import released

__all__ = ["NAME", "fields", "recognise"]

NAME = "Avro schema"

_RECORD = re.compile(rb'\s*\{(?=.*"type"\s*:\s*"record")(?=.*"name"\s*:)', re.S)


def recognise(start: bytes, name: str) -> bool:
    """By its name, or as a JSON object that says it is a record."""
    return name.endswith(".avsc") or _RECORD.match(start) is not None


def fields(source: Source, manifest: Manifest) -> Content:
    """The leaves of the schema that can be reached from its root. Raises SchemaError and LimitError."""
    text = source.data(MAX_TEXT)
    schema = released(parse_schema_text(text))
    return Content(avro.surfaces(schema, json.loads(text), manifest), (schema,))
