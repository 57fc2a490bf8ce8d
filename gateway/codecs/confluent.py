"""Confluent wire format: a zero byte, the schema id as four bytes big-endian, the datum.

Rubin's alert stream is framed so; its ids are 100 * major + minor (`gateway.schema.registry`).
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.errors import AvroError, GatewayError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.schema import registry

__all__ = ["frame", "read", "wire_id"]


def wire_id(data: bytes) -> int:
    """The schema id of a message. Raises AvroError (avro-framing, avro-truncated)."""
    if data[:1] != b"\0":
        raise AvroError("avro-framing", "The message does not start with a zero byte.", where=Where(offset=0))
    if len(data) < 5:
        raise AvroError("avro-truncated", "The message ends in its header.", where=Where(offset=len(data)))
    return int.from_bytes(data[1:5], "big")


def read(
    data: bytes,
    provenance: Provenance = UNDECLARED,
    find: Callable[[int], AlertSchema] = registry.by_wire_id,
) -> Alert:
    """The alert in one message; the datum is not looked at.

    find : the schema of an id; raises SchemaError
    Raises AvroError (avro-framing, avro-truncated) and SchemaError (schema-unknown, schema-endian).
    """
    number = wire_id(data)
    try:
        schema = find(number)
    except GatewayError as error:
        raise error.located(offset=1) from None
    return Alert(schema, data[5:], Framing("confluent"), provenance)


def frame(schema: AlertSchema, payload: bytes) -> bytes:
    """The message for a datum. Raises AvroError (avro-framing) for a schema that has no id on the wire."""
    if schema.key is None or schema.key.family != "lsst":
        raise AvroError("avro-framing", "Only released LSST schemas have an id on the wire.")
    return b"\0" + schema.key.wire_id.to_bytes(4, "big") + payload
