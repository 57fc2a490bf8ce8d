"""Where a value came from: declared by whoever configures a source or runs a command, never guessed.

Every DP2 ``DiaSource`` column name equals a public alert field name, so names prove nothing. What is not declared is
denied.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Origin", "Provenance"]


class Origin(Enum):
    """The products a value can come from (docs/policy.md)."""

    ALERT = "alert"
    PPDB = "ppdb"
    PROMPT_VISIT = "prompt-visit"
    DATA_RELEASE = "data-release"
    PIXELS = "pixels"
    EXTERNAL = "external"
    BROKER_ANNOTATION = "broker-annotation"
    DDP = "ddp"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Provenance:
    """A declared origin, the release it belongs to (``dp1``), and where the bytes were found.

    `source` is a file name or topic and `position` a record number or offset; neither ever reaches an
    output document, because the same alert must give the same bytes wherever it was read from.
    """

    origin: Origin | None = None
    release: str | None = None
    source: str = ""
    position: int | None = None


UNDECLARED = Provenance()
