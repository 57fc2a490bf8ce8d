"""The parts of What as bytes, from texts: every form comes from the codec's writer.

A model with marks in it is written once, cut at the marks, and the pieces are joined with the packet's texts
from then on. So how a Param or a Table is written is said in one place, `gateway.codecs.voevent.write`, and
nothing here knows it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from gateway.codecs.voevent import encode
from gateway.codecs.voevent.write import escape_text
from gateway.mapping import forms
from gateway.mapping.lines import PLAIN, Floats, Lines, Odd, attribute
from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values, length_group
from gateway.model.voevent import Description, Field, Group, Param, Reference, Table, VOEvent, What
from gateway.schema.gather import taker
from gateway.schema.raw import Raw
from gateway.schema.text import kind_of, text_of, texts_of

__all__ = ["Writer", "fragment", "frame", "params_cuts", "table_cuts", "writer"]

Texts = list[bytes | None]


class Writer(Protocol):
    """Writes a part in two steps, so that the floats of all parts become text together."""

    def collect(self, raw: Raw, floats: Floats) -> Any:
        """What of the part's raw value is to be written; its floats go to the others."""

    def finish(self, collected: Any, floats: Floats, event_id: str) -> bytes:
        """The lines of the part."""


Item = Param | Group | Table | Description | Reference


def fragment(item: Item) -> bytes:
    """How the writer writes a child of What, line feed included."""
    document = encode(VOEvent("2.1", "ivo://org.example/x", what=What((item,))))
    return document[document.index(b"<What>\n") + 7 : document.rindex(b"  </What>")]


def _cut(written: bytes) -> tuple[bytes, bytes]:
    """What the writer wrote before and after a mark."""
    head, _, tail = written.partition(b"@@")
    return head, tail


def frame(name: str, type_: str) -> tuple[bytes, bytes]:
    """The first and last line of a Group."""
    lines = fragment(Group(name, type_, (Description("@@"),))).splitlines(keepends=True)
    return lines[0], lines[-1]


def _lines(*items: Param | Reference) -> bytes:
    """How the writer writes children of a Group."""
    return b"".join(fragment(Group("g", items=items)).splitlines(keepends=True)[1:-1])


def params_cuts(columns: tuple[Column, ...], *, in_group: bool) -> list[tuple[bytes, bytes]]:
    """What is written before and after the text of each Param."""
    write = _lines if in_group else fragment
    return [_cut(write(column.param("@@"))) for column in columns]


def table_cuts(part: Rows) -> tuple[bytes, bytes, bytes, bytes]:
    """What is written before all rows, before and after the cells of a row, and after all rows."""
    fields: tuple[Field, ...] = tuple(column.field for column in part.columns)
    table = fragment(Table(part.name, part.record.fullname, fields, (("@@",),)))
    row = next(line for line in table.splitlines(keepends=True) if b"@@" in line)
    head, _, tail = table.partition(row)
    return head, *_cut(row.replace(b"<TD>@@</TD>", b"@@")), tail


def _params(
    columns: tuple[Column, ...],
) -> tuple[tuple[Column, ...], list[tuple[bytes, bytes]], Callable[[Param], bytes]]:
    """What `Lines` has to know of the Params of a Group."""
    return columns, params_cuts(columns, in_group=True), _lines


class _Scalar:
    """A number or text of the root as a Param of What."""

    def __init__(self, part: Scalar) -> None:
        self.column = part.column
        ((self.head, self.tail),) = params_cuts((part.column,), in_group=False)
        self.text = attribute if part.column.textual else text_of(kind_of(part.column.type))

    def collect(self, raw: Raw, _floats: Floats) -> Any:
        return raw

    def finish(self, raw: Any, _floats: Floats, _event_id: str) -> bytes:
        try:
            return self.head + self.text(raw) + self.tail
        except Odd:
            return fragment(forms.param(self.column, raw.decode()))


class _Group(Lines):
    """A record as a Group."""

    def __init__(self, part: Values) -> None:
        head, tail = frame(part.name, part.record.fullname)
        empty = fragment(Group(part.name, part.record.fullname))
        super().__init__(*_params(part.columns), lambda lines: head + lines + tail if lines else empty)


