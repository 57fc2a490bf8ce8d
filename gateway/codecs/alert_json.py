"""Alerts as JSON: the project's own form (no standard has one), described by ``schemas/json/alert.schema.json``.

    {"schema": "lsst/11.0", "framing": "confluent", "sha256": "...", "record": {"diaSourceId":
    "170094456272322680", ...}}

Rules
1. A 64-bit integer is a string, as in protobuf's JSON: most JSON readers keep 53 bits. A 32-bit integer is a
   number.
2. A float is a number in shortest text at its own width (`gateway.model.floattext`); "NaN", "INF", "-INF" are
   strings.
3. Bytes are base64; a timestamp is ISO 8601 with Z, or outside the years 1 to 9999 a string of microseconds;
   null is null.
4. `sha256` is of the Avro datum. Reading checks it, so what comes back is the same datum or an error. Fields
   that the audience may not see are left out, listed in `withheld`, and then there is no hash and no way back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jsonschema
import orjson

from gateway import resources
from gateway.codecs.json_misfit import wrong_fields
from gateway.errors import AvroError, ConversionError, JSONError, LimitError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import Array, AvroType, Primitive, Record, nullable
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.schema import registry
from gateway.schema.raw import Layout, Raw
from gateway.schema.text import from_text, texts_of

__all__ = ["MAX_BYTES", "decode", "decode_values", "encode"]

MAX_BYTES = 64 * 2**20
"""Largest JSON text: a full LSST alert has about 1 MB of it."""

_NUMBERS = ("int", "float", "double")


def encode(alert: Alert, withheld: frozenset[FieldPath] = frozenset()) -> bytes:
    """The JSON of an alert in a released schema, one line with a line feed.

    withheld : the leaves to leave out; take them from the `Release`
    Raises AvroError when the datum is damaged.
    """
    compiled = _compiled(alert.schema, withheld)
    record = compiled[1](compiled[0].read(alert.payload))
    head: dict[str, Any] = {"schema": str(alert.schema.key), "framing": str(alert.framing)}
    if withheld:
        head["withheld"] = sorted(map(str, withheld))
    else:
        head["sha256"] = hashlib.sha256(alert.payload).hexdigest()
    return orjson.dumps(head)[:-1] + b',"record":' + record + b"}\n"


@cache
def _compiled(schema: AlertSchema, withheld: frozenset[FieldPath]) -> tuple[Layout, Callable[[Raw], bytes]]:
    return Layout(schema.root), _record_writer(schema.root, FieldPath(()), withheld)


def _record_writer(
    record: Record, path: FieldPath, withheld: frozenset[FieldPath]
) -> Callable[[Sequence[Raw]], bytes]:
    """A function from the raw values of a record to its JSON object."""
    simple = [
        (place, type_)
        for place, field in enumerate(record.fields)
        if isinstance(type_ := nullable(field.type)[0], Primitive)
    ]
    places = [place for place, _ in simple]
    texts_of_simple = texts_of([type_ for _, type_ in simple])
    shown = [
        (place, orjson.dumps(field.name) + b":", _value_writer(field.type, path / field.name, withheld))
        for place, field in enumerate(record.fields)
        if path / field.name not in withheld
    ]

    def write(raw: Sequence[Raw]) -> bytes:
        values = list(raw)
        (texts,) = texts_of_simple([[raw[p] for p in places]])
        for place, text in zip(places, texts, strict=True):
            values[place] = text
        return b"{" + b",".join([name + to_json(values[place]) for place, name, to_json in shown]) + b"}"

    return write


def _value_writer(type_: AvroType, path: FieldPath, withheld: frozenset[FieldPath]) -> Callable[[Any], bytes]:
    """A function from a field's text, or raw value where it has parts, to JSON."""
    inner, _ = nullable(type_)
    if isinstance(inner, Record):
        write_record = _record_writer(inner, path, withheld)
        return lambda raw: b"null" if raw is None else write_record(raw)
    if isinstance(inner, Array):
        write_item = _value_writer(inner.items, path.items(), withheld)
        return lambda raw: b"null" if raw is None else b"[" + b",".join(map(write_item, raw)) + b"]"
    if isinstance(inner, Primitive) and inner.name in (*_NUMBERS, "boolean"):
        return lambda text: b"null" if text is None else text if text not in _SPECIAL else b'"%b"' % text
    return lambda text: b"null" if text is None else orjson.dumps(text.decode())


