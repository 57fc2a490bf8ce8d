"""Alert: one alert packet, kept as its original bytes together with the schema that wrote them."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.avrotype import Record
from gateway.model.provenance import UNDECLARED, Provenance

__all__ = ["Alert", "AlertSchema", "Framing", "SchemaKey"]


@dataclass(frozen=True, slots=True, order=True)
class SchemaKey:
    """A released schema version: family ``lsst`` or ``ztf`` and its version, ordered by number."""

    family: str
    major: int
    minor: int

    def __str__(self) -> str:
        # ZTF calls the version after 4.01 "4.02": its minor numbers have two digits from 4 on.
        minor = f"{self.minor:02d}" if self.family == "ztf" and self.major >= 4 else str(self.minor)
        return f"{self.family}/{self.major}.{minor}"

    @property
    def version(self) -> str:
        """The version alone: ``11.0``."""
        return str(self).partition("/")[2]

    @property
    def wire_id(self) -> int:
        """The schema id on the wire: 100 * major + minor (LSST's rule, DMTN-093)."""
        return 100 * self.major + self.minor


@dataclass(frozen=True, slots=True, eq=False)
class AlertSchema:
    """A writer schema. `key` is None for a schema that is not a released one.

    sha256 : of the Avro Parsing Canonical Form, hexadecimal
    rabin : the 64-bit CRC-64-AVRO fingerprint of it, as single-object encoding writes it (8 bytes)
    """

    key: SchemaKey | None
    root: Record
    json: object
    sha256: str
    rabin: bytes

    @property
    def name(self) -> str:
        """Full name of the root record, such as ``lsst.v11_0.alert``."""
        return self.root.fullname

    def __repr__(self) -> str:
        return f"AlertSchema({self.key or 'not released'}, {self.name})"


@dataclass(frozen=True, slots=True)
class Framing:
    """How the datum was wrapped: ``container``, ``confluent``, ``single-object`` or ``raw``.

    codec : the container's compression codec
    """

    kind: str = "raw"
    codec: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}/{self.codec}" if self.codec else self.kind


@dataclass(frozen=True, slots=True, eq=False)
class Alert:
    """One alert: the Avro datum's bytes without framing, undecoded, and what is needed to read them.

    The payload is not in the repr: packets from a source without public provenance must not reach a log.
    """

    schema: AlertSchema
    payload: bytes = field(repr=False)
    framing: Framing = Framing()
    provenance: Provenance = UNDECLARED
