"""The Params of a record as lines of bytes, compiled for its pattern of nulls.

Rules
1. Which fields are null differs between packets, but few patterns occur. For each there is a `_Pattern`: the lines
   are one format, and the texts are gathered by type and put into order by functions written in C.
2. The floats of all records of a packet become text together (`Floats`): collect from every record first, then
   write them, then finish the lines.
3. A text that has a form of its own (`gateway.mapping.forms`) sends its record the patient way, Param by Param.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from operator import call

from gateway.codecs.voevent.write import escape_attribute
from gateway.mapping import forms
from gateway.mapping.plan import Column
from gateway.model.floattext import texts32, texts64
from gateway.model.voevent import Param
from gateway.schema.gather import gathered, in_order, taker
from gateway.schema.raw import Raw
from gateway.schema.text import BOOLEANS, integer_text, kind_of, string, text_of

__all__ = ["MAX_PATTERNS", "PLAIN", "Floats", "Lines", "Odd", "attribute"]

MAX_PATTERNS = 512
"""Most patterns of nulls kept for a record: a night has some dozens, and each takes about 15 kB."""

PLAIN = re.compile(rb"(?:[!#-%'-;=?-\[\]-~]++(?: +[!#-%'-;=?-\[\]-~]++)*+)?+\Z").match
"""Printable ASCII without what XML escapes and with no space at an end stands in an attribute and a cell as it is."""


class Floats:
    """The floats of a packet (rule 2). Their texts are taken in the order in which they were added."""

    __slots__ = ("raw32", "raw64", "texts32", "texts64")

    def __init__(self) -> None:
        self.raw32: list[bytes] = []
        self.raw64: list[bytes] = []

    def write(self) -> None:
        """Make texts of all that was added."""
        self.texts32: Iterator[bytes] = iter(texts32(b"".join(self.raw32)))
        self.texts64: Iterator[bytes] = iter(texts64(b"".join(self.raw64)))


class Odd(Exception):
    """A text has a form of its own (rule 3)."""


def attribute(raw: bytes) -> bytes:
    """A string as it stands in an attribute. Raises Odd, and AvroError (avro-text)."""
    if PLAIN(raw):
        return raw
    text = string(raw)
    if forms.is_odd(text):
        raise Odd
    return escape_attribute(text).encode()


class _Pattern:
    """What to do with a record in which just these columns are null, numbered among all columns."""

    def __init__(
        self,
        kinds: list[str],
        cuts: list[tuple[bytes, bytes]],
        frame: Callable[[bytes], bytes],
        nulls: Collection[int],
    ) -> None:
        present = [place for place in range(len(kinds)) if place not in nulls]
        groups = gathered(kinds, present, "float", "double", "boolean", "int", "long", "string")
        floats, doubles, booleans, ints, longs, strings, others = groups
        self.floats, self.doubles = taker(floats), taker(doubles)
        self.count32, self.count64 = len(floats), len(doubles)
        self.booleans, self.integers = taker(booleans), taker([*ints, *longs])
        self.strings, self.others = taker(strings), taker(others)
        self.functions = [text_of(kinds[place]) for place in others]
        self.order = in_order(groups)
        marked = frame(b"".join([b"\0".join(cuts[place]) for place in present]))
        self.form = marked.replace(b"%", b"%%").replace(b"\0", b"%b")

    def write(self, values: Sequence[Raw], floats: Floats) -> bytes:
        """The lines. Raises Odd."""
        texts = [
            *islice(floats.texts32, self.count32),
            *islice(floats.texts64, self.count64),
            *map(BOOLEANS.__getitem__, self.booleans(values)),
            *map(integer_text, self.integers(values)),
            *map(attribute, self.strings(values)),
            *map(call, self.functions, self.others(values)),
        ]
        return self.form % self.order(texts)


Collected = tuple[_Pattern, Sequence[Raw]]


class Lines:
    """Writes the Params of one kind of record.

    cuts : for each column, what is written before and after its text
    write_param : how any Param is written, for rule 3
    frame : puts around the lines what stands around them
    """

    def __init__(
        self,
        columns: Sequence[Column],
        cuts: list[tuple[bytes, bytes]],
        write_param: Callable[[Param], bytes],
        frame: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.columns, self.cuts, self.write_param, self.frame = columns, cuts, write_param, frame
        self.kinds = [kind_of(column.type) for column in columns]
        self.patterns: dict[tuple[int, ...], _Pattern] = {}

    def collect(self, values: Sequence[Raw], floats: Floats) -> Collected:
        """Put the floats of a record to the others; `values` are those of the columns."""
        nulls = tuple([place for place, value in enumerate(values) if value is None])
        pattern = self.patterns.get(nulls)
        if pattern is None:
            if len(self.patterns) >= MAX_PATTERNS:
                self.patterns.clear()
            pattern = self.patterns[nulls] = _Pattern(self.kinds, self.cuts, self.frame, nulls)
        floats.raw32 += pattern.floats(values)
        floats.raw64 += pattern.doubles(values)
        return pattern, values

    def finish(self, collected: Collected, floats: Floats, _event_id: str = "") -> bytes:
        """The lines of a record, in the order in which records were collected. Raises AvroError (avro-text)."""
        pattern, values = collected
        try:
            return pattern.write(values, floats)
        except Odd:
            lines = [self._line(place, value) for place, value in enumerate(values) if value is not None]
            return self.frame(b"".join(lines))

    def _line(self, place: int, raw: bytes) -> bytes:
        if self.kinds[place] == "string":
            return self.write_param(forms.param(self.columns[place], string(raw)))
        head, tail = self.cuts[place]
        return head + text_of(self.kinds[place])(raw) + tail
