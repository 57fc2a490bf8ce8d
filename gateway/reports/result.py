"""What a report is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.errors import GatewayError
from gateway.model.finding import Finding, Severity

__all__ = ["FileResult", "Render", "RuleText", "Tally", "count", "strict"]


@dataclass(frozen=True, slots=True)
class FileResult:
    """What was found in one input: findings, or the error that kept it from being read."""

    name: str
    findings: Sequence[Finding] = ()
    error: GatewayError | None = None


class RuleText(Protocol):
    """A rule as far as reports describe it; the rule tables of the codecs have this shape."""

    @property
    def code(self) -> str:
        """Stable, such as ``VE-21``."""

    @property
    def severity(self) -> Severity:
        """How bad it usually is."""

    @property
    def title(self) -> str:
        """What the rule asks for, in one sentence."""

    @property
    def clause(self) -> str:
        """The section of the standard."""


class Render(Protocol):
    """A report format."""

    def __call__(self, results: Sequence[FileResult], rules: Sequence[RuleText] = ()) -> str:
        """The report, ending in a newline; `rules` describes the rules that were applied."""


class Tally:
    """Counts what was found, one result after the other, and keeps none."""

    def __init__(self, results: Iterable[FileResult] = ()) -> None:
        self.files = self.unreadable = 0
        self.found: Counter[Severity] = Counter()
        for result in results:
            self.take(result)

    def take(self, result: FileResult) -> None:
        """Count one result."""
        self.files += 1
        self.unreadable += result.error is not None
        self.found.update(finding.severity for finding in result.findings)

    @property
    def exit_code(self) -> int:
        """0 without errors (warnings allowed), 1 with errors, 2 when an input could not be read."""
        return 2 if self.unreadable else int(self.found[Severity.ERROR] > 0)

    def values(self) -> dict[str, int]:
        """The summary: files, and how many findings of each severity and unreadable files there are."""
        return {
            "files": self.files,
            "errors": self.found[Severity.ERROR],
            "warnings": self.found[Severity.WARNING],
            "notes": self.found[Severity.NOTE],
            "unreadable": self.unreadable,
        }


def strict(result: FileResult) -> FileResult:
    """The result with every warning an error."""
    findings = [
        replace(finding, severity=Severity.ERROR) if finding.severity is Severity.WARNING else finding
        for finding in result.findings
    ]
    return replace(result, findings=findings)


def count(result: FileResult, severity: Severity) -> int:
    """How many findings of a severity there are."""
    return sum(finding.severity is severity for finding in result.findings)
