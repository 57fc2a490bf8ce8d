"""Avro bytes -> VOEvent bytes, compiled once a schema and run a packet.

Rules
1. Every form (how a Param, Table or envelope is written) comes from the codec's writer: a model with marks in it is
   written once, cut at the marks, and the pieces are joined with the packet's texts from then on.
2. The packet is read no further than the last field that the settings want (`gateway.schema.raw`).
3. A core event never exceeds `CORE_LIMIT`: if it would, its largest parts are dropped, one after the other, and reported.
4. An event that claims to be exact was decoded again and compared before it leaves here.

`gateway.mapping.reference` makes the same bytes without any of this.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Callable
from typing import Any

from gateway.codecs.voevent import encode
from gateway.codecs.voevent.write import escape_text
from gateway.mapping import exact, forms, restore
from gateway.mapping.facts import Facts, Trigger, designation_text, envelope, facts_of, newest_first
from gateway.mapping.minted import CORE_LIMIT, Minted
from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values, length_group, make_plan
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import Primitive
from gateway.model.fieldpath import FieldPath
from gateway.model.voevent import Description, Field, Group, Param, Reference, Table, VOEvent, What
from gateway.policy.release import Release
from gateway.schema.raw import Layout, Raw
from gateway.schema.text import integer, texts_of

__all__ = ["Minter"]

Item = Param | Group | Table | Description | Reference


def _fragment(item: Item) -> bytes:
    """How the writer writes a child of What, line feed included."""
    document = encode(VOEvent("2.1", "ivo://org.example/x", what=What((item,))))
    return document[document.index(b"<What>\n") + 7 : document.rindex(b"  </What>")]


def _cut(written: bytes) -> tuple[bytes, bytes]:
    """What the writer wrote before and after a mark."""
    head, _, tail = written.partition(b"@@")
    return head, tail


def _frame(name: str, type_: str) -> tuple[bytes, bytes]:
    """The first and last line of a Group."""
    lines = _fragment(Group(name, type_, (Description("@@"),))).splitlines(keepends=True)
    return lines[0], lines[-1]


def _lines(*items: Param | Reference) -> bytes:
    """How the writer writes children of a Group."""
    return b"".join(_fragment(Group("g", items=items)).splitlines(keepends=True)[1:-1])


class _Params:
    """The Params of a record, one line each."""

    def __init__(self, columns: tuple[Column, ...], *, in_group: bool) -> None:
        self.columns = columns
        self.places = [column.place for column in columns]
        self.texts = texts_of([column.type for column in columns])
        self.write = _lines if in_group else _fragment
        cuts = [_cut(self.write(column.param("@@"))) for column in columns]
        self.heads = [head for head, _ in cuts]
        self.tails = [tail for _, tail in cuts]
        self.textual = [i for i, column in enumerate(columns) if column.textual]

    def __call__(self, raw: list[Raw]) -> bytes:
        texts = self.texts([raw[place] for place in self.places])
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

    def _with_odd_texts(self, texts: list[bytes | None]) -> bytes:
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
_PLAIN = re.compile(rb"[!#-%'-;=?-\[\]-~]*+(?: +[!#-%'-;=?-\[\]-~]++)*+\Z").match


class _Group:
    """A record as a Group."""

    def __init__(self, part: Values) -> None:
        self.params = _Params(part.columns, in_group=True)
        self.head, self.tail = _frame(part.name, part.record.fullname)
        self.empty = _fragment(Group(part.name, part.record.fullname))

    def __call__(self, raw: Raw) -> bytes:
        body = self.params(raw)
        return self.head + body + self.tail if body else self.empty


class _Scalar:
    """A number or text of the root as a Param of What."""

    def __init__(self, part: Scalar) -> None:
        self.params = _Params((_at_root(part.column),), in_group=False)

    def __call__(self, raw: Raw) -> bytes:
        return self.params([raw])


def _at_root(column: Column) -> Column:
    return Column(column.name, 0, column.type, column.nullable, column.meaning)


class _Length:
    """The mention of an array or image."""

    def __init__(self, name: str, kind: str, extra: tuple[Reference, ...] = ()) -> None:
        group = length_group(name, kind, 0)
        marked = Param("length", "@@", data_type="int")
        self.head, self.tail = _cut(_fragment(Group(group.name, group.type, (marked, *extra))))

    def __call__(self, length: int) -> bytes:
        return b"%b%d%b" % (self.head, length, self.tail)


class _Rows:
    """An array of records as a Table."""

    def __init__(self, part: Rows) -> None:
        self.columns = part.columns
        self.places = [column.place for column in part.columns]
        self.texts = texts_of([column.type for column in part.columns])
        self.textual = [i for i, column in enumerate(part.columns) if column.textual]
        fields: tuple[Field, ...] = tuple(column.field for column in part.columns)
        table = _fragment(Table(part.name, part.record.fullname, fields, (("@@",),)))
        row = next(line for line in table.splitlines(keepends=True) if b"@@" in line)
        self.head, _, self.tail = table.partition(row)
        self.row_head, self.row_tail = _cut(row.replace(b"<TD>@@</TD>", b"@@"))
        self.empty = _Length(part.name, "array")

    def __call__(self, raw: Raw) -> bytes:
        return self.head + b"".join([self.row(row) for row in raw]) + self.tail if raw else self.empty(0)

    def row(self, raw: list[Raw]) -> bytes:
        texts = self.texts([raw[place] for place in self.places])
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
        self.head, self.tail = _frame(part.name, part.type)
        self.length_head, self.length_tail = _cut(_lines(Param("length", "@@", data_type="int")))
        inline = plan.cutout_reference(f"data:{plan.survey.cutout_type};base64,@@")
        self.reference_head, self.reference_tail = _cut(_lines(inline))

    def __call__(self, raw: Raw, event_id: str) -> bytes:
        record, content = (raw, raw) if self.part.place is None else (raw, raw[self.part.place])
        names = self.params(record) if self.part.place is not None else b""
        size = content if isinstance(content, int) else len(content)
        reference = b""
        if self.shown:
            reference = self.reference_head + base64.b64encode(content) + self.reference_tail
        elif url := self.plan.cutout(self.part, event_id):
            reference = _lines(self.plan.cutout_reference(url))
        length = b"%b%d%b" % (self.length_head, size, self.length_tail)
        return self.head + names + length + reference + self.tail


class Minter:
    """Makes VOEvents from released alerts with one set of settings. Keep one: it compiles once a schema."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._compiled: dict[tuple[AlertSchema, frozenset[FieldPath]], _Compiled] = {}

    def mint(self, release: Release[Alert]) -> Minted:
        """The VOEvent of an alert.

        Raises AvroError when the packet is damaged as far as it is read, and SchemaError when its schema is not released.
        """
        key = release.item.schema, release.withheld
        compiled = self._compiled.get(key)
        if compiled is None:
            if len(self._compiled) >= 64:
                self._compiled.clear()
            compiled = self._compiled[key] = _Compiled(make_plan(*key, self.settings))
        return compiled(release.item)


