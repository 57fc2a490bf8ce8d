"""Change some root fields of a datum and leave the bytes of all others alone.

Rules
1. Fields that are not changed are skipped, never decoded, and copied in one piece; behind the last change nothing is
   looked at. The bytes must have been checked by whoever needs that (`Layout.check`).
2. A blank value is null where the schema allows it and otherwise the empty or zero value of its type. A blank is
   a stand-in inside the gateway: whoever writes leaves it out.
3. To drop a field is to write the rest by a schema without it: `without`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from gateway.model.avrotype import (
    NULL,
    Array,
    AvroType,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
    leaves,
    nullable,
)
from gateway.model.fieldpath import FieldPath
from gateway.schema.damage import explain
from gateway.schema.read import reader
from gateway.schema.shapes import Damaged, Raw
from gateway.schema.skip import skipper
from gateway.schema.write import writer

__all__ = ["Splicer", "blanks", "drops", "only_nulls", "without"]

Edit = Callable[[Raw], Raw]
"""A new raw value for an old one. An edit must not change its argument."""


class Splicer:
    """Edits root fields, by name. Compile once and keep it.

    edits : for each field to change, a function of its raw value, or the bytes that replace it
    target : the record that the edited values are written by, when it is not the one they are read by; its fields
        are some of those of the root, in the same order, and the others are dropped
    """

    def __init__(self, root: Record, edits: Mapping[str, Edit | bytes], target: Record | None = None) -> None:
        self.root = root
        types = {field.name: field.type for field in (target or root).fields}
        steps: list[
            tuple[Callable[[bytes, int], Any], Edit | bytes | None, Callable[[Raw], bytes] | None]
        ] = []
        for field in root.fields:
            edit = edits.get(field.name) if field.name in types else b""
            if edit is None or isinstance(edit, bytes):
                steps.append((skipper(field.type), edit, None))
            else:
                steps.append((reader(field.type), edit, writer(types[field.name])))
        while steps and steps[-1][1] is None:
            del steps[-1]  # rule 1
        self._steps = steps

    def __call__(self, data: bytes) -> bytes:
        """The datum with its edits. Raises AvroError."""
        pieces: list[bytes] = []
        start = pos = 0
        try:
            for step, edit, write in self._steps:
                if edit is None:
                    pos = step(data, pos)
                    continue
                pieces.append(data[start:pos])
                if write is None:
                    assert isinstance(edit, bytes)
                    start = pos = step(data, pos)
                    pieces.append(edit)
                else:
                    assert not isinstance(edit, bytes)
                    raw, pos = step(data, pos)
                    start = pos
                    pieces.append(write(edit(raw)))
        except (Damaged, IndexError):
            explain(data, self.root)
        pieces.append(data[start:])
        return b"".join(pieces)


def blanks(root: Record, paths: Collection[FieldPath]) -> dict[str, Edit | bytes]:
    """The edits that make these leaves blank (rule 2)."""
    wanted = frozenset(paths)
    edits: dict[str, Edit | bytes] = {}
    for field in root.fields:
        edit = _blanker(field.type, FieldPath((field.name,)), wanted)
        if edit is not None:
            edits[field.name] = writer(field.type)(_blank(field.type)) if edit is _ALL else edit
    return edits


def only_nulls(root: Record, paths: Collection[FieldPath]) -> bool:
    """Whether null stands for every one of these leaves when they are blank."""
    return _only_nulls(root, FieldPath(()), frozenset(paths))


def without(root: Record, paths: Collection[FieldPath]) -> Record:
    """The record without these leaves, and without records and arrays that have no leaf left."""
    return _Reduced(frozenset(paths)).record(root, FieldPath(())) or Record(root.fullname, ())


def drops(root: Record, paths: Collection[FieldPath]) -> Splicer:
    """What writes a datum by `without`."""
    wanted = frozenset(paths)
    edits: dict[str, Edit | bytes] = {}
    for field in root.fields:
        edit = _dropper(field.type, FieldPath((field.name,)), wanted)
        if edit is not None and edit is not _ALL:
            edits[field.name] = edit
    return Splicer(root, edits, without(root, paths))


def _blank(type_: AvroType) -> Raw:
    """The blank of a type, as a raw value."""
    rest, may_be_null = nullable(type_)
    if may_be_null:
        return None
    if isinstance(rest, Union):
        return 0, _blank(rest.branches[0])
    if isinstance(rest, Record):
        return [_blank(field.type) for field in rest.fields]
    if isinstance(rest, (Array, Map)):
        return []
    if isinstance(rest, Fixed):
        return bytes(rest.size)
    return _ZEROS.get(rest.name, b"\0") if isinstance(rest, Primitive) else b"\0"


_ZEROS: dict[str, bytes | None] = {
    "float": bytes(4),
    "double": bytes(8),
    "string": b"",
    "bytes": b"",
    "null": None,
}


def _ALL(raw: Raw) -> Raw:
    """Stands for the edit of something of which nothing is left."""
    raise AssertionError


def _blanker(type_: AvroType, path: FieldPath, wanted: frozenset[FieldPath]) -> Edit | None:
    """The edit that blanks leaves below a path; None when there are none, `_ALL` when there are no others."""
    if isinstance(nullable(type_)[0], Record) and all(leaf in wanted for leaf, _ in leaves(type_, path)):
        return _ALL

    def edit_fields(record: Record, edits: list[Edit | None]) -> Edit:
        changes = [
            (place, edit, _blank(record.fields[place].type))
            for place, edit in enumerate(edits)
            if edit is not None
        ]

        def edit_record(raw: Raw) -> Raw:
            made = list(raw)
            for place, edit, blank in changes:
                made[place] = blank if edit is _ALL else edit(made[place])
            return made

        return edit_record

    return _walk(type_, path, wanted, _blanker, edit_fields)


def _dropper(type_: AvroType, path: FieldPath, wanted: frozenset[FieldPath]) -> Edit | None:
    """The edit that drops leaves below a path, as `_blanker` does."""

    def edit_fields(_record: Record, edits: list[Edit | None]) -> Edit:
        kept = [(place, edit) for place, edit in enumerate(edits) if edit is not _ALL]
        return lambda raw: [raw[place] if edit is None else edit(raw[place]) for place, edit in kept]

    return _walk(type_, path, wanted, _dropper, edit_fields)


def _walk(
    type_: AvroType,
    path: FieldPath,
    wanted: frozenset[FieldPath],
    edit_of: Callable[[AvroType, FieldPath, frozenset[FieldPath]], Edit | None],
    edit_fields: Callable[[Record, list[Edit | None]], Edit],
) -> Edit | None:
    rest, may_be_null = nullable(type_)
    found: Edit | None = None
    if isinstance(rest, Record):
        edits = [edit_of(field.type, path / field.name, wanted) for field in rest.fields]
        if not any(edits):
            return None
        if all(edit is _ALL for edit in edits):
            return _ALL
        found = edit_fields(rest, edits)
    elif isinstance(rest, Array):
        item = edit_of(rest.items, path.items(), wanted)
        if item is None or item is _ALL:
            return item
        found = _each(item)
    elif isinstance(rest, Map):
        entry = edit_of(rest.values, path.entries(), wanted)
        if entry is None or entry is _ALL:
            return entry
        found = _each_entry(entry)
    else:
        return _ALL if path in wanted else None
    if may_be_null:
        edit = found
        return lambda raw: None if raw is None else edit(raw)
    return found


def _each(edit: Edit) -> Edit:
    return lambda raw: [edit(one) for one in raw]


def _each_entry(edit: Edit) -> Edit:
    return lambda raw: [(key, edit(one)) for key, one in raw]


def _only_nulls(type_: AvroType, path: FieldPath, wanted: frozenset[FieldPath]) -> bool:
    rest, may_be_null = nullable(type_)
    if isinstance(rest, (Record, Array, Map)):
        if may_be_null and all(leaf in wanted for leaf, _ in leaves(rest, path)):
            return True
        if isinstance(rest, Record):
            return all(_only_nulls(field.type, path / field.name, wanted) for field in rest.fields)
        if isinstance(rest, Array):
            return _only_nulls(rest.items, path.items(), wanted)
        return _only_nulls(rest.values, path.entries(), wanted)
    return may_be_null or path not in wanted


class _Reduced:
    """Types without some of their leaves. A record that is used twice and loses different fields becomes two, and
    the second one gets a name of its own."""

    def __init__(self, wanted: frozenset[FieldPath]) -> None:
        self.wanted = wanted
        self.made: dict[tuple[Record, tuple[tuple[str, ...], ...]], Record | None] = {}
        self.names: dict[str, int] = {}

    def record(self, record: Record, path: FieldPath) -> Record | None:
        lost = tuple(leaf.steps[len(path.steps) :] for leaf, _ in leaves(record, path) if leaf in self.wanted)
        key = record, lost
        if key not in self.made:
            number = self.names[record.fullname] = self.names.get(record.fullname, 0) + 1
            name = record.fullname if number == 1 else f"{record.fullname}_{number}"
            types = [(field, self.type(field.type, path / field.name)) for field in record.fields]
            fields = tuple(replace(field, type=type_) for field, type_ in types if type_ is not None)
            self.made[key] = Record(name, fields) if fields else None
        return self.made[key]

    def type(self, type_: AvroType, path: FieldPath) -> AvroType | None:
        """The type without some of its leaves; None when none is left."""
        if isinstance(type_, Record):
            return self.record(type_, path)
        if isinstance(type_, Array):
            items = self.type(type_.items, path.items())
            return None if items is None else Array(items)
        if isinstance(type_, Map):
            values = self.type(type_.values, path.entries())
            return None if values is None else Map(values)
        if isinstance(type_, Union):
            left = tuple(found for branch in type_.branches if (found := self.type(branch, path)) is not None)
            return Union(left) if len(left) == len(type_.branches) else None
        return None if path in self.wanted and type_ != NULL else type_
