"""VOEvent <-> Avro datum of the project's schema `voevent`: any VOEvent in an Avro world, XML back byte
for byte.

Rules
1. The document is `original`, unchanged; it alone is decoded. An event that was not read from a document,
   or was changed since, is its canonical document.
2. Everything else is there to be queried without an XML parser: version, ivorn, role, and each element as
   one row of `items` with its path, its name, its value and its other attributes, all verbatim (the schema
   describes them).
3. A datum whose fields are not those of its document is refused: somebody changed one of the two.

Schema: ``schemas/avro/voevent/1.0/voevent.avsc``. Framing (container, Confluent) is the business of others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import chain
from typing import Any

import fastavro

from gateway import resources
from gateway.codecs import voevent as xml
from gateway.codecs.voevent.elements import VOEVENT, Shape, children
from gateway.errors import AvroError, LimitError, Where
from gateway.model.voevent import Group, Param, Table, VOEvent
from gateway.safexml import MAX_BYTES

__all__ = ["MAX_DATUM_BYTES", "decode", "encode", "schema"]

MAX_DATUM_BYTES = 8 * MAX_BYTES
"""Largest datum read: a document of the largest size, and rows that repeat the paths of its elements."""


@cache
def schema() -> Any:
    """The schema `voevent`, as fastavro has parsed it."""
    text = (resources.schemas() / "avro" / "voevent" / "1.0" / "voevent.avsc").read_text("utf-8")
    return fastavro.parse_schema(json.loads(text))


def encode(event: VOEvent) -> bytes:
    """The datum of an event.

    Raises ConversionError when the event has no document and none can be written (see `voevent.encode`).
    """
    if event.original is None or xml.decode(event.original) != event:
        event = xml.decode(xml.encode(event))
    stream = BytesIO()
    fastavro.schemaless_writer(stream, schema(), _record(event))
    return stream.getvalue()


def decode(data: bytes) -> VOEvent:
    """The event in a datum, read from its document.

    Raises AvroError (avro-truncated, avro-trailing, avro-original), LimitError (limit-size) and what
    `voevent.decode` raises.
    """
    if len(data) > MAX_DATUM_BYTES:
        message = f"The datum has {len(data)} bytes; the limit is {MAX_DATUM_BYTES}."
        raise LimitError("limit-size", message)
    stream = BytesIO(data)
    try:
        record: Any = fastavro.schemaless_reader(stream, schema(), None)
    except (EOFError, ValueError, IndexError, OverflowError, MemoryError):
        raise AvroError("avro-truncated", "The datum is not one of the schema voevent.") from None
    if stream.tell() != len(data):
        raise AvroError(
            "avro-trailing", "Bytes follow the end of the datum.", where=Where(offset=stream.tell())
        )
    event = xml.decode(record["original"])
    expected = _record(event)
    for name, value in expected.items():
        if record[name] != value:
            raise AvroError("avro-original", f"The field {name} is not what the document in original says.")
    return event


def _record(event: VOEvent) -> dict[str, Any]:
    tops = (_items(shape, value, tag, None) for tag, shape, value in children(VOEVENT, event))
    return {
        "version": event.version,
        "ivorn": event.ivorn,
        "role": "observation" if event.role is None else event.role,
        "items": list(chain.from_iterable(tops)),
        "original": event.original,
    }


def _items(shape: Shape, value: Any, path: str, group: str | None) -> Iterator[dict[str, Any]]:
    """Rule 2: the row of an element, then those of its children."""
    names = ((known.name, shape.get(value, known.field)) for known in shape.attributes)
    attributes = {name: content for name, content in names if content is not None}
    name = attributes.pop("name", None)
    text = shape.get(value, shape.text) if shape.text else None
    if isinstance(value, Param):
        attributes.pop("value", None)
        text = value.text
    if isinstance(value, Group | Table):
        group = name
    yield _item(path, group, name, text, attributes)
    for tag, inner, child in children(shape, value):
        if tag == "Data" and isinstance(value, Table):
            yield from _cells(value, f"{path}/Data/TR/TD")
        else:
            yield from _items(inner, child, f"{path}/{tag}", group)


def _cells(table: Table, path: str) -> Iterator[dict[str, Any]]:
    columns = [field.name for field in table.fields]
    for row, cells in enumerate(table.rows):
        for column, text in enumerate(cells):
            name = columns[column] if column < len(columns) else None
            yield _item(path, table.name, name, text, {}, row)


def _item(
    path: str,
    group: str | None,
    name: str | None,
    value: str | None,
    attributes: dict[str, str],
    row: int | None = None,
) -> dict[str, Any]:
    return {"path": path, "group": group, "row": row, "name": name, "value": value, "attributes": attributes}