class _PartOfGroup(_Group):
    """A record as a Group, of which some fields are withheld."""

    def __init__(self, part: Values) -> None:
        super().__init__(part)
        self.take = taker([column.place for column in part.columns])

    def collect(self, values: Sequence[Raw], floats: Floats) -> Any:
        return super().collect(self.take(values), floats)


class _Length:
    """The mention of an array or image."""

    def __init__(self, name: str, kind: str) -> None:
        marked = Param("length", "@@", data_type="int")
        written = fragment(replace(length_group(name, kind, 0), items=(marked,)))
        self.form = written.replace(b"%", b"%%").replace(b"@@", b"%d")

    def collect(self, raw: Raw, _floats: Floats) -> Any:
        return raw if isinstance(raw, int) else len(raw)

    def finish(self, length: Any, _floats: Floats, _event_id: str) -> bytes:
        written: bytes = self.form % length
        return written


class _Rows:
    """An array of records as a Table."""

    def __init__(self, part: Rows) -> None:
        self.take = taker([column.place for column in part.columns])
        self.texts = texts_of([column.type for column in part.columns])
        self.textual = [i for i, column in enumerate(part.columns) if column.textual]
        self.head, self.row_head, self.row_tail, self.tail = table_cuts(part)
        self.length = _Length(part.name, "array")

    def collect(self, raw: Raw, _floats: Floats) -> Any:
        return raw

    def finish(self, raw: Any, floats: Floats, event_id: str) -> bytes:
        if not raw:
            return self.length.finish(0, floats, event_id)
        rows = self.texts([self.take(row) for row in raw])
        return self.head + b"".join([self._row(texts) for texts in rows]) + self.tail

    def _row(self, texts: Texts) -> bytes:
        for i in self.textual:
            text = texts[i]
            if text is not None and not (text and PLAIN(text)):
                texts[i] = escape_text(forms.cell(text.decode())).encode()
        cells = [b"<TD/>" if text is None else b"<TD>" + text + b"</TD>" for text in texts]
        return self.row_head + b"".join(cells) + self.row_tail


class _Blob:
    """An image as a Group: its name (ZTF), its length, and a Reference to it, inline or elsewhere."""

    def __init__(self, part: Blob, plan: Plan) -> None:
        self.part, self.plan, self.shown = part, plan, plan.shown(part)
        self.lines = Lines(*_params(part.columns))
        self.take = taker([column.place for column in part.columns])
        self.head, self.tail = frame(part.name, part.type)
        self.length_head, self.length_tail = _cut(_lines(Param("length", "@@", data_type="int")))
        inline = plan.cutout_reference(f"data:{plan.survey.cutout_type};base64,@@")
        self.reference_head, self.reference_tail = _cut(_lines(inline))

    def collect(self, raw: Raw, floats: Floats) -> Any:
        if self.part.place is None:
            return raw, None
        return raw[self.part.place], self.lines.collect(self.take(raw), floats)

    def finish(self, collected: Any, floats: Floats, event_id: str) -> bytes:
        content, named = collected
        names = self.lines.finish(named, floats) if named else b""
        size = content if isinstance(content, int) else len(content)
        return b"%b%b%b%d%b%b%b" % (
            self.head, names, self.length_head, size, self.length_tail,
            self._reference(content, event_id), self.tail,
        )  # fmt: skip

    def _reference(self, content: Any, event_id: str) -> bytes:
        if self.shown:
            return self.reference_head + base64.b64encode(content) + self.reference_tail
        url = self.plan.cutout(self.part, event_id)
        return _lines(self.plan.cutout_reference(url)) if url else b""


def writer(part: Part, plan: Plan) -> Writer:
    """What writes a part of the plan."""
    if isinstance(part, Scalar):
        return _Scalar(part)
    if isinstance(part, Values):
        return _Group(part) if len(part.columns) == len(part.record.fields) else _PartOfGroup(part)
    if isinstance(part, Rows):
        return _Rows(part) if plan.shown(part) else _Length(part.name, "array")
    mentioned = part.record is None and not plan.shown(part) and not plan.settings.cutout_url
    return _Length(part.name, "bytes") if mentioned else _Blob(part, plan)
