"""Single-object encoding (Avro 1.11): the marker C3 01, the CRC-64-AVRO fingerprint, the datum."""

from __future__ import annotations

from gateway.errors import AvroError, GatewayError, Where
from gateway.model.alert import Alert, AlertSchema, Framing
from gateway.model.provenance import UNDECLARED, Provenance
from gateway.schema import registry

__all__ = ["MARKER", "frame", "read"]

MARKER = b"\xc3\x01"


def read(data: bytes, provenance: Provenance = UNDECLARED) -> Alert:
    """The alert in one message; the datum is not looked at.

    Raises AvroError (avro-framing, avro-truncated) and SchemaError (schema-unknown).
    """
    if data[:2] != MARKER:
        raise AvroError("avro-framing", "The message does not start with C3 01.", where=Where(offset=0))
    if len(data) < 10:
        raise AvroError("avro-truncated", "The message ends in its header.", where=Where(offset=len(data)))
    try:
        schema = registry.by_rabin(data[2:10])
    except GatewayError as error:
        raise error.located(offset=2) from None
    return Alert(schema, data[10:], Framing("single-object"), provenance)


def frame(schema: AlertSchema, payload: bytes) -> bytes:
    """The message for a datum."""
    return MARKER + schema.rabin + payload
