"""Reads a VOEvent that is exactly in the form that `gateway.mapping.fast` writes, without an XML parser.

Rules
1. What `gateway.mapping.written` writes around the texts is what is looked for between them. A document that
   differs in one byte from that form is a `Surprise`, not an error: the parser will read it
   (`gateway.mapping.parse`).
2. A text that is marked (base64) or spread over lines, or a number that is escaped, is a surprise too.
3. Nothing is believed here that the hash of the datum would not catch (`gateway.mapping.restore`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.mapping.plan import Blob, Column, Part, Plan, Rows, Scalar, Values
from gateway.mapping.written import fragment, frame, params_cuts, table_cuts
from gateway.model.voevent import Group
from gateway.safexml import MAX_BYTES

__all__ = ["Scanner", "Surprise", "about"]


class Surprise(Exception):
    """The document is not in the form that we write."""


_START = (
    rb'<\?xml version="1.0" encoding="UTF-8"\?>\n'
    rb'<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v(2\.[01])" version="\1" '
    rb'ivorn="[^"]*" role="[a-z]+">\n  <Who>'
)
_HEAD = re.compile(_START).match
_ABOUT = re.compile(rb'      <Param name="([a-z.0-9]+)" value="([!#-%(-;=-~]*)" dataType="[a-z]+"/>\n')

Scan = Callable[[bytes, int], tuple[Any, int]]
"""From the lines of What and a place in them to what a part has there (None: nothing), and the place behind it."""


def about(data: bytes) -> tuple[dict[str, str], bytes]:
    """What the group `avro` says, and the lines of What before it. Raises Surprise."""
    # To look for one byte, which is rare, is forty times faster than to look for two of which the first is not.
    if not _HEAD(data) or (b"!" in data and b"<!" in data) or len(data) > MAX_BYTES:
        raise Surprise
    start, end = data.find(b"\n  <What>\n"), data.rfind(b"\n  </What>\n")
    last = data.rfind(b'\n    <Group name="avro">\n', start, end + 1)
    if start < 0 or last < 0 or not data.endswith(b"</voe:VOEvent>\n"):
        raise Surprise
    group = data[last + 1 : end + 1]
    params = _ABOUT.findall(group)
    if len(params) != group.count(b"\n") - 2 or not group.endswith(b"    </Group>\n"):
        raise Surprise
    return {name.decode(): text.decode() for name, text in params}, data[start + 10 : last + 1]


class Scanner:
    """For one schema: from the lines of What to the texts of each part."""

    def __init__(self, plan: Plan) -> None:
        self.scans = [(part.name, _scan(part, plan)) for part in plan.parts]

    def __call__(self, what: bytes) -> dict[str, Any]:
        """The texts of the parts that are there. Raises Surprise."""
        found: dict[str, Any] = {}
        pos = 0
        for name, scan in self.scans:
            texts, pos = scan(what, pos)
            if texts is not None:
                found[name] = texts
        if pos != len(what):
            raise Surprise
        return found


def _scan(part: Part, plan: Plan) -> Scan:
    if isinstance(part, Scalar):
        return _scalar(part)
    if isinstance(part, Values):
        return _values(part)
    return _rows(part) if isinstance(part, Rows) else _blob(part, plan)


def _params_pattern(columns: tuple[Column, ...], *, in_group: bool) -> bytes:
    """An expression for the Params that may be there, in order, with a group each."""
    return b"".join(
        b"(?:%b(%b)%b)?+" % (re.escape(head), _TEXT if column.textual else _NUMBER, re.escape(tail))
        for column, (head, tail) in zip(columns, params_cuts(columns, in_group=in_group), strict=True)
    )


_TEXT, _NUMBER = rb'[^"<]*', rb'[^"&<]*'


def _unescaped(text: bytes | None) -> bytes | None:
    """An attribute's text as it was before the writer escaped it."""
    if text and b"&" in text:
        for reference, character in _REFERENCES:
            text = text.replace(reference, character)
    return text


# The ampersand last, or what it uncovers would be replaced again.
_REFERENCES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&amp;", b"&"))


def _scalar(part: Scalar) -> Scan:
    match = re.compile(_params_pattern((part.column,), in_group=False)).match

    def scan(what: bytes, pos: int) -> tuple[Any, int]:
        found = match(what, pos)
        assert found is not None  # the Param in the expression is optional
        return _unescaped(found[1]), found.end()

    return scan


def _values(part: Values) -> Scan:
    head, tail = frame(part.name, part.record.fullname)
    empty = fragment(Group(part.name, part.record.fullname))
    match = re.compile(re.escape(head) + _params_pattern(part.columns, in_group=True) + re.escape(tail)).match
    textual = [i for i, column in enumerate(part.columns) if column.textual]

    def scan(what: bytes, pos: int) -> tuple[Any, int]:
        found = match(what, pos)
        if found is not None:
            texts = list(found.groups())
            for i in textual:
                texts[i] = _unescaped(texts[i])
            return texts, found.end()
        if what.startswith(empty, pos):
            return (None,) * len(part.columns), pos + len(empty)
        if what.startswith(head, pos):
            raise Surprise
        return None, pos

    return scan


def _rows(part: Rows) -> Scan:
    head, row_head, row_tail, tail = table_cuts(part)
    array_head, array_tail = frame(part.name, "array")
    textual = [i for i, column in enumerate(part.columns) if column.textual]
    count = len(part.columns)

    def cells(row: bytes) -> list[bytes | None]:
        if not row.startswith(row_head) or b"&" in row:
            raise Surprise
        found: list[bytes | None] = [
            cell or None
            for cell in row[len(row_head) + 4 : -5].replace(b"<TD/>", b"<TD></TD>").split(b"</TD><TD>")
        ]
        if len(found) != count or any((found[i] or b"").startswith(b"\\") for i in textual):
            raise Surprise
        return found

    def scan(what: bytes, pos: int) -> tuple[Any, int]:
        if what.startswith(array_head, pos):
            end = what.find(array_tail, pos)
            if end < 0:
                raise Surprise
            return [], end + len(array_tail)
        if not what.startswith(head, pos):
            return None, pos
        end = what.find(tail, pos)
        if end < 0:
            raise Surprise
        return [cells(row) for row in what[pos + len(head) : end].split(row_tail)[:-1]], end + len(tail)

    return scan


def _blob(part: Blob, plan: Plan) -> Scan:
    head, tail = frame(part.name, part.type)
    length = b'      <Param name="length" value="(\\d+)" dataType="int"/>\n'
    reference = b'      <Reference uri="data:[a-z/]+;base64,([A-Za-z0-9+/=]*)"[^<>]*/>\n'
    params = _params_pattern(part.columns, in_group=True)
    match = re.compile(re.escape(head) + params + length + b"(?:%b)?" % reference + re.escape(tail)).match

    def scan(what: bytes, pos: int) -> tuple[Any, int]:
        found = match(what, pos)
        if found is None:
            if what.startswith(head, pos):
                raise Surprise
            return None, pos
        *names, size, content = found.groups()
        if content is None and size != b"0":
            raise Surprise
        return ([_unescaped(name) for name in names], content or b""), found.end()

    return scan
