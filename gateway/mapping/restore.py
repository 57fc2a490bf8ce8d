"""VOEvent bytes -> the same Avro bytes: the way back from `gateway.mapping.fast`.

Rules
1. Decode only with the schema that the group `avro` names by its fingerprint; types come from the schema, never
   from dataType, which is too coarse.
2. A document in the form that we write is scanned (`gateway.mapping.scan`); any other goes to the XML parser
   and the model (`gateway.mapping.parse`), which accept every spelling. Both give the same texts.
3. The result is compared with the recorded SHA-256. A document that was changed gives an error, not an alert.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from gateway.codecs.container import CODECS
from gateway.codecs.voevent import decode
from gateway.errors import AvroError, ConversionError, GatewayError, SchemaError, Where
from gateway.mapping import exact
from gateway.mapping.parse import parts_of
from gateway.mapping.plan import Column, Part, Rows, Scalar, Values, make_plan
from gateway.mapping.scan import Scanner, Surprise, about
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import nullable
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.model.voevent import VOEvent
from gateway.schema import registry
from gateway.schema.raw import Layout, Raw
from gateway.schema.text import from_text, raws_of

__all__ = ["alert_of", "gives_back", "is_minted"]

_FRAMING = re.compile(rf"(raw|confluent|single-object|container)(?:(?<=container)/({'|'.join(CODECS)}))?")

Promise = Mapping[str, str]
"""What the group `avro` says."""


def is_minted(event: VOEvent) -> bool:
    """Whether an event says of itself that it was made from an alert."""
    return event.what is not None and event.what.group(exact.GROUP) is not None


def alert_of(data: bytes, provenance: Provenance = UNDECLARED) -> Alert:
    """The alert that a VOEvent document was made from, with the framing it had.

    provenance : of the alert
    Raises ConversionError (convert-foreign, convert-incomplete, convert-mismatch), SchemaError
    (schema-unknown), AvroError
    and what the XML codec raises.
    """
    try:
        promise, what = about(data)
        return _alert(promise, _payload(promise, lambda restorer: restorer.scan(what)), provenance)
    except Surprise:
        return _parsed(decode(data), provenance)


def gives_back(data: bytes, payload: bytes) -> bool:
    """Whether a document gives back just these Avro bytes."""
    try:
        return alert_of(data).payload == payload
    except GatewayError:
        return False


def _parsed(event: VOEvent, provenance: Provenance) -> Alert:
    group = event.what.group(exact.GROUP) if event.what else None
    if event.what is None or group is None:
        raise ConversionError("convert-foreign", "This VOEvent was not made from an alert.")
    what = event.what
    promise = {param.name or "": param.text or "" for param in group.params}
    if carried := what.group(exact.PAYLOAD_GROUP):
        payload = _unbase64(next((param.text or "" for param in carried.params), ""), exact.PAYLOAD_GROUP)
    else:
        payload = _payload(promise, lambda restorer: parts_of(what, restorer.plan))
    return _alert(promise, payload, provenance)


def _alert(promise: Promise, payload: bytes, provenance: Provenance) -> Alert:
    if promise.get("payload.sha256") != hashlib.sha256(payload).hexdigest():
        raise ConversionError(
            "convert-mismatch",
            "The VOEvent was changed after it was made: the alert it gives is another one.",
        )
    framing = _FRAMING.fullmatch(promise.get("framing", "raw"))
    if framing is None:
        raise ConversionError("convert-mismatch", "The framing that this VOEvent names does not exist.")
    return Alert(_schema(promise), payload, Framing(framing[1], framing[2]), provenance)


def _payload(promise: Promise, read: Callable[[_Restorer], Mapping[str, Any]]) -> bytes:
    if promise.get("exact") != "true":
        raise ConversionError("convert-incomplete", "This VOEvent does not carry the whole alert.")
    restorer = _restorer(_schema(promise))
    return restorer.payload(read(restorer))


def _schema(promise: Promise) -> AlertSchema:
    schema = registry.by_sha256(promise.get("schema.sha256", ""))
    if schema is None:
        raise SchemaError("schema-unknown", "The schema that this VOEvent names is not a released one.")
    return schema


@cache
def _restorer(schema: AlertSchema) -> _Restorer:
    return _Restorer(schema)


class _Restorer:
    """Texts of parts -> raw values -> datum, for one schema."""

    def __init__(self, schema: AlertSchema) -> None:
        self.plan = make_plan(schema, frozenset(), Settings(detail="full"))
        self.scan = Scanner(self.plan)
        self.layout = Layout(schema.root)
        self.parts = [
            (part.name, nullable(field.type)[1], _converter(part))
            for part, field in zip(self.plan.parts, schema.root.fields, strict=True)
        ]

    def payload(self, texts: Mapping[str, Any]) -> bytes:
        """The datum. Raises ConversionError (convert-mismatch) and AvroError (avro-value)."""
        raw: list[Raw] = []
        for name, may_be_null, convert in self.parts:
            text = texts.get(name)
            if text is None and not may_be_null:
                raise _missing(name)
            raw.append(None if text is None else convert(text))
        return self.layout.write(raw)


def _missing(name: str) -> ConversionError:
    return ConversionError(
        "convert-mismatch",
        "A field that every alert has is missing from the VOEvent.",
        where=Where(path=name),
    )


def _converter(part: Part) -> Callable[[Any], Raw]:
    """From the texts of a part to its raw value."""
    if isinstance(part, Scalar):
        return from_text(part.column.type, part.name)
    if isinstance(part, Values):
        convert_records = _records_converter(part.name, part.columns)
        return lambda texts: convert_records([texts])[0]
    if isinstance(part, Rows):
        return _records_converter(part.name, part.columns)
    convert_names = _records_converter(part.name, part.columns)
    name, place = part.name, part.place

    def convert_blob(found: tuple[list[bytes | None], bytes]) -> Raw:
        content = _unbase64(found[1], name)
        if place is None:
            return content
        raw = convert_names([found[0]])[0]
        raw.insert(place, content)
        return raw

    return convert_blob


def _records_converter(owner: str, columns: tuple[Column, ...]) -> Callable[[Any], list[list[Raw]]]:
    names = [f"{owner}.{column.name}" for column in columns]
    raws = raws_of([column.type for column in columns], names)
    required = [
        (i, name) for i, (column, name) in enumerate(zip(columns, names, strict=True)) if not column.nullable
    ]

    def convert(records: list[list[bytes | None]]) -> list[list[Raw]]:
        for record in records:
            for i, name in required:
                if record[i] is None:
                    raise _missing(name)
        return raws(records)

    return convert


def _unbase64(text: str | bytes, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AvroError(
            "avro-value", "Bytes that should be base64 are not.", where=Where(path=name)
        ) from None
