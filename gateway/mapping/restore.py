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
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from gateway.codecs.container import CODECS
from gateway.codecs.voevent import decode
from gateway.errors import AvroError, ConversionError, GatewayError, SchemaError, Where
from gateway.mapping import exact
from gateway.mapping.parse import parts_of
from gateway.mapping.plan import Blob, Part, Rows, Scalar, Values, make_plan
from gateway.mapping.scan import Scanner, Surprise, about
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.avrotype import Primitive, Record, nullable
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.model.voevent import VOEvent
from gateway.schema import registry
from gateway.schema.compose import Composer
from gateway.schema.gather import taker
from gateway.schema.shapes import branches, write_varint
from gateway.schema.text import from_text
from gateway.schema.write import writer

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
    """Texts of parts -> datum, for one schema."""

    def __init__(self, schema: AlertSchema) -> None:
        self.plan = make_plan(schema, frozenset(), Settings(detail="full"))
        self.scan = Scanner(self.plan)
        self.parts = [
            (part.name, branches(field.type), _composer(part))
            for part, field in zip(self.plan.parts, schema.root.fields, strict=True)
        ]

    def payload(self, texts: Mapping[str, Any]) -> bytes:
        """The datum. Raises ConversionError (convert-mismatch) and AvroError (avro-value)."""
        data: list[bytes] = []
        for name, (null, before), compose in self.parts:
            text = texts.get(name)
            if text is None:
                if not null:
                    raise _missing(name)
                data.append(null)
            else:
                data += before, compose(text)
        return b"".join(data)


def _missing(name: str) -> ConversionError:
    return ConversionError(
        "convert-mismatch",
        "A field that every alert has is missing from the VOEvent.",
        where=Where(path=name),
    )


def _composer(part: Part) -> Callable[[Any], bytes]:
    """From the texts of a part to its datum."""
    if isinstance(part, Scalar):
        convert, write = from_text(part.column.type, part.name), writer(part.column.type)
        return lambda text: write(convert(text))
    if isinstance(part, Values):
        return _record_composer(part.name, part.record)
    if isinstance(part, Rows):
        return _rows_composer(part)
    return _blob_composer(part)


def _record_composer(owner: str, record: Record) -> Callable[[Sequence[bytes | None]], bytes]:
    names = [f"{owner}.{field.name}" for field in record.fields]
    compose = Composer(record, names)
    places = [place for place, field in enumerate(record.fields) if not nullable(field.type)[1]]
    required = taker(places)

    def compose_record(texts: Sequence[bytes | None]) -> bytes:
        if None in required(texts):
            raise _missing(next(names[place] for place in places if texts[place] is None))
        return compose(texts)

    return compose_record


def _rows_composer(part: Rows) -> Callable[[Any], bytes]:
    compose = _record_composer(part.name, part.record)

    def compose_rows(rows: list[list[bytes | None]]) -> bytes:
        return b"".join([write_varint(len(rows)), *map(compose, rows), b"\0"]) if rows else b"\0"

    return compose_rows


def _blob_composer(part: Blob) -> Callable[[Any], bytes]:
    name, place = part.name, part.place
    write = writer(Primitive("bytes"))
    if part.record is None or place is None:
        return lambda found: write(_unbase64(found[1], name))
    compose = _record_composer(name, part.record)

    def compose_blob(found: tuple[list[bytes | None], bytes]) -> bytes:
        texts, content = found
        return compose([*texts[:place], content, *texts[place:]])

    return compose_blob


def _unbase64(text: str | bytes, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AvroError(
            "avro-value", "Bytes that should be base64 are not.", where=Where(path=name)
        ) from None
