"""Raw field bytes <-> text, at the field's own width (standards.md 3.3; the lexical forms of XML Schema).

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
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from gateway.errors import AvroError, Where
from gateway.model import floattext
from gateway.model.avrotype import AvroType, Enum, Fixed, Primitive
from gateway.schema.raw import Raw, write_varint

__all__ = ["from_text", "integer", "texts_of"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUE, _FALSE = b"\x01", b"\x00"
_BOOLEANS = {_TRUE: b"true", _FALSE: b"false", None: None}
_SMALL = {bytes([n]): b"%d" % ((n >> 1) ^ -(n & 1)) for n in range(128)}


def integer(raw: bytes) -> int:
    """The number in a zigzag varint."""
    value = 0
    for byte in reversed(raw):
        value = value << 7 | byte & 0x7F
    return (value >> 1) ^ -(value & 1)


def _integer_text(raw: bytes) -> bytes:
    return _SMALL.get(raw) or b"%d" % integer(raw)


def _timestamp_text(raw: bytes) -> bytes:
    micros = integer(raw)
    try:
        moment = _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return b"%d" % micros
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds").encode() + b"Z"


def _string_text(raw: bytes) -> bytes:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise AvroError("avro-text", "A string is not valid UTF-8.") from None
    return raw


def _kind(type_: AvroType) -> str:
    if isinstance(type_, Primitive):
        return "timestamp" if type_.logical == "timestamp-micros" and type_.name == "long" else type_.name
    return "int" if isinstance(type_, Enum) else "bytes"


_ONE_BY_ONE: dict[str, Callable[[bytes], bytes]] = {
    "int": _integer_text,
    "long": _integer_text,
    "timestamp": _timestamp_text,
    "string": _string_text,
    "bytes": base64.b64encode,
}




def texts_of(types: Sequence[AvroType]) -> Callable[[Sequence[Raw]], list[bytes | None]]:
    """A function from the raw values of fields of these types (not nullable unions) to their texts.

    Null stays None. Raises AvroError (avro-text) for a string that is not UTF-8.
    """
    places: dict[str, list[int]] = {}
    for place, type_ in enumerate(types):
        places.setdefault(_kind(type_), []).append(place)
    booleans = places.pop("boolean", [])
    floats = [
        (where, to_texts)
        for name, to_texts in (("float", floattext.texts32), ("double", floattext.texts64))
        if (where := places.pop(name, []))
    ]
    others = [(place, _ONE_BY_ONE[kind]) for kind, where in places.items() for place in where if kind != "null"]

    def texts(raw: Sequence[Raw]) -> list[bytes | None]:
        out = list(raw)
        for place in booleans:
            out[place] = _BOOLEANS[out[place]]
        for place, text in others:
            value = out[place]
            if value is not None:
                out[place] = text(value)
        for where, to_texts in floats:
            present = [place for place in where if out[place] is not None]
            for place, made in zip(present, to_texts(b"".join([out[p] for p in present])), strict=True):
                out[place] = made
        return out

    return texts


# Back


def _raw_boolean(text: bytes) -> bytes:
    return {b"true": _TRUE, b"false": _FALSE}[text]


def _raw_integer(bits: int) -> Callable[[bytes], bytes]:
    limit = 1 << (bits - 1)

    def convert(text: bytes) -> bytes:
        value = int(text)
        if not -limit <= value < limit:
            raise ValueError
        return write_varint(value)

    return convert


_ISO = re.compile(rb"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z\Z")


def _raw_timestamp(text: bytes) -> bytes:
    found = _ISO.match(text)
    if found is None:
        return _raw_integer(64)(text)
    year, month, day, hour, minute, second, micro = map(int, found.groups())
    moment = datetime(year, month, day, hour, minute, second, micro, UTC)
    return write_varint((moment - _EPOCH) // timedelta(microseconds=1))


def _raw_string(text: bytes) -> bytes:
    text.decode("utf-8")
    return text


_BACK: dict[str, Callable[[bytes], bytes]] = {
    "boolean": _raw_boolean,
    "int": _raw_integer(32),
    "long": _raw_integer(64),
    "timestamp": _raw_timestamp,
    "float": floattext.bytes32,
    "double": floattext.bytes64,
    "string": _raw_string,
    "bytes": lambda text: base64.b64decode(text, validate=True),
}


def from_text(type_: AvroType, name: str) -> Callable[[bytes], bytes]:
    """A function from a field's text to its raw value. `name` is for the error.

    The function raises AvroError (avro-value) for a text that is not one of the type.
    """
    back = _BACK[_kind(type_)]
    size = type_.size if isinstance(type_, Fixed) else None

    def convert(text: bytes) -> bytes:
        try:
            raw = back(text)
            if size is not None and len(raw) != size:
                raise ValueError
        except (ValueError, KeyError, OverflowError, binascii.Error):
            raise AvroError(
                "avro-value", "The text is not a value of the type the schema gives this field.", where=Where(path=name)
            ) from None
        return raw

    return convert
