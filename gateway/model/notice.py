"""Notice: a JSON document of the General Coordinates Network, as it came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.model.provenance import UNDECLARED, Provenance

__all__ = ["Notice"]


@dataclass(frozen=True, slots=True, eq=False)
class Notice:
    """One notice, which satisfies its schema.

    value : what the document says, as JSON has it
    schema : the id of the schema that it was held to
    """

    data: bytes = field(repr=False)
    value: Any = field(repr=False)
    schema: str
    provenance: Provenance = UNDECLARED
