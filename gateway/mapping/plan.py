"""A schema compiled for mapping: which field becomes which Param, Group or Table.

Rules (docs/mapping.md)
1. In schema order: a number or text of the root is a Param of What; a record a Group of Params; an array of
   records a Table; an image a Group of type ``bytes`` with a Reference. Each is named as in Avro; Group and
   Table have the record's full name as their type.
2. What the detail leaves out is still mentioned, so that a subscriber knows that it exists: an array or image
   becomes a Group of type ``array`` or ``bytes`` with its length. An empty array is written so in every detail,
   since a Table without a row is invalid (VE-23). A null is absent.
3. A withheld field has no Param and no column; a record without fields left has no Group.
4. A nullable integer column of a Table is described as "empty = null", because a reader must read an empty int
   as 0 (VE-27). Identifiers are strings: a conforming reader may keep 32 bits of an int.
5. A plan depends on schema, withheld fields and settings alone; it is made once and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gateway.errors import SchemaError, SettingsError
from gateway.mapping.settings import Settings
from gateway.mapping.surveys import SURVEYS, Survey
from gateway.model.alert import AlertSchema, SchemaKey
from gateway.model.avrotype import Array, AvroType, Fixed, Primitive, Record, nullable
from gateway.model.avrotype import Field as AvroField
from gateway.model.fieldpath import FieldPath
from gateway.model.voevent import Description, Field, Group, Param, Reference
from gateway.schema.semantics import Meaning, meaning

__all__ = ["Blob", "Column", "Plan", "Rows", "Scalar", "Values", "length_group", "make_plan"]

EMPTY_IS_NULL = Description("empty = null")
BASE64 = "avro:base64"
"""The utype of a Param whose text has characters that XML cannot carry."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field that becomes a Param or a Table column. `place` is its place in its record."""

    name: str
    place: int
    type: AvroType
    nullable: bool
    meaning: Meaning

    def param(self, text: str | None, *, element: str | None = None, utype: str | None = None) -> Param:
        """The Param with this text as its value, or as its Value element."""
        m = self.meaning
        return Param(self.name, text, m.ucd or None, m.unit or None, m.data_type, utype, element)

    @property
    def field(self) -> Field:
        """The column of a Table (rule 4)."""
        m = self.meaning
        note = (EMPTY_IS_NULL,) if m.data_type == "int" and self.nullable else ()
        return Field(self.name, m.ucd or None, m.unit or None, m.data_type, items=note)

    @property
    def textual(self) -> bool:
        """Whether its text comes from outside and may hold any character."""
        return isinstance(self.type, Primitive) and self.type.name == "string"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A root field that is a Param of What."""

    name: str
    column: Column


@dataclass(frozen=True, slots=True)
class Values:
    """A record that is a Group of Params."""

    name: str
    record: Record
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """An array of records that is a Table."""

    name: str
    record: Record
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Blob:
    """An image: root bytes, or (ZTF) a record of a name and bytes. `place` is that of the bytes in the record."""

    name: str
    record: Record | None
    columns: tuple[Column, ...]
    place: int | None

    @property
    def type(self) -> str:
        """The type of its Group."""
        return self.record.fullname if self.record else "bytes"


Part = Scalar | Values | Rows | Blob


@dataclass(frozen=True, eq=False)
class Plan:
    """What becomes of each root field.

    visible : in schema order, those that are not wholly withheld: what the envelope is made from
    parts : of these, all or, for a core event, those that were chosen: what the event holds
    left_out : root fields that the settings leave out altogether
    """

    schema: AlertSchema
    key: SchemaKey
    survey: Survey
    settings: Settings
    withheld: frozenset[FieldPath]
    visible: tuple[Part, ...]
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]

    @cached_property
    def trigger(self) -> Values | None:
        """The record of the triggering detection."""
        return next((p for p in self.visible if isinstance(p, Values) and p.name == self.survey.record), None)

    @property
    def hides_injection(self) -> bool:
        """Whether an injection flag is withheld."""
        flags = (FieldPath((self.survey.record, name)) for name in self.survey.injected)
        return not self.withheld.isdisjoint(flags)

    def shown(self, part: Part) -> bool:
        """Whether the detail has the content of an array or image, and not only its length."""
        if isinstance(part, Rows):
            return self.settings.detail in ("history", "full")
        return not isinstance(part, Blob) or self.settings.detail == "full"

    def cutout(self, part: Blob, event_id: str) -> str | None:
        """The configured address of an image."""
        url = self.settings.cutout_url
        return url.format(id=event_id, name=part.name) if url else None

    def cutout_reference(self, uri: str) -> Reference:
        """The Reference to an image, inline or elsewhere."""
        return Reference(
            uri, mimetype=self.survey.cutout_type, meaning="http://www.ivoa.net/rdf/datalink/core#cutout"
        )


def length_group(name: str, kind: str, length: int) -> Group:
    """The mention of an array or image that is left out or empty (rule 2)."""
    return Group(name, kind, (Param("length", str(length), data_type="int"),))


def make_plan(schema: AlertSchema, withheld: frozenset[FieldPath], settings: Settings) -> Plan:
    """The plan for a released schema.

    Raises SchemaError for one that has no mapping, and SettingsError (settings-value) for a record that it has not.
    """
    key = schema.key
    if key is None:
        raise SchemaError("schema-unknown", "Only alerts in a released schema can become VOEvents.")
    if settings.records is not None and settings.records.isdisjoint(f.name for f in schema.root.fields):
        raise SettingsError("settings-value", f"None of the records that are to be kept is in {key}.")
    made = (_part(key, schema.root, field, withheld) for field in schema.root.fields)
    visible = tuple(part for part in made if part is not None)
    parts = tuple(part for part in visible if settings.records is None or part.name in settings.records)
    left_out = tuple(part.name for part in visible if part not in parts)
    return Plan(schema, key, SURVEYS[key.family], settings, withheld, visible, parts, left_out)


def _part(key: SchemaKey, root: Record, field: AvroField, withheld: frozenset[FieldPath]) -> Part | None:
    type_, _ = nullable(field.type)
    path = FieldPath((field.name,))
    if isinstance(type_, Record):
        columns = _columns(key, type_, path, withheld)
        place = next((i for i, f in enumerate(type_.fields) if _is_bytes(nullable(f.type)[0])), None)
        if place is not None:
            hidden = path / type_.fields[place].name in withheld
            return None if hidden else Blob(field.name, type_, columns, place)
        return Values(field.name, type_, columns) if columns else None
    if isinstance(type_, Array) and isinstance(type_.items, Record):
        columns = _columns(key, type_.items, path.items(), withheld)
        return Rows(field.name, type_.items, columns) if columns else None
    if path in withheld:
        return None
    if _is_bytes(type_):
        return Blob(field.name, None, (), None)
    (column,) = _columns(key, Record(root.fullname, (field,)), FieldPath(()), withheld)
    return Scalar(field.name, column)


def _columns(
    key: SchemaKey, record: Record, path: FieldPath, withheld: frozenset[FieldPath]
) -> tuple[Column, ...]:
    columns = []
    for place, field in enumerate(record.fields):
        type_, was_nullable = nullable(field.type)
        if not isinstance(type_, Primitive):
            raise SchemaError(
                "schema-invalid", "A released record holds something that is neither number nor text."
            )
        if type_.name != "bytes" and path / field.name not in withheld:
            found = meaning(key, record.name, field.name)
            columns.append(Column(field.name, place, type_, was_nullable, found))
    return tuple(columns)


def _is_bytes(type_: AvroType) -> bool:
    return isinstance(type_, Fixed) or (isinstance(type_, Primitive) and type_.name == "bytes")