_SPECIAL = (b"NaN", b"INF", b"-INF")


class _Number(str):
    """A JSON number with a point or exponent, as it was spelled."""

    __slots__ = ()


def decode(data: bytes, provenance: Provenance = UNDECLARED) -> Alert:
    """The alert of a JSON text.

    Raises JSONError (json-malformed, json-form), LimitError, SchemaError (schema-unknown) and ConversionError
    (convert-incomplete for an alert with withheld fields, convert-mismatch for one that was changed).
    """
    found = decode_values(data)
    # The record is compared with its own schema below, which says more and takes a hundredth of the time.
    head = found | {"record": {}} if isinstance(found.get("record"), dict) else found
    for error in _validator().iter_errors(head):
        raise JSONError(
            "json-form", "The JSON is not the form of an alert.", where=Where(path=error.json_path)
        )
    if "sha256" not in found:
        raise ConversionError(
            "convert-incomplete", "Fields of this alert are withheld, so it cannot be given back."
        )
    schema = registry.get(found["schema"])
    payload = Layout(schema.root).write(_raw(schema.root, found["record"], FieldPath(())))
    if hashlib.sha256(payload).hexdigest() != found["sha256"]:
        raise ConversionError(
            "convert-mismatch", "The JSON was changed after it was made: it gives another alert."
        )
    kind, _, codec = found["framing"].partition("/")
    return Alert(schema, payload, Framing(kind, codec or None), provenance)


def decode_values(data: bytes) -> dict[str, Any]:
    """The JSON object in a text, floats as they are spelled. Raises JSONError (json-malformed) and LimitError."""
    if len(data) > MAX_BYTES:
        raise LimitError("limit-size", f"The JSON has {len(data)} bytes; the limit is {MAX_BYTES}.")
    try:
        found = json.loads(
            data.decode("utf-8"), parse_float=_Number, parse_constant=_refuse, object_pairs_hook=_unique
        )
    except RecursionError:
        raise LimitError("limit-depth", "The JSON is nested too deeply.") from None
    except ValueError:
        raise JSONError("json-malformed", "The text is not JSON in UTF-8.") from None
    if not isinstance(found, dict):
        raise JSONError("json-form", "The JSON is not an object.")
    return found


def _refuse(_constant: str) -> None:
    raise ValueError


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


@cache
def _validator() -> Any:
    schema = json.loads((resources.schemas() / "json" / "alert.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _raw(type_: AvroType, value: Any, path: FieldPath) -> Raw:
    """The raw value of a JSON value. Raises JSONError (json-form) where it is not of the type."""
    inner, may_be_null = nullable(type_)
    if value is None and may_be_null:
        return None
    if isinstance(inner, Record) and isinstance(value, dict):
        if misfit := wrong_fields(value, inner, path):
            raise misfit
        return [_raw(field.type, value[field.name], path / field.name) for field in inner.fields]
    if isinstance(inner, Array) and isinstance(value, list):
        return [_raw(inner.items, item, path.items()) for item in value]
    if isinstance(inner, Primitive):
        text = _text(inner, value)
        if text is not None:
            try:
                return _from_text(inner, str(path))(text)
            except AvroError:
                pass
    raise JSONError("json-form", "The value is not one of the field's type.", where=Where(path=str(path)))


@cache
def _from_text(type_: Primitive, name: str) -> Callable[[bytes], bytes]:
    return from_text(type_, name)


def _text(type_: Primitive, value: Any) -> bytes | None:
    """The text of a JSON value of the right kind (rules 1 to 3)."""
    if type_.name == "boolean":
        return {True: b"true", False: b"false"}.get(value) if isinstance(value, bool) else None
    if isinstance(value, bool):
        return None
    if type_.name == "int":
        return b"%d" % value if isinstance(value, int) else None
    if type_.name in ("float", "double"):
        special = isinstance(value, str) and value.encode("utf-8", "replace") in _SPECIAL
        return str(value).encode() if isinstance(value, (int, _Number)) or special else None
    if isinstance(value, _Number) or not isinstance(value, str):
        return None
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError:
        return None
