"""Felis (YAML): the columns of the tables that a schema defines, in the form of Rubin's sdm_schemas.

Rules
1. A file with anchors, aliases or deep nesting is refused before anything is built of it: a few lines of them
   can stand for any amount of data.
2. A column is ``Table.column``; `columnRefs` are columns as well, under the names that they have here.
3. What can be told of the other texts (descriptions, values, constraints) is told of the table or schema as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, free_text
from gateway.errors import InputError, LimitError, Where
from gateway.model.fieldpath import FieldPath
from gateway.model.jsontree import walk
from gateway.policy.events.signs import signs

__all__ = ["MAX_BYTES", "MAX_DEPTH", "NAME", "fields", "recognise"]

NAME = "Felis"
MAX_BYTES = 4 * 2**20
"""Largest YAML file in bytes: the largest of Rubin's has 330 kB."""
MAX_DEPTH = 16
"""Deepest nesting in a YAML file: Felis uses 7."""

# With libyaml where PyYAML was built with it: ten times faster.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def recognise(start: bytes, name: str) -> bool:
    """By its name: YAML has no first bytes."""
    return name.endswith((".yaml", ".yml")) or start.startswith((b"---\n", b"%YAML"))


def fields(source: Source, manifest: Manifest) -> Content:
    """The columns of all tables. Raises InputError and LimitError."""
    return Content(_surfaces(_read(source.data(MAX_BYTES))))


def _read(data: bytes) -> Any:
    try:
        depth = 0
        for event in yaml.parse(data, Loader=_Loader):
            # Rule 1.
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                mark = event.start_mark
                raise InputError(
                    "input-unknown",
                    "The YAML has anchors or aliases, which Felis never has.",
                    where=_at(mark),
                )
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise LimitError("limit-depth", f"The YAML is nested deeper than {MAX_DEPTH}.")
        return yaml.load(data, Loader=_Loader)  # noqa: S506 - a safe loader, see above
    except yaml.MarkedYAMLError as error:
        where = _at(error.problem_mark)
        raise InputError(
            "input-unknown", "The file is not YAML that can be read safely.", where=where
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InputError("input-unknown", "The file is not YAML that can be read safely.") from None


def _at(mark: Any) -> Where:
    return Where(line=mark.line + 1, column=mark.column + 1) if mark else Where()


def _surfaces(schema: Any) -> Iterator[Surface]:
    tables = schema.get("tables") if isinstance(schema, dict) else None
    if not isinstance(tables, list):
        raise InputError("input-unknown", "The YAML is no Felis schema: it has no list of tables.")
    for number, table in enumerate(tables):
        name = table.get("name") if isinstance(table, dict) else None
        if not isinstance(name, str):
            raise InputError(
                "input-unknown", "A table of the Felis schema has no name.", where=Where(record=number)
            )
        for step in _columns(table, number):
            yield column(name, step)
        yield from _said(table, name)
    yield from _said({key: value for key, value in schema.items() if key != "tables"})


def _said(value: dict[str, Any], *steps: str) -> Iterator[Surface]:
    """Rule 3."""
    texts = [str(leaf) for _, leaf, _ in walk(value, FieldPath(()), 0)]
    if any(map(signs, texts)):
        yield free_text(*steps, "#text", text="\n".join(texts))


def _columns(table: dict[str, Any], number: int) -> Iterator[str]:
    own = table.get("columns") or []
    borrowed = table.get("columnRefs") or {}
    try:
        names = [one["name"] for one in own]
        names += [name for tables in borrowed.values() for columns in tables.values() for name in columns]
    except (TypeError, KeyError, AttributeError):
        names = [None]
    if not all(isinstance(name, str) for name in names):
        raise InputError(
            "input-unknown", "A column of the Felis schema has no name.", where=Where(record=number)
        )
    yield from names
