"""The result of an examination: a verdict a check, and how many of each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from gateway.conformance.check import Outcome, Verdict

__all__ = ["Report"]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of every check of a role, in the order of the table."""

    role: str
    started: datetime
    outcomes: tuple[Outcome, ...]

    @property
    def score(self) -> dict[Verdict, int]:
        """How many checks had each verdict."""
        found = Counter(outcome.verdict for outcome in self.outcomes)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def conclusion(self) -> str:
        """A sentence for whoever reads nothing else."""
        score = self.score
        judged = len(self.outcomes) - score[Verdict.NOT_RUN]
        if not judged:
            return f"Nothing could be said of the {self.role}."
        parts = [f"{score[Verdict.MET]} of {judged} checks of the {self.role} passed"]
        if score[Verdict.FAIL]:
            parts.append(f"{score[Verdict.FAIL]} broke what the Recommendation demands")
        if score[Verdict.DEVIATION]:
            parts.append(f"{score[Verdict.DEVIATION]} deviated from what it recommends or the field lives by")
        return ", ".join(parts) + "."

    @property
    def exit_code(self) -> int:
        """0: no failure; 1: a failure, or a deviation; 2: nothing could be said."""
        score = self.score
        if len(self.outcomes) == score[Verdict.NOT_RUN]:
            return 2
        return 1 if score[Verdict.FAIL] or score[Verdict.DEVIATION] else 0
