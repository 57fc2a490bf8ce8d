"""Minted: a VOEvent made from an alert, as bytes, with what it could not carry."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from gateway.model.loss import Loss

__all__ = ["CORE_LIMIT", "WITHHELD", "Minted"]

WITHHELD = "withheld by the policy"
"""The reason of a loss that the policy wants."""

CORE_LIMIT = 99_999
"""A core event is never larger: Comet and other peers that use Twisted's default drop longer messages without
a reply."""


@dataclass(frozen=True, slots=True, eq=False)
class Minted:
    """One VOEvent document.

    exact : the document alone gives the alert back, bit for bit
    left_out : arrays and images of which the document has only the length
    dropped : groups that did not fit into a core event
    """

    data: bytes = field(repr=False)
    ivorn: str
    exact: bool
    role: str
    left_out: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    withheld: int = 0

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What the document could not carry, and why."""
        return _losses(self.left_out, self.dropped, self.withheld)


@lru_cache(maxsize=256)  # mostly the same, and what is the same object goes from process to process once
def _losses(left_out: tuple[str, ...], dropped: tuple[str, ...], withheld: int) -> tuple[Loss, ...]:
    losses = [Loss(name, "left out at this level of detail; its length is given") for name in left_out]
    losses += [Loss(name, f"did not fit into {CORE_LIMIT} bytes") for name in dropped]
    if withheld:
        losses.append(Loss(f"{withheld} fields", WITHHELD))
    return tuple(losses)
