"""VOEvent bytes -> the same Avro bytes: the way back from `gateway.mapping.fast`.

Rules
1. Decode only with the schema that the group `avro` names by its fingerprint; types come from the schema, never from
   dataType, which is too coarse.
2. A document in our canonical form is scanned: sections by their first and last lines, Params by one expression. Anything
   that does not look exactly so goes to the XML parser and the model instead, which accept every spelling.
3. The result is compared with the recorded length and SHA-256. A document that was changed gives an error, not an alert.
4. Untrusted like any input: the scan believes nothing that rule 3 would not catch.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from gateway.codecs.voevent import decode
from gateway.errors import AvroError, ConversionError, GatewayError, SchemaError, Where
from gateway.mapping import exact, forms
from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values, make_plan
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.model.voevent import Group, Param, Reference, Table, VOEvent, What
from gateway.safexml import MAX_BYTES
from gateway.schema import registry
from gateway.schema.raw import Layout, Raw
from gateway.schema.text import from_text

__all__ = ["alert_of", "gives_back", "is_minted"]

Texts = Mapping[str, Any]
"""For each root field that the document has: a text, a dict of texts, a list of lists of texts, or bytes."""


class _Surprise(Exception):
    """The document is not in canonical form; the parser will do."""


def is_minted(event: VOEvent) -> bool:
    """Whether an event says of itself that it was made from an alert."""
    return event.what is not None and event.what.group(exact.GROUP) is not None


def alert_of(data: bytes, provenance: Provenance = UNDECLARED) -> Alert:
    """The alert that a VOEvent document was made from, with the framing it had.

    provenance : of the document; the alert inherits it
    Raises ConversionError (convert-foreign, convert-incomplete, convert-mismatch), SchemaError (schema-unknown), AvroError
    and what the XML codec raises.
    """
    try:
        about, texts = _scan(data)
    except _Surprise:
        about, texts = _read(decode(data))
    return _alert(about, texts, provenance)


def gives_back(data: bytes, payload: bytes) -> bool:
    """Whether a document gives back just these Avro bytes."""
    try:
        return alert_of(data).payload == payload
    except GatewayError:
        return False


# The group `avro`, and what it promises


def _alert(about: Mapping[str, str], texts: Texts, provenance: Provenance) -> Alert:
    schema = _schema(about)
    kind, _, codec = about.get("framing", "raw").partition("/")
    if exact.PAYLOAD_GROUP in texts:
        payload = _unbase64(texts[exact.PAYLOAD_GROUP], exact.PAYLOAD_GROUP)
    elif about.get("exact") != "true":
        raise ConversionError(
            "convert-incomplete",
            f"This VOEvent has detail {about.get('detail', 'unknown')!r} and does not carry the whole alert."
            if about.get("detail") in ("core", "history", "full")
            else "This VOEvent does not carry the whole alert.",
        )
    else:
        payload = _restorer(schema).payload(texts)
    if about.get("payload.sha256") != hashlib.sha256(payload).hexdigest():
        raise ConversionError(
            "convert-mismatch", "The VOEvent was changed after it was made: the alert it gives is another one."
        )
    return Alert(schema, payload, Framing(kind, codec or None), provenance)


def _schema(about: Mapping[str, str]) -> AlertSchema:
    schema = registry.by_sha256(about.get("schema.sha256", ""))
    if schema is None:
        raise SchemaError("schema-unknown", "The schema that this VOEvent names is not a released one.")
    return schema


@cache
def _restorer(schema: AlertSchema) -> _Restorer:
    return _Restorer(make_plan(schema, frozenset(), Settings(detail="full")))


class _Restorer:
    """Texts -> raw values -> datum, for one schema."""

    def __init__(self, plan: Plan) -> None:
        self.layout = Layout(plan.schema.root)
        self.parts: dict[str, tuple[Part, Callable[[Any], Raw]]] = {
            part.name: (part, _converter(part)) for part in plan.parts
        }
        self.nullable = {field.name: _is_nullable(field.type) for field in plan.schema.root.fields}

    def payload(self, texts: Texts) -> bytes:
        raw = []
        for name, (_, convert) in self.parts.items():
            text = texts.get(name)
            if text is None and not self.nullable[name]:
                raise _missing(name)
            raw.append(None if text is None else convert(text))
        return self.layout.write(raw)


def _is_nullable(type_: object) -> bool:
    from gateway.model.avrotype import nullable

    return nullable(type_)[1]  # type: ignore[arg-type]


def _missing(name: str) -> ConversionError:
    return ConversionError(
        "convert-mismatch", "A field that every alert has is missing from the VOEvent.", where=Where(path=name)
    )


def _converter(part: Part) -> Callable[[Any], Raw]:
    if isinstance(part, Scalar):
        return from_text(part.column.type, part.name)
    if isinstance(part, Values):
        return _record_converter(part.name, part.columns)
    if isinstance(part, Rows):
        convert_row = _record_converter(part.name, part.columns)
        return lambda rows: [convert_row(row) for row in rows]
    if part.place is None:
        return lambda content: content
    convert_names = _record_converter(part.name, part.columns)

    def convert_blob(content: tuple[Mapping[str, bytes], bytes]) -> Raw:
        raw = convert_names(content[0])
        raw.insert(part.place or 0, content[1])
        return raw

    return convert_blob


def _record_converter(owner: str, columns: tuple[Column, ...]) -> Callable[[Mapping[str, bytes]], list[Raw]]:
    """From the texts of a record by name to its raw values, in order."""
    converters = [(c.name, c.nullable, from_text(c.type, f"{owner}.{c.name}")) for c in columns]
    known = {column.name for column in columns}

    def convert(texts: Mapping[str, bytes]) -> list[Raw]:
        raw: list[Raw] = []
        used = 0
        for name, may_be_null, to_raw in converters:
            text = texts.get(name)
            if text is not None:
                raw.append(to_raw(text))
                used += 1
            elif may_be_null:
                raw.append(None)
            else:
                raise _missing(f"{owner}.{name}")
        if used != len(texts) and not known.issuperset(texts):
            raise ConversionError(
                "convert-mismatch", "The VOEvent has a field that the schema does not have.", where=Where(path=owner)
            )
        return raw

    return convert


def _unbase64(text: str | bytes, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AvroError("avro-value", "Bytes that should be base64 are not.", where=Where(path=name)) from None


# By way of the model


def _read(event: VOEvent) -> tuple[dict[str, str], Texts]:
    group = event.what.group(exact.GROUP) if event.what else None
    if event.what is None or group is None:
        raise ConversionError("convert-foreign", "This VOEvent was not made from an alert.")
    about = {param.name or "": param.text or "" for param in group.params}
    texts: dict[str, Any] = {}
    for name, (part, _) in _restorer(_schema(about)).parts.items():
        found = _READ[type(part)](event.what, part)
        if found is not None:
            texts[name] = found
    if carried := event.what.group(exact.PAYLOAD_GROUP):
        texts[exact.PAYLOAD_GROUP] = next((p.text or "" for p in carried.params), "")
    return about, texts


def _by_name(params: Iterable[Param]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for param in params:
        text = forms.text_of_param(param)
        if text is not None:
            found[param.name or ""] = text.encode()
    return found


def _read_scalar(what: What, part: Scalar) -> bytes | None:
    return _by_name(p for p in what.params if p.name == part.name).get(part.name)


def _read_values(what: What, part: Values) -> dict[str, bytes] | None:
    group = what.group(part.name)
    return None if group is None else _by_name(group.params)


def _read_rows(what: What, part: Rows) -> list[dict[str, bytes]] | None:
    table = what.table(part.name)
    if table is None:
        return None if what.group(part.name) is None else []
    names = [field.name or "" for field in table.fields]
    textual = {column.name for column in part.columns if column.textual}
    return [_row(names, row, textual) for row in table.rows]


def _row(names: list[str], row: tuple[str, ...], textual: set[str]) -> dict[str, bytes]:
    found = {}
    for name, cell in zip(names, row, strict=False):
        text = forms.text_of_cell(cell, name) if name in textual else cell or None
        if text is not None:
            found[name] = text.encode()
    return found


def _read_blob(what: What, part: Blob) -> Any:
    group = what.group(part.name)
    if group is None:
        return None
    uri = next((item.uri or "" for item in group.items if isinstance(item, Reference)), "")
    params = _by_name(group.params)
    if params.pop("length", None) == b"0":
        content = b""
    elif uri.startswith("data:"):
        content = _unbase64(uri.partition(";base64,")[2], part.name)
    else:
        raise ConversionError("convert-incomplete", "An image is not in the VOEvent.", where=Where(path=part.name))
    return content if part.place is None else (params, content)


_READ: dict[type, Callable[[What, Any], Any]] = {
    Scalar: _read_scalar,
    Values: _read_values,
    Rows: _read_rows,
    Blob: _read_blob,
}


# By way of the canonical form

_START = re.compile(rb'<\?xml version="1.0" encoding="UTF-8"\?>\n<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.[01]" ')
_PARAM = re.compile(rb'^ +<Param name="([^"&<]*)" value="([^"&<]*)"(?: (?:ucd|unit|dataType)="[^"&<]*")*/>$', re.M)
_FIELD = re.compile(rb'^      <Field name="([^"]+)"', re.M)


def _scan(data: bytes) -> tuple[dict[str, str], Texts]:
    if not _START.match(data) or b"<!" in data or len(data) > MAX_BYTES:
        raise _Surprise
    start, end = data.find(b"\n  <What>\n"), data.rfind(b"\n  </What>\n")
    last = data.rfind(b'\n    <Group name="avro">\n', start, end)
    if start < 0 or last < 0:
        raise _Surprise
    what, tail = data[start + 10 : last + 1], data[last + 1 : end + 1]
    close = tail.find(b"    </Group>\n")
    about = {k.decode(): v.decode() for k, v in _params(tail[:close])}
    if close + 13 != len(tail):
        raise _Surprise
    texts: dict[str, Any] = {}
    pos = 0
    for name, (part, _) in _restorer(_schema(about)).parts.items():
        found, pos = _SCAN[type(part)](what, pos, name, part)
        if found is not None:
            texts[name] = found
    if pos != len(what):
        raise _Surprise
    return about, texts


def _params(section: bytes) -> list[tuple[bytes, bytes]]:
    """The Params of a section that has nothing else."""
    found: list[tuple[bytes, bytes]] = _PARAM.findall(section)
    if len(found) != section.count(b"\n") - section.startswith(b"    <Group"):
        raise _Surprise
    return found


def _section(what: bytes, pos: int, start: bytes, end: bytes) -> tuple[bytes | None, int]:
    """What is between two lines, if the first of them is at `pos`."""
    if not what.startswith(start, pos):
        return None, pos
    stop = what.find(end, pos)
    if stop < 0:
        raise _Surprise
    return what[pos + len(start) : stop], stop + len(end)


def _scan_scalar(what: bytes, pos: int, name: str, _part: Scalar) -> tuple[Any, int]:
    if not what.startswith(b'    <Param name="%b" ' % name.encode(), pos):
        return None, pos
    end = what.find(b"\n", pos) + 1
    found = _PARAM.match(what, pos)
    if found is None:
        raise _Surprise
    return found[2], end


def _scan_values(what: bytes, pos: int, name: str, part: Values) -> tuple[Any, int]:
    start = b'    <Group name="%b" type="%b"' % (name.encode(), part.record.fullname.encode())
    if what.startswith(start + b"/>\n", pos):
        return {}, pos + len(start) + 3
    section, pos = _section(what, pos, start + b">\n", b"    </Group>\n")
    if section is None:
        return None, pos
    pairs = _params(section)
    found = {key.decode(): value for key, value in pairs}
    if len(found) != len(pairs):
        raise _Surprise
    return found, pos


def _scan_rows(what: bytes, pos: int, name: str, part: Rows) -> tuple[Any, int]:
    start = b'    <Group name="%b" type="array">\n' % name.encode()
    section, pos = _section(what, pos, start, b"    </Group>\n")
    if section is not None:
        return [], pos
    start = b'    <Table name="%b" type="%b">\n' % (name.encode(), part.record.fullname.encode())
    section, pos = _section(what, pos, start, b"    </Table>\n")
    if section is None:
        return None, pos
    head, _, body = section.partition(b"      <Data>\n")
    names = [field.decode() for field in _FIELD.findall(head)]
    textual = {column.name for column in part.columns if column.textual}
    rows = []
    for line in body.split(b"\n")[:-2]:
        if not line.startswith(b"        <TR>"):
            raise _Surprise
        cells = line[12:-5].replace(b"<TD/>", b"<TD></TD>")[4:-5].split(b"</TD><TD>")
        row = {}
        for column, cell in zip(names, cells, strict=True):
            if cell:
                if column in textual and cell.startswith(b"\\") or b"&" in cell:
                    raise _Surprise
                row[column] = cell
        rows.append(row)
    return rows, pos


_DATA = re.compile(rb' uri="data:[a-z/]+;base64,([A-Za-z0-9+/=]*)"')


def _scan_blob(what: bytes, pos: int, name: str, part: Blob) -> tuple[Any, int]:
    start = b'    <Group name="%b" type="%b">\n' % (name.encode(), part.type.encode())
    section, pos = _section(what, pos, start, b"    </Group>\n")
    if section is None:
        return None, pos
    params, _, reference = section.partition(b"      <Reference")
    names = {key.decode(): value for key, value in _params(params)}
    inline = _DATA.match(reference)
    if names.pop("length", None) == b"0":
        content = b""
    elif inline:
        content = _unbase64(inline[1], name)
    else:
        raise _Surprise
    return (content if part.place is None else (names, content)), pos


_SCAN: dict[type, Callable[[bytes, int, str, Any], tuple[Any, int]]] = {
    Scalar: _scan_scalar,
    Values: _scan_values,
    Rows: _scan_rows,
    Blob: _scan_blob,
}
