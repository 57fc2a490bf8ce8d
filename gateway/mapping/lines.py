"""The Params of a record as lines of bytes, compiled for its pattern of nulls.

Rules
1. Which fields are null differs between packets, but few patterns occur. For each there is a `_Pattern`: the bytes
   between the texts are static, and the texts are gathered by type and put into order by functions written in C.
2. The floats of all records of a packet become text together (`Floats`): collect from every record first, then
   write them, then finish the lines.
3. A text that has a form of its own (`gateway.mapping.forms`) sends its record the patient way, Param by Param.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from gateway.codecs.voevent.write import escape_attribute
from gateway.mapping import forms
from gateway.mapping.plan import Column
from gateway.model.floattext import texts32, texts64
from gateway.model.voevent import Param
from gateway.schema.raw import Raw
from gateway.schema.text import BOOLEANS, kind_of, text_of

__all__ = ["MAX_PATTERNS", "PLAIN", "Floats", "Lines", "taker"]

MAX_PATTERNS = 512
"""Most patterns of nulls kept for a record: a night has some dozens, and each takes about 15 kB."""

PLAIN = re.compile(rb"(?:[!#-%'-;=?-\[\]-~]++(?: +[!#-%'-;=?-\[\]-~]++)*+)?+\Z").match
"""Printable ASCII without what XML escapes and with no space at an end stands in an attribute and a cell as it is."""


def taker(places: Sequence[int]) -> Callable[[Any], Sequence[Any]]:
    """A function that takes the values at these places out of a sequence."""
    if len(places) == 1:
        only = places[0]
        return lambda values: (values[only],)
    return itemgetter(*places) if places else lambda _values: ()


class Floats:
    """The floats of a packet (rule 2)."""

    __slots__ = ("raw32", "raw64", "texts32", "texts64")

    def __init__(self) -> None:
        self.raw32: list[bytes] = []
        self.raw64: list[bytes] = []
        self.texts32: list[bytes] = []
        self.texts64: list[bytes] = []

    def write(self) -> None:
        """Make texts of all that was collected."""
        self.texts32 = texts32(b"".join(self.raw32))
        self.texts64 = texts64(b"".join(self.raw64))


class _Odd(Exception):
    """A text has a form of its own (rule 3)."""


def _attribute(raw: bytes) -> bytes:
    """A string as it stands in an attribute."""
    if PLAIN(raw):
        return raw
    text = _STRING(raw).decode()
    if forms.is_odd(text):
        raise _Odd
    return escape_attribute(text).encode()


_STRING = text_of("string")


class _Pattern:
    """What to do with a record in which just these columns are not null, numbered among all columns."""

    def __init__(self, kinds: list[str], cuts: list[tuple[bytes, bytes]], present: list[int]) -> None:
        by_kind: dict[str, list[int]] = {"float": [], "double": [], "boolean": [], "other": []}
        for place in present:
            by_kind.get(kinds[place], by_kind["other"]).append(place)
        self.floats, self.doubles = taker(by_kind["float"]), taker(by_kind["double"])
        self.booleans, self.others = taker(by_kind["boolean"]), taker(by_kind["other"])
        self.functions = [_attribute if kinds[p] == "string" else text_of(kinds[p]) for p in by_kind["other"]]
        gathered = [place for places in by_kind.values() for place in places]
        self.order = taker([gathered.index(place) for place in present])
        pieces = [b""]
        for place in present:
            head, tail = cuts[place]
            pieces[-1] += head
            pieces += [b"", tail]
        self.pieces = pieces

    def write(self, values: Sequence[Raw], floats: list[bytes], doubles: list[bytes]) -> bytes:
        """The lines. Raises _Odd."""
        texts = [
            *floats,
            *doubles,
            *map(BOOLEANS.__getitem__, self.booleans(values)),
            *[text(raw) for text, raw in zip(self.functions, self.others(values), strict=True)],
        ]
        pieces = self.pieces.copy()
        pieces[1::2] = self.order(texts)
        return b"".join(pieces)


Collected = tuple[_Pattern, Sequence[Raw], slice, slice]


class Lines:
    """Writes the Params of one kind of record.

    cuts : for each column, what is written before and after its text
    write_param : how any Param is written, for rule 3
    """

    def __init__(
        self,
        columns: Sequence[Column],
        cuts: list[tuple[bytes, bytes]],
        write_param: Callable[[Param], bytes],
    ) -> None:
        self.columns, self.cuts, self.write_param = columns, cuts, write_param
        self.kinds = [kind_of(column.type) for column in columns]
        self.patterns: dict[tuple[bool, ...], _Pattern] = {}

    def collect(self, values: Sequence[Raw], floats: Floats) -> Collected:
        """Put the floats of a record to the others; `values` are those of the columns."""
        nulls = tuple([value is None for value in values])
        pattern = self.patterns.get(nulls)
        if pattern is None:
            if len(self.patterns) >= MAX_PATTERNS:
                self.patterns.clear()
            present = [place for place, null in enumerate(nulls) if not null]
            pattern = self.patterns[nulls] = _Pattern(self.kinds, self.cuts, present)
        start32, start64 = len(floats.raw32), len(floats.raw64)
        floats.raw32 += pattern.floats(values)
        floats.raw64 += pattern.doubles(values)
        return pattern, values, slice(start32, len(floats.raw32)), slice(start64, len(floats.raw64))

    def finish(self, collected: Collected, floats: Floats) -> bytes:
        """The lines of a record. Raises AvroError (avro-text)."""
        pattern, values, of32, of64 = collected
        try:
            return pattern.write(values, floats.texts32[of32], floats.texts64[of64])
        except _Odd:
            return b"".join(
                self._line(place, value) for place, value in enumerate(values) if value is not None
            )

    def _line(self, place: int, raw: bytes) -> bytes:
        text = text_of(self.kinds[place])(raw)
        if self.kinds[place] == "string":
            return self.write_param(forms.param(self.columns[place], text.decode()))
        head, tail = self.cuts[place]
        return head + text + tail
