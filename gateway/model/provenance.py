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

    issued : the bytes are as the survey issued them, taken from its own distribution; what went through other hands
        may have got something beside it, and is looked into
    observed : of pixels, when the exposure began (MJD, TAI)
    inputs : what a value was derived from; it is as restricted as the most restricted of them
    fields : (path pattern, provenance) of fields that come from elsewhere than the rest
    `source` is a file name or topic and `position` a record number or offset; neither ever reaches an
    output document, because the same alert must give the same bytes wherever it was read from.
    """

    origin: Origin | None = None
    release: str | None = None
    source: str = ""
    position: int | None = None
    issued: bool = False
    observed: float | None = None
    inputs: tuple[Provenance, ...] = ()
    fields: tuple[tuple[str, Provenance], ...] = ()

    @property
    def label(self) -> tuple[object, ...]:
        """All that a decision can depend on: not the place where the bytes were found."""
        return self.origin, self.release, self.issued, self.observed, self.inputs, self.fields

    def parts(self) -> tuple[Provenance, ...]:
        """Itself and, unless it is a declared derived data product (clause P15), whatever it was derived from."""
        own = (self,) if self.origin is not None else ()
        if self.origin is Origin.DDP:
            return own
        return own + tuple(part for one in self.inputs for part in one.parts())


UNDECLARED = Provenance()
