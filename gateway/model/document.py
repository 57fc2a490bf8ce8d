"""Document: the bytes of a VOEvent that nobody has parsed yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.provenance import UNDECLARED, Provenance

__all__ = ["Document"]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One VOEvent as it came in. Unparsed, unchecked, and not to be shown before the policy has seen it.

    as_alert : provenance of the alert that it was made from, if it was made from one
    """

    data: bytes = field(repr=False)
    provenance: Provenance = UNDECLARED
    as_alert: Provenance = UNDECLARED
