"""Loss: what a target format could not carry, and why. Nothing is dropped silently."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Loss"]


@dataclass(frozen=True)  # without slots, with which unpickling is slow
class Loss:
    """One thing that did not fit.

    path : the field or element that was left out or changed
    reason : one sentence for the person who receives the result
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
