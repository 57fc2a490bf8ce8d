"""A schema in a file: whole, or with its records in files of their own beside it, as the survey publishes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, InputError, LimitError, SchemaError
from gateway.model.alert import AlertSchema
from gateway.schema.parse import MAX_DEPTH, MAX_TEXT, parse_schema
from gateway.schema.registry import released

__all__ = ["read_schema"]

_FULL_NAME = re.compile(r"\w+(?:\.\w+)+\Z", re.ASCII)


def read_schema(path: Path) -> AlertSchema:
    """The schema in a file; the released one, when it is one.

    Raises InputError (input-unreadable), SchemaError (schema-invalid) and LimitError (limit-size, limit-depth).
    """
    try:
        return released(parse_schema(_joined(_json(path), path.parent, set(), 0)))
    except GatewayError as error:
        raise error.located(input=path.name) from None


def _json(path: Path) -> Any:
    try:
        text = path.read_bytes()
        if len(text) > MAX_TEXT:
            raise LimitError("limit-size", f"The schema text is longer than {MAX_TEXT} bytes.")
        return json.loads(text)
    except OSError as error:
        raise InputError("input-unreadable", f"The file cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise SchemaError("schema-invalid", "The schema text is not JSON.") from None


def _joined(node: Any, folder: Path, known: set[str], depth: int) -> Any:
    """A type with the records that are in files of their own, each written out where it is first used."""
    if depth > 4 * MAX_DEPTH:
        raise LimitError("limit-depth", f"The schema nests types deeper than {MAX_DEPTH}.")
    if isinstance(node, str) and _FULL_NAME.match(node) and node not in known:
        known.add(node)
        file = folder / f"{node}.avsc"
        return _joined(_json(file), folder, known, depth + 1) if file.is_file() else node
    if isinstance(node, list):
        return [_joined(item, folder, known, depth + 1) for item in node]
    if isinstance(node, dict):
        parts = {key: _joined(node[key], folder, known, depth + 1) for key in _PARTS if key in node}
        return node | parts
    return node


_PARTS = ("type", "items", "values", "fields")
"""Where in the declaration of a type there are others."""
