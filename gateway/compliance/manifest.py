"""Manifest: where each part of some data comes from, as their owner declares it in TOML.

Rules
1. What no entry names has the label at the head of the file; without one it has none, and is withheld (P25, P26).
2. An entry is about paths (``DiaSource.*``), perhaps of some files only (``catalogue/*.parquet``). Of several entries
   about one field all hold, and the strictest decision (P26).
3. A derived data product names who answers for it and why it may be shown: that is the record that clause P15 asks
   for. Of anything else that was derived, each input is asked too.
4. Names are compared letter for letter: ``psf_Flux`` is not ``psfFlux`` (L01). A column that was renamed may say which
   field of an alert it is (`alert-field`), and so may an image in a file of its own, with what the alert says of its
   `trigger`, to compare it with.
5. Of a VOEvent an entry is about whatever a release would take it to be about (`gateway.policy.events.elements`): an
   element with all that is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from gateway.errors import SchemaError, SettingsError
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.policy.cutouts.cutout import Facts
from gateway.policy.events.elements import declared
from gateway.policy.pattern import PathPattern
from gateway.schema import registry
from gateway.tomlfile import TomlFile

__all__ = ["MAX_BYTES", "NOTHING_DECLARED", "Declared", "Entry", "Manifest", "load", "parse"]

MAX_BYTES = 2**20
"""Largest manifest: one that names every column of a data release has about 100 kB."""


_UNKNOWN = Facts()


@dataclass(frozen=True, slots=True)
class Declared:
    """What is declared of one thing.

    alert_field : the field of an alert that this is a copy of
    objects : of how many objects its table has rows
    trigger : of a stamp, what its alert says
    """

    label: Provenance = UNDECLARED
    alert_field: FieldPath | None = None
    objects: int | None = None
    trigger: Facts = _UNKNOWN


@dataclass(frozen=True, slots=True)
class Entry:
    """What is declared, and what of: `texts` are the paths as they were written."""

    declared: Declared
    texts: tuple[str, ...] = ("**",)
    files: tuple[str, ...] = ()

    @property
    def patterns(self) -> tuple[PathPattern, ...]:
        """What `texts` stand for. A step is taken as it is: columns of tables may have any name."""
        return tuple(map(_pattern, self.texts))

    def is_about(self, file: str, path: FieldPath | None = None) -> bool:
        """Whether it speaks of a file, and of a path in it."""
        if self.files and not any(fnmatchcase(file, wanted) for wanted in self.files):
            return False
        return path is None or any(pattern.matches(path) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an owner declares.

    default : the label of what no entry names
    schema : the alert schema of bare and re-written packets, and of `alert_field`
    sha256 : of the file, hexadecimal; empty when there is none
    """

    default: Provenance = UNDECLARED
    entries: tuple[Entry, ...] = ()
    schema: AlertSchema | None = None
    sha256: str = ""

    def about(self, file: str, path: FieldPath) -> Declared:
        """What is declared of something in a file."""
        found = [entry.declared for entry in self.entries if entry.is_about(file, path)]
        if len(found) < 2:
            return found[0] if found else Declared(self.default)
        labels = list(dict.fromkeys(one.label for one in found))
        label = labels[0] if len(labels) == 1 else Provenance(inputs=tuple(labels))
        # Two entries that say two things of one column make it neither.
        return replace(found[0], label=label) if _agree(found) else Declared(label)

    def of_packets(self, file: str) -> Provenance:
        """The label of alerts as wholes, in the policy's own form: for conditions on their rows."""
        return self._whole(file, PathPattern.parse, ValueError)

    def of_events(self, file: str) -> Provenance:
        """The same of VOEvents (rule 5)."""
        return self._whole(file, declared, SettingsError)

    def _whole(self, file: str, parse: Callable[[str], object], error: type[Exception]) -> Provenance:
        """The label of items that the policy takes apart itself. Of paths that cannot be in such it is not told."""

        def is_one(text: str) -> bool:
            try:
                parse(text)
            except error:
                return False
            return True

        return replace(
            self.default,
            fields=tuple(
                (text, entry.declared.label)
                for entry in self.entries
                if entry.is_about(file)
                for text in entry.texts
                if is_one(text)
            ),
        )


NOTHING_DECLARED = Manifest()
"""Where there is no manifest, everything is withheld."""


def load(file: Path) -> Manifest:
    """The manifest in a file. Raises SettingsError (settings-invalid) with file and line."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        raise SettingsError(
            "settings-invalid", "The manifest cannot be read: there is no such file."
        ) from None
    if len(data) > MAX_BYTES:
        raise SettingsError("settings-invalid", f"The manifest is longer than {MAX_BYTES} bytes.")
    return parse(file.name, data)


def parse(name: str, data: bytes) -> Manifest:
    """The manifest in a text; `name` is for errors. Raises SettingsError (settings-invalid)."""
    file = TomlFile(name, data, "provenance-manifest", "manifest", "field")
    file.check()
    table = file.table
    schema = None
    if "schema" in table:
        try:
            schema = registry.get(table["schema"])
        except SchemaError as error:
            raise file.fail(error.message, key="schema") from None
    rows = table.get("field", [])
    return Manifest(
        _label(table),
        tuple(_entry(file, row, number, schema) for number, row in enumerate(rows)),
        schema,
        hashlib.sha256(data).hexdigest(),
    )


def _label(row: dict[str, Any]) -> Provenance:
    inputs = row.get("derivation", {}).get("from", ())
    return Provenance(
        Origin(row["origin"]) if "origin" in row else None,
        row.get("release"),
        issued=row.get("issued", False),
        observed=row.get("observed"),
        inputs=tuple(map(_label, inputs)),
    )


def _agree(found: list[Declared]) -> bool:
    """Whether they differ in nothing but their labels."""
    return len({replace(one, label=UNDECLARED) for one in found}) == 1


def _entry(file: TomlFile, row: dict[str, Any], number: int, schema: AlertSchema | None) -> Entry:
    for text in row.get("path", ()):
        if not all(_pattern(text).steps) or "**" in _pattern(text).steps:
            raise file.fail("`path` has an empty step, or ** before its end.", number, "path")
    trigger = row.get("trigger", {})
    return Entry(
        Declared(
            _label(row),
            _alert_field(file, row, number, schema) if "alert-field" in row else None,
            row.get("objects"),
            Facts(trigger.get("bboxSize"), trigger.get("ra"), trigger.get("dec")),
        ),
        tuple(row.get("path", ("**",))),
        tuple(row.get("file", ())),
    )


def _alert_field(file: TomlFile, row: dict[str, Any], number: int, schema: AlertSchema | None) -> FieldPath:
    if schema is None:
        raise file.fail("`alert-field` needs a `schema` at the head of the manifest.", number, "alert-field")
    wanted = row["alert-field"]
    found = next((path for path, _ in leaves(schema.root) if str(path) == wanted), None)
    if found is None:
        raise file.fail(f"`alert-field` is no field of {schema.key}.", number, "alert-field")
    if any("*" in text for text in row.get("path", ["*"])):
        raise file.fail("`alert-field` is about one column: `path` must name it.", number, "alert-field")
    return found


def _pattern(text: str) -> PathPattern:
    steps = text.split(".")
    deep = steps[-1] == "**"
    return PathPattern(tuple(steps[:-1] if deep else steps), deep)
