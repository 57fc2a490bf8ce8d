"""Verdicts that say the same, together: a table of a thousand columns is read in a few lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.compliance.report import Verdict
from gateway.policy.rule import EFFECTS

__all__ = ["Group", "groups"]


@dataclass(frozen=True, slots=True)
class Group:
    """Verdicts that differ in their names alone.

    verdict : the first of them
    advice : what to change
    """

    verdict: Verdict
    names: tuple[str, ...]
    advice: str


def groups(verdicts: Sequence[Verdict]) -> list[Group]:
    """All verdicts in groups, the strictest first, otherwise in their order."""
    found: dict[Verdict, list[Verdict]] = {}
    for verdict in verdicts:
        advice = _ONE.sub(_EACH, verdict.advice)
        found.setdefault(replace(verdict, name="", line=None, advice=advice), []).append(verdict)
    made = [
        Group(
            same[0],
            tuple(verdict.name for verdict in same),
            same[0].advice if len(same) == 1 else like.advice,
        )
        for like, same in found.items()
    ]
    return sorted(made, key=lambda group: -EFFECTS.index(group.verdict.decision.effect))


_ONE = re.compile(r"where it comes from: path = .* and its origin\.")
_EACH = "where each of these comes from."