class _Compiled:
    """One plan, compiled."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        names = {field.name: i for i, field in enumerate(plan.schema.root.fields)}
        self.parts: list[tuple[int, Part, Any]] = [
            (names[part.name], part, _renderer(part, plan)) for part in plan.parts
        ]
        self.trigger = _TriggerReader(plan, names)
        wanted: dict[str, Any] = {part.name: _mode(part, plan) for part in plan.parts}
        if self.trigger.needs_history:
            wanted[plan.survey.history[0]] = "read"
        self.layout = Layout(plan.schema.root, wanted)
        self.whole = not plan.left_out and not plan.withheld
        self.templates: dict[tuple[object, ...], list[bytes]] = {}
        self.avro: dict[tuple[Framing, bool], list[bytes]] = {}

    def __call__(self, alert: Alert) -> Minted:
        raw = self.layout.read(alert.payload)
        trigger = self.trigger(raw)
        facts = facts_of(trigger, self.plan.survey, self.plan.settings)
        event_id = "" if trigger.id is None else str(trigger.id)
        chunks: dict[str, bytes] = {}
        left_out: list[str] = []
        for place, part, render in self.parts:
            value = raw[place]
            if value is None:
                continue
            if isinstance(part, Blob):
                chunks[part.name] = render(value, event_id)
                if not self.plan.shown(part) and _size(value, part):
                    left_out.append(part.name)
            elif isinstance(part, Rows) and not self.plan.shown(part):
                size = value if isinstance(value, int) else len(value)
                chunks[part.name] = render.empty(size)
                if size:
                    left_out.append(part.name)
            else:
                chunks[part.name] = render(value)
        dropped: list[str] = []
        complete = self.whole and not left_out
        pieces = self._template(facts)
        data = self._document(pieces, facts, chunks, alert, exact=complete)
        if self.plan.settings.detail == "core":
            while len(data) > CORE_LIMIT:
                largest = max(chunks, key=lambda name: len(chunks[name]))
                dropped.append(largest)
                del chunks[largest]
                complete = False
                data = self._document(pieces, facts, chunks, alert, exact=False)
        is_exact = complete and restore.gives_back(data, alert.payload)
        if complete and not is_exact:
            if self.plan.settings.detail == "full":
                chunks[exact.PAYLOAD_GROUP] = _fragment(exact.payload_group(alert))
            data = self._document(pieces, facts, chunks, alert, exact=False)
        return Minted(
            data, facts.ivorn, is_exact, tuple(left_out), tuple(dropped), len(self.plan.withheld)
        )

    def _document(
        self, pieces: list[bytes], facts: Facts, chunks: dict[str, bytes], alert: Alert, *, exact: bool
    ) -> bytes:
        payload = chunks.get("avro.payload", b"")
        body = b"".join([c for n, c in chunks.items() if n != "avro.payload"])
        body += self._avro(alert, exact) + payload
        values = {
            b"ivorn": facts.ivorn.encode(),
            b"date": (facts.date or "").encode(),
            b"time": (facts.time or "").encode(),
            b"ra": (facts.ra or "").encode(),
            b"dec": (facts.dec or "").encode(),
            b"radius": (facts.radius or "").encode(),
            b"designation": escape_text(facts.designation or "").encode(),
            b"what": body,
        }
        for i, (_, ivorn) in enumerate(facts.citations):
            values[b"cited%d" % i] = ivorn.encode()
        return b"".join([values[piece] if i & 1 else piece for i, piece in enumerate(pieces)])

    def _template(self, facts: Facts) -> list[bytes]:
        """The pieces of the document around its texts: static ones at even places, names of texts at odd ones."""
        cites = tuple(cite for cite, _ in facts.citations)
        shape = (
            facts.role,
            facts.date is None,
            facts.time is None,
            facts.ra is None,
            facts.radius is None,
            facts.designation is None,
            cites,
        )
        found = self.templates.get(shape)
        if found is None:
            marked = Facts(
                ivorn="@@ivorn@@",
                role=facts.role,
                date=None if facts.date is None else "@@date@@",
                time=None if facts.time is None else "@@time@@",
                ra=None if facts.ra is None else "@@ra@@",
                dec=None if facts.dec is None else "@@dec@@",
                radius=None if facts.radius is None else "@@radius@@",
                citations=tuple((cite, f"@@cited{i}@@") for i, cite in enumerate(cites)),
                designation=None if facts.designation is None else "@@designation@@",
            )
            what = What((Description("@@what@@"),))
            document = encode(envelope(marked, self.plan.survey, self.plan.key, self.plan.settings, what))
            document = document.replace(b"    <Description>@@what@@</Description>\n", b"@@what@@")
            found = re.split(rb"@@(\w+)@@", document)
            if len(self.templates) < 1024:
                self.templates[shape] = found
        return found

    def _avro(self, alert: Alert, is_exact: bool) -> bytes:
        key = alert.framing, is_exact
        pieces = self.avro.get(key)
        if pieces is None:
            text = _fragment(exact.avro_group(alert, self.plan, is_exact))
            pieces = re.split(rb'(?<=name="payload.length" value=")\d+|(?<=name="payload.sha256" value=")\w+', text)
            self.avro[key] = pieces
        if len(pieces) == 1:
            return pieces[0]
        sha256 = hashlib.sha256(alert.payload).hexdigest().encode()
        return b"%b%d%b%b%b" % (pieces[0], len(alert.payload), pieces[1], sha256, pieces[2])


def _renderer(part: Part, plan: Plan) -> Callable[..., bytes]:
    if isinstance(part, Scalar):
        return _Scalar(part)
    if isinstance(part, Values):
        return _Group(part)
    return _Rows(part) if isinstance(part, Rows) else _Blob(part, plan)


def _mode(part: Part, plan: Plan) -> str:
    """Whether the content of a part is read or only measured."""
    if isinstance(part, (Rows, Blob)) and not plan.shown(part) and not (isinstance(part, Blob) and part.record):
        return "measure"
    return "read"


def _size(value: Raw, part: Blob) -> int:
    content = value if part.place is None else value[part.place]
    return content if isinstance(content, int) else len(content)


class _TriggerReader:
    """Takes what the envelope needs out of the raw values."""

    def __init__(self, plan: Plan, names: dict[str, int]) -> None:
        survey, columns = plan.survey, {c.name: c for c in plan.trigger.columns} if plan.trigger else {}
        self.place = names.get(survey.record, 0)
        first = _first(columns)
        self.numbers = [
            (name, column.place, _NUMBERS[_kind(column)])
            for name, column in (
                ("id", first((survey.id,))),
                ("ra", first(survey.ra)),
                ("dec", first(survey.dec)),
                ("ra_error", first(survey.ra_error)),
                ("dec_error", first(survey.dec_error)),
                ("covariance", first(survey.covariance)),
            )
            if column
        ]
        self.times = [
            (name, column.name, column.place, _NUMBERS[_kind(column)])
            for name, column in (
                ("observed", first(survey.observed)),
                ("processed", first(survey.processed)),
                ("withdrawn", first(survey.withdrawn)),
            )
            if column
        ]
        self.injected = [columns[name].place for name in survey.injected if name in columns]
        self.history = self._history(plan, names) if plan.settings.cite != "none" else None
        self.cite_all = plan.settings.cite == "all"
        self.designation = self._designation(plan, names) if plan.settings.classify else None

    @property
    def needs_history(self) -> bool:
        """Whether the rows of earlier detections must be read for their ids."""
        return self.history is not None

    @staticmethod
    def _history(plan: Plan, names: dict[str, int]) -> tuple[int, int, int, Callable[[bytes], Any]] | None:
        array, id_name = plan.survey.history
        rows = next((p for p in plan.parts if isinstance(p, Rows) and p.name == array), None)
        columns = {c.name: c for c in rows.columns} if rows else {}
        time = _first(columns)(plan.survey.observed)
        if id_name not in columns or time is None:
            return None
        return names[array], columns[id_name].place, time.place, _NUMBERS[_kind(time)]

    @staticmethod
    def _designation(plan: Plan, names: dict[str, int]) -> tuple[int, int] | None:
        if plan.survey.designation is None:
            return None
        record, field = plan.survey.designation
        values = next((p for p in plan.parts if isinstance(p, Values) and p.name == record), None)
        column = next((c for c in values.columns if c.name == field), None) if values else None
        return (names[record], column.place) if column else None

    def __call__(self, raw: list[Raw]) -> Trigger:
        trigger = Trigger()
        record = raw[self.place] if self.numbers else None
        if record is None:
            return trigger
        for name, place, number in self.numbers:
            if (value := record[place]) is not None:
                setattr(trigger, name, number(value))
        for name, field, place, number in self.times:
            if (value := record[place]) is not None:
                setattr(trigger, name, (field, number(value)))
        for place in self.injected:
            if record[place] == b"\x01":
                trigger.injected = True
        if self.history:
            trigger.earlier = self._earlier(raw)
        if self.designation and (owner := raw[self.designation[0]]) is not None:
            name = owner[self.designation[1]]
            trigger.designation = designation_text(name.decode()) if name is not None else None
        return trigger

    def _earlier(self, raw: list[Raw]) -> tuple[int, ...]:
        assert self.history is not None
        array, id_place, time_place, number = self.history
        rows = [
            (number(row[time_place]), integer(row[id_place]))
            for row in raw[array] or ()
            if row[id_place] is not None and row[time_place] is not None
        ]
        return newest_first(rows, all_of_them=self.cite_all)


def _first(columns: dict[str, Column]) -> Callable[[tuple[str, ...]], Column | None]:
    return lambda names: next((columns[name] for name in names if name in columns), None)


def _kind(column: Column) -> str:
    assert isinstance(column.type, Primitive)
    return column.type.name


_NUMBERS: dict[str, Callable[[bytes], Any]] = {
    "int": integer,
    "long": integer,
    "float": lambda raw: struct.unpack("<f", raw)[0],
    "double": lambda raw: struct.unpack("<d", raw)[0],
}
