"""Datum: an Avro value without framing, and the schema that it is written in."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from gateway.codecs import container
from gateway.model.alert import AlertSchema

__all__ = ["Datum"]


@dataclass(frozen=True, slots=True)
class Datum:
    """An Avro datum without framing. `codec` is set when its own framing is a container with that codec."""

    schema: AlertSchema
    payload: bytes = field(repr=False)
    codec: str | None = None

    def contained(self) -> bytes:
        """A container with this datum alone."""
        out = io.BytesIO()
        container.write(out, self.schema, [self.payload], self.codec or "null")
        return out.getvalue()
