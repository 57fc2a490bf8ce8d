"""What a check is, and what comes of it.

Rules
1. A check says what a clause asks for as a sentence that is true of a conforming program. Its function returns when
   the sentence is true, and raises `Unmet` with what was seen instead.
2. A sentence that the Recommendation demands (``MUST``) and that is untrue is a failure. One that it recommends
   (``SHOULD``), that the field lives by (``practice``) or that keeps a program alive among strangers (``hostile``) is
   a deviation.
3. What cannot be seen is not judged: `NotRun`, with the reason.
4. Numbers are those of the table and stay what they are: a check is added at the end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Literal, TypeVar

__all__ = ["Check", "Checks", "NotRun", "Outcome", "Requirement", "Unmet", "Verdict"]

Stage = TypeVar("Stage")
Requirement = Literal["MUST", "SHOULD", "practice", "hostile"]


class Verdict(Enum):
    """What comes of a check, the best first."""

    MET = "pass"
    NOT_RUN = "not run"
    DEVIATION = "deviation"
    FAIL = "fail"


class Unmet(Exception):
    """The sentence of a check is not true; this says what was seen instead. It repeats nothing that the peer sent."""


class NotRun(Exception):
    """A check cannot say anything here; this says why."""


@dataclass(frozen=True, slots=True)
class Check(Generic[Stage]):
    """A line of a table (rule 1).

    number : such as B07
    clause : of the Recommendation, as docs/standards.md counts them
    sentence : what a conforming program does
    slow : seconds that it may have to wait for by the Recommendation itself; 0 for a check that does not
    """

    number: str
    clause: str
    requirement: Requirement
    sentence: str
    slow: float
    run: Callable[[Stage], Awaitable[None]]

    @property
    def worst(self) -> Verdict:
        """The verdict when the sentence is untrue (rule 2)."""
        return Verdict.FAIL if self.requirement == "MUST" else Verdict.DEVIATION


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a check. `seen` says what was seen instead, or why it was not run; `seconds` how long it took."""

    number: str
    clause: str
    requirement: Requirement
    sentence: str
    verdict: Verdict
    seen: str = ""
    seconds: float = 0.0


class Checks(Generic[Stage]):
    """The table of a role; each check is a function under its line."""

    def __init__(self, letter: str) -> None:
        self.letter = letter
        self.rows: list[Check[Stage]] = []

    def __call__(
        self, clause: str, requirement: Requirement, sentence: str, *, slow: float = 0.0
    ) -> Callable[[Callable[[Stage], Awaitable[None]]], Callable[[Stage], Awaitable[None]]]:
        """The next line of the table."""

        def add(run: Callable[[Stage], Awaitable[None]]) -> Callable[[Stage], Awaitable[None]]:
            number = f"{self.letter}{len(self.rows) + 1:02}"
            self.rows.append(Check(number, clause, requirement, sentence, slow, run))
            return run

        return add
