"""GCN's JSON notices, held to their JSON Schemas.

Rules
1. The schemas are those of a folder, as GCN publishes them: nothing is fetched. A copy is in the npm package
   ``@nasa-gcn/schema``, folder ``gcn``.
2. A notice names its schema in ``$schema``. One of another version than the folder's is held to the folder's schema of
   the same name: notices cite a version for years, and GCN changes schemas compatibly within a major version.
3. A notice without a schema, or with one that is not there, is refused: nobody can say what it means.
4. What is wrong is said with the place in the schema, never in the notice: a key of it may be a value.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as BadSchema
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from gateway.errors import JSONError, LimitError, SettingsError, Where
from gateway.model.jsontree import parse
from gateway.model.notice import Notice
from gateway.model.provenance import UNDECLARED, Provenance

__all__ = ["MAX_NOTICE", "NoticeSchemas"]

MAX_NOTICE = 16 * 2**20
"""Bytes of a notice. Those with a sky map in them have a few million, and GCN's brokers take no more than 8 MiB."""

MAX_SCHEMAS = 10_000
"""Schemas in a folder. GCN has about a hundred; this is some other folder."""

_ID = re.compile(r"(https?://[^/]+)/schema/[^/]+/(.+)\Z")


class NoticeSchemas:
    """The schemas below a folder. Raises SettingsError (settings-invalid) when they cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schemas: dict[str, Any] = {}
        for file in sorted(folder.rglob("*.schema.json")):
            schema = self._read(file)
            self._schemas[schema["$id"]] = schema
            if len(self._schemas) > MAX_SCHEMAS:
                raise self._unusable(folder, f"There are more than {MAX_SCHEMAS} schemas in it.")
        if not self._schemas:
            raise self._unusable(folder, "There are no files *.schema.json in it.")
        self._names = {_name(known): known for known in self._schemas}
        resources = [(known, DRAFT202012.create_resource(schema)) for known, schema in self._schemas.items()]
        self._registry: Registry[Any] = Registry().with_resources(resources)
        self._validators: dict[str, Draft202012Validator] = {}

    def _read(self, file: Path) -> dict[str, Any]:
        try:
            schema = parse(file.read_bytes())
            Draft202012Validator.check_schema(schema)
        except (OSError, JSONError, LimitError, BadSchema):
            raise self._unusable(file, "It is not a JSON Schema of 2020-12 that can be read.") from None
        if not isinstance(schema, dict) or not isinstance(schema.get("$id"), str):
            raise self._unusable(file, "It is a schema without an `$id`.")
        return schema

    @staticmethod
    def _unusable(place: Path, reason: str) -> SettingsError:
        return SettingsError(
            "settings-invalid", f"GCN's schemas cannot be used: {reason}", where=Where(str(place))
        )

    def read(self, data: bytes, provenance: Provenance = UNDECLARED) -> Notice:
        """The notice in a document. Raises JSONError (json-malformed, json-form, json-schema), LimitError."""
        if len(data) > MAX_NOTICE:
            raise LimitError("limit-size", f"The notice has {len(data)} bytes; the limit is {MAX_NOTICE}.")
        value = parse(data)
        named = value.get("$schema") if isinstance(value, dict) else None
        if not isinstance(named, str):
            raise JSONError("json-schema", "The document does not name its schema, so it is no notice.")
        known = named if named in self._schemas else self._names.get(_name(named))
        if known is None:
            raise JSONError("json-schema", f"The schema that the notice names is not in {self._folder}.")
        try:
            misfit = best_match(self._validator(known).iter_errors(value))
        except Unresolvable:
            raise JSONError("json-schema", f"A schema that {known} refers to is not there.") from None
        if misfit is not None:
            place = "/".join(map(str, misfit.absolute_schema_path))
            raise JSONError("json-schema", f"The notice does not satisfy {known}, {place}.")
        return Notice(data, value, known, provenance)

    def _validator(self, known: str) -> Draft202012Validator:
        made = self._validators.get(known)
        if made is None:
            made = self._validators[known] = Draft202012Validator(
                self._schemas[known], registry=self._registry
            )
        return made


def _name(known: str) -> str:
    """The id of a schema without its version."""
    found = _ID.match(known)
    return f"{found[1]}/{found[2]}" if found else known
