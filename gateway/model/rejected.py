"""Rejected: bytes that could not be read, with the reason, so that a batch can go on and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.model.provenance import UNDECLARED, Provenance

__all__ = ["Rejected"]


@dataclass(frozen=True, slots=True, eq=False)
class Rejected:
    """One piece of input that was refused. The bytes are not in the repr.

    family : of the alert's schema, when that could be read
    provenance : what was declared of it
    """

    error: GatewayError
    data: bytes = field(repr=False)
    family: str | None = None
    provenance: Provenance = UNDECLARED
