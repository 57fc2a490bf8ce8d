"""The parts of What as bytes, from texts: every form comes from the codec's writer.

A model with marks in it is written once, cut at the marks, and the pieces are joined with the packet's texts
from then on. So how a Param or a Table is written is said in one place, `gateway.codecs.voevent.write`, and
nothing here knows it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import itemgetter

from gateway.codecs.voevent import encode
from gateway.codecs.voevent.write import escape_text
from gateway.mapping import forms
from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values, length_group
from gateway.model.voevent import Description, Field, Group, Param, Reference, Table, VOEvent, What
from gateway.schema.raw import Raw
from gateway.schema.text import texts_of

__all__ = ["Writer", "fragment", "frame", "params_cuts", "table_cuts", "taker", "writer"]

Texts = list[bytes | None]
Writer = Callable[[Raw, Texts, str], bytes]
"""Writes a part from its raw value, the texts of its columns, and the event's id."""

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


class _Params:
    """The Params of a record, one line each."""

    def __init__(self, columns: tuple[Column, ...], *, in_group: bool) -> None:
        self.columns = columns
        self.places = [column.place for column in columns]
        self.write = _lines if in_group else fragment
        cuts = params_cuts(columns, in_group=in_group)
        self.heads = [head for head, _ in cuts]
        self.tails = [tail for _, tail in cuts]
        self.textual = [i for i, column in enumerate(columns) if column.textual]

    def __call__(self, texts: Texts) -> bytes:
        for i in self.textual:
            text = texts[i]
            if text is not None and not _PLAIN(text):
                return self._with_odd_texts(texts)
        return b"".join(
            [
                head + text + tail
                for head, text, tail in zip(self.heads, texts, self.tails, strict=True)
                if text is not None
            ]
        )

    def _with_odd_texts(self, texts: Texts) -> bytes:
        lines = []
        for i, text in enumerate(texts):
            if text is None:
                continue
            if i in self.textual:
                lines.append(self.write(forms.param(self.columns[i], text.decode())))
            else:
                lines.append(self.heads[i] + text + self.tails[i])
        return b"".join(lines)


# Printable ASCII without what XML escapes, and no space at an end: stands in an attribute and in a cell as it is.
_PLAIN = re.compile(rb"(?:[!#-%'-;=?-\[\]-~]++(?: +[!#-%'-;=?-\[\]-~]++)*+)?+\Z").match


class _Group:
    """A record as a Group."""

    def __init__(self, part: Values) -> None:
        self.params = _Params(part.columns, in_group=True)
        self.head, self.tail = frame(part.name, part.record.fullname)
        self.empty = fragment(Group(part.name, part.record.fullname))

    def __call__(self, _raw: Raw, texts: Texts, _event_id: str) -> bytes:
        body = self.params(texts)
        return self.head + body + self.tail if body else self.empty


class _Scalar:
    """A number or text of the root as a Param of What."""

    def __init__(self, part: Scalar) -> None:
        self.params = _Params((part.column,), in_group=False)

    def __call__(self, _raw: Raw, texts: Texts, _event_id: str) -> bytes:
        return self.params(texts)


class _Length:
    """The mention of an array."""

    def __init__(self, name: str) -> None:
        marked = Param("length", "@@", data_type="int")
        self.head, self.tail = _cut(fragment(replace(length_group(name, "array", 0), items=(marked,))))

    def __call__(self, length: int) -> bytes:
        return b"%b%d%b" % (self.head, length, self.tail)


class _Rows:
    """An array of records as a Table, or the mention of it."""

    def __init__(self, part: Rows, plan: Plan) -> None:
        self.shown = plan.shown(part)
        self.take = taker([column.place for column in part.columns])
        self.texts = texts_of([column.type for column in part.columns])
        self.textual = [i for i, column in enumerate(part.columns) if column.textual]
        self.head, self.row_head, self.row_tail, self.tail = table_cuts(part)
        self.length = _Length(part.name)

    def __call__(self, raw: Raw, _texts: Texts, _event_id: str) -> bytes:
        if not raw or not self.shown:
            return self.length(raw if isinstance(raw, int) else len(raw))
        rows = self.texts([self.take(row) for row in raw])
        return self.head + b"".join([self._row(texts) for texts in rows]) + self.tail

    def _row(self, texts: Texts) -> bytes:
        for i in self.textual:
            text = texts[i]
            if text is not None and not (text and _PLAIN(text)):
                texts[i] = escape_text(forms.cell(text.decode())).encode()
        cells = [b"<TD/>" if text is None else b"<TD>" + text + b"</TD>" for text in texts]
        return self.row_head + b"".join(cells) + self.row_tail


class _Blob:
    """An image as a Group: its name (ZTF), its length, and a Reference to it, inline or elsewhere."""

    def __init__(self, part: Blob, plan: Plan) -> None:
        self.part, self.plan, self.shown = part, plan, plan.shown(part)
        self.params = _Params(part.columns, in_group=True)
        self.head, self.tail = frame(part.name, part.type)
        self.length_head, self.length_tail = _cut(_lines(Param("length", "@@", data_type="int")))
        inline = plan.cutout_reference(f"data:{plan.survey.cutout_type};base64,@@")
        self.reference_head, self.reference_tail = _cut(_lines(inline))

    def __call__(self, raw: Raw, texts: Texts, event_id: str) -> bytes:
        content = raw if self.part.place is None else raw[self.part.place]
        names = self.params(texts)
        size = content if isinstance(content, int) else len(content)
        reference = b""
        if self.shown:
            reference = self.reference_head + base64.b64encode(content) + self.reference_tail
        elif url := self.plan.cutout(self.part, event_id):
            reference = _lines(self.plan.cutout_reference(url))
        length = b"%b%d%b" % (self.length_head, size, self.length_tail)
        return self.head + names + length + reference + self.tail


def taker(places: list[int]) -> Callable[[Sequence[Raw]], Sequence[Raw]]:
    """A function that takes the values at these places out of a record."""
    if places == list(range(len(places))):
        return lambda record: record[: len(places)]
    return itemgetter(*places) if len(places) > 1 else lambda record: [record[place] for place in places]


def writer(part: Part, plan: Plan) -> Writer:
    """What writes a part of the plan."""
    if isinstance(part, Scalar):
        return _Scalar(part)
    if isinstance(part, Values):
        return _Group(part)
    return _Rows(part, plan) if isinstance(part, Rows) else _Blob(part, plan)
