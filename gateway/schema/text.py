"""Raw field bytes <-> text, at the field's own width (docs/mapping.md; the lexical forms of XML Schema).

    type              text
    boolean           true, false
    int, long         decimal
    float, double     shortest (gateway.model.floattext)
    string            itself
    bytes, fixed      base64 (RFC 4648, with padding)
    timestamp-micros  2026-03-05T02:14:50.123456Z; outside the years 1 to 9999 the number of microseconds
    enum              its symbol's number

Text is bytes in UTF-8 here: it goes from the packet to the document without becoming a `str` in between.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from gateway.errors import AvroError, Where
from gateway.model import floattext
from gateway.model.avrotype import AvroType, Enum, Fixed, Primitive
from gateway.schema.raw import Raw, write_varint

__all__ = [
    "BOOLEANS",
    "NOT_A_VALUE",
    "RAW_BOOLEANS",
    "back_of",
    "from_text",
    "integer",
    "integer_text",
    "kind_of",
    "raw_integer",
    "string",
    "text_of",
    "texts_of",
]

_EPOCH = datetime(1970, 1, 1)  # UTC, like all that is done with it
BOOLEANS = {b"\x01": b"true", b"\x00": b"false", None: None}


# An alert names itself, its object and its visit several times, and a visit's alerts all name the visit.
@lru_cache(maxsize=4096)
def integer(raw: bytes) -> int:
    """The number in a zigzag varint."""
    value = 0
    for byte in reversed(raw):
        value = value << 7 | byte & 0x7F
    return (value >> 1) ^ -(value & 1)


@lru_cache(maxsize=4096)
def integer_text(raw: bytes) -> bytes:
    """The number in a zigzag varint as text."""
    return b"%d" % integer(raw)


def _timestamp_text(raw: bytes) -> bytes:
    micros = integer(raw)
    try:
        moment = _EPOCH + timedelta(0, 0, micros)
    except OverflowError:
        return b"%d" % micros
    return moment.isoformat("T", "microseconds").encode() + b"Z"


def string(raw: bytes) -> str:
    """A string. Raises AvroError (avro-text)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise AvroError("avro-text", "A string is not valid UTF-8.") from None


def _string_text(raw: bytes) -> bytes:
    string(raw)
    return raw


def kind_of(type_: AvroType) -> str:
    """Which row of the table above a type belongs to."""
    if isinstance(type_, Primitive):
        return "timestamp" if type_.logical == "timestamp-micros" and type_.name == "long" else type_.name
    return "int" if isinstance(type_, Enum) else "bytes"


_ONE_BY_ONE: dict[str, Callable[[bytes], bytes]] = {
    "boolean": lambda raw: BOOLEANS[raw] or b"",
    "int": integer_text,
    "long": integer_text,
    "float": lambda raw: floattext.texts32(raw)[0],
    "double": lambda raw: floattext.texts64(raw)[0],
    "timestamp": _timestamp_text,
    "string": _string_text,
    "bytes": base64.b64encode,
}


def text_of(kind: str) -> Callable[[bytes], bytes]:
    """A function from one raw value of a kind to its text."""
    return _ONE_BY_ONE[kind]


def texts_of(types: Sequence[AvroType]) -> Callable[[Iterable[Sequence[Raw]]], list[list[bytes | None]]]:
    """A function from the raw values of records to their texts.

    types : of the values of each record, without the null of a union
    Null stays None. All floats of all records are written at once, which is what makes it fast.
    Raises AvroError (avro-text) for a string that is not UTF-8.
    """
    places: dict[str, list[int]] = {}
    for place, type_ in enumerate(types):
        places.setdefault(kind_of(type_), []).append(place)
    booleans = places.pop("boolean", [])
    floats = [
        (where, to_texts)
        for name, to_texts in (("float", floattext.texts32), ("double", floattext.texts64))
        if (where := places.pop(name, []))
    ]
    others = [
        (place, _ONE_BY_ONE[kind]) for kind, where in places.items() for place in where if kind != "null"
    ]

    def texts(records: Iterable[Sequence[Raw]]) -> list[list[bytes | None]]:
        outs: list[list[Any]] = [list(record) for record in records]
        for out in outs:
            for place in booleans:
                out[place] = BOOLEANS[out[place]]
            for place, text in others:
                value = out[place]
                if value is not None:
                    out[place] = text(value)
        for where, to_texts in floats:
            made = to_texts(
                b"".join([raw for out in outs for place in where if (raw := out[place]) is not None])
            )
            following = iter(made)
            for out in outs:
                for place in where:
                    if out[place] is not None:
                        out[place] = next(following)
        return outs

    return texts


# Back

NOT_A_VALUE = (ValueError, KeyError, OverflowError, binascii.Error, struct.error)
"""What is raised by a function that does not name the field."""

RAW_BOOLEANS = {b"true": b"\x01", b"false": b"\x00"}


def raw_integer(number: int, bits: int) -> bytes:
    """The zigzag varint of a number. Raises ValueError for more than so many bits."""
    limit = 1 << (bits - 1)
    if not -limit <= number < limit:
        raise ValueError
    return write_varint(number)


_ISO = re.compile(rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z\Z")


def _raw_timestamp(text: bytes) -> bytes:
    found = _ISO.match(text)
    if found is None:
        return raw_integer(int(text), 64)
    year, month, day, hour, minute, second, micro = map(int, found.groups())
    moment = datetime(year, month, day, hour, minute, second, micro)
    return write_varint((moment - _EPOCH) // timedelta(microseconds=1))


def _raw_string(text: bytes) -> bytes:
    text.decode("utf-8")
    return text


_BACK: dict[str, Callable[[bytes], bytes]] = {
    "boolean": RAW_BOOLEANS.__getitem__,
    "int": lambda text: raw_integer(int(text), 32),
    "long": lambda text: raw_integer(int(text), 64),
    "timestamp": _raw_timestamp,
    "float": floattext.bytes32,
    "double": floattext.bytes64,
    "string": _raw_string,
    "bytes": lambda text: base64.b64decode(text, validate=True),
}


def back_of(type_: AvroType) -> Callable[[bytes], bytes]:
    """A function from the text of a type to its raw value, which raises one of `NOT_A_VALUE` for another text."""
    kind = kind_of(type_)
    back = _BACK[kind]
    if isinstance(type_, Fixed):
        size = type_.size

        def back_fixed(text: bytes) -> bytes:
            raw = back(text)
            if len(raw) != size:
                raise ValueError
            return raw

        return back_fixed
    if kind in ("boolean", "string", "bytes"):
        return back

    def back_number(text: bytes) -> bytes:
        if b"_" in text:
            raise ValueError  # a spelling of Python's own
        return back(text)

    return back_number


def from_text(type_: AvroType, name: str) -> Callable[[bytes], bytes]:
    """A function from a field's text to its raw value. `name` is for the error.

    The function raises AvroError (avro-value) for a text that is not one of the type.
    """
    back = back_of(type_)

    def convert(text: bytes) -> bytes:
        try:
            return back(text)
        except NOT_A_VALUE:
            raise AvroError(
                "avro-value",
                "The text is not a value of the type the schema gives this field.",
                where=Where(path=name),
            ) from None

    return convert
