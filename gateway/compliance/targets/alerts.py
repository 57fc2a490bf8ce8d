"""Alerts in any Avro form, and in our JSON form: the leaves of their schemas, and the packets themselves.

Rules
1. A container is read as a stream; a message is one alert.
2. What a container's header says beyond its schema and codec is metadata of nobody's column (L06).
3. Our JSON form is judged by the keys that are there, not by the schema that it names (L07). It is a packet too when it
   gives its datum back.
4. A container of stored VOEvents shows these, and they are judged like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain

from gateway.codecs import alert_json, confluent, container, single_object, voevent_avro
from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Row, Surface, column, free_text
from gateway.compliance.targets import avro, jsons
from gateway.errors import GatewayError, InputError, JSONError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.model.rejected import Rejected
from gateway.model.voevent import VOEvent
from gateway.policy.rule import Decision, Resource
from gateway.schema import registry
from gateway.schema.raw import MAX_PAYLOAD, Layout

__all__ = ["NAME", "fields", "recognise"]

NAME = "alerts"

_JSON = re.compile(rb'\s*\{\s*"schema"\s*:\s*"(lsst|ztf)/')


def recognise(start: bytes, name: str) -> bool:
    """By the first bytes of the framing."""
    return start.startswith((container.MAGIC, single_object.MARKER, b"\0\0")) or bool(_JSON.match(start))


def fields(source: Source, manifest: Manifest) -> Content:
    """The leaves of the schema that wrote the alerts. Raises AvroError, SchemaError and LimitError."""
    provenance = manifest.of_packets(source.name)
    if source.start.startswith(container.MAGIC):
        return _container(source, manifest, provenance)
    data = source.data(MAX_PAYLOAD + 16)
    if _JSON.match(source.start):
        return _json(data, manifest, provenance)
    if data.startswith(single_object.MARKER):
        alert = single_object.read(data, provenance)
    elif manifest.schema is not None and not recognise(source.start, source.name):
        alert = _bare(manifest.schema, data, provenance)
    else:
        alert = confluent.read(data, provenance)
    return Content(_leaves(alert.schema, manifest), (alert.schema,), iter([_checked(alert)]))


def _container(source: Source, manifest: Manifest, provenance: Provenance) -> Content:
    header, _ = _opened(source)
    schema = header.schema
    metadata = (free_text(f"#metadata{number}", sort="metadata") for number in range(1, header.others + 1))
    packets = _packets(source, provenance)
    if schema.sha256 == registry.stored_event().sha256:
        return Content(metadata, events=map(_stored, packets), name="VOEvents in Avro")
    count = None if avro.compared_with(schema, manifest) else _count(source)
    surfaces = avro.surfaces(schema, json.loads(header.schema_text), manifest, count)
    return Content(chain(surfaces, metadata), (schema,), packets, rows=lambda: _rows(source))


def _opened(source: Source) -> tuple[container.Header, Iterator[container.Block | Rejected]]:
    """The container from its beginning. What was read of it before goes no further then."""
    source.stream.seek(0)
    return container.open_blocks(source.stream)


def _packets(source: Source, provenance: Provenance) -> Iterator[Alert | Rejected]:
    header, blocks = _opened(source)
    for block in blocks:
        if isinstance(block, Rejected):
            yield block
        else:
            yield from container.read_block(header, block, provenance)


def _count(source: Source) -> int:
    """How many records there are, as far as can be told."""
    return sum(block.count for block in _opened(source)[1] if not isinstance(block, Rejected))


def _rows(source: Source) -> Iterator[Row]:
    """The texts in each record."""
    packets = _packets(source, UNDECLARED)
    return (avro.row(packet) for packet in packets if not isinstance(packet, Rejected))


def _stored(packet: Alert | Rejected) -> VOEvent | Rejected:
    """Rule 4."""
    if isinstance(packet, Rejected):
        return packet
    try:
        return voevent_avro.decode(packet.payload)
    except GatewayError as error:
        return Rejected(error.located(record=packet.provenance.position), b"")


def _leaves(schema: AlertSchema, manifest: Manifest) -> Iterator[Surface]:
    return avro.surfaces(schema, schema.json, manifest)


def _bare(schema: AlertSchema, data: bytes, provenance: Provenance) -> Alert:
    """The alert that a file is when it is nothing else. Raises InputError (input-unknown) when it is not."""
    try:
        Layout(schema.root).check(data)
    except GatewayError:
        raise InputError(
            "input-unknown", f"It is of no format that can be checked, and no bare packet of {schema.key}."
        ) from None
    return Alert(schema, data, Framing("raw"), provenance)


def _checked(alert: Alert) -> Alert | Rejected:
    """The alert, when its datum is whole."""
    try:
        Layout(alert.schema.root).check(alert.payload)
    except GatewayError as error:
        return Rejected(error, alert.payload)
    return alert


def _json(data: bytes, manifest: Manifest, provenance: Provenance) -> Content:
    """Rule 3."""
    found: dict[FieldPath, Surface] = {}
    schemas: dict[AlertSchema, None] = {}
    alerts: list[Alert] = []
    for text, value in jsons.documents(data):
        if not (isinstance(value, dict) and isinstance(value.get("record"), dict)):
            raise JSONError("json-form", "The JSON is not the form of an alert.", where=Where(path="$"))
        schema = registry.get(str(value.get("schema")))
        schemas[schema] = None
        known = {surface.path: surface for surface in _leaves(schema, manifest)}
        inner = {FieldPath(path.steps[:end]) for path in known for end in range(1, len(path.steps))}
        inner |= {FieldPath((*path.steps[:-1], path.steps[-1].rstrip("[]{}"))) for path in inner}
        for path in jsons.paths(value["record"]):
            if path not in inner:
                found.setdefault(path, known.get(path) or column(*path.steps, rows=1))
        for name in sorted(value.keys() - {"schema", "framing", "sha256", "record", "withheld"}):
            found.setdefault(FieldPath((name,)), column(name, rows=1))
        try:
            alerts.append(alert_json.decode(text, provenance))
        except GatewayError:
            whole = FieldPath(("#packet",))
            found[whole] = Surface(whole, Resource("text"), "metadata", denied=_NO_PACKET)
    return Content(found.values(), tuple(schemas), iter(alerts))


_NO_PACKET = Decision(
    "refuse",
    "default-deny",
    "P25",
    "It does not give the alert back that it was made from, so nobody can tell what its rows are.",
)
