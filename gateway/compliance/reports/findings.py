"""The report as findings, in the forms that code hosts (SARIF) and build servers (JUnit) show.

What is withheld is an error and its code is the id of the rule; what passes is no finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.compliance.report import Report
from gateway.model.finding import Finding, Severity
from gateway.reports import FileResult
from gateway.reports import junit as junit_form
from gateway.reports import sarif as sarif_form

__all__ = ["junit", "sarif"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule as reports describe it."""

    code: str
    severity: Severity
    title: str
    clause: str


def sarif(report: Report) -> str:
    """A SARIF log."""
    return sarif_form.render(_results(report), list(_rules(report)))


def junit(report: Report) -> str:
    """A JUnit document, one test case a file."""
    return junit_form.render(_results(report), command="gateway policy check")


def _results(report: Report) -> list[FileResult]:
    return [
        FileResult(
            target.name,
            [
                Finding(
                    verdict.decision.rule,
                    Severity.ERROR,
                    f"{verdict.name}: {verdict.decision.effect}. {verdict.decision.reason} {verdict.advice}",
                    verdict.name,
                    verdict.line,
                    verdict.decision.clause,
                )
                for verdict in target.found
            ],
            target.error,
        )
        for target in report.targets
    ]


def _rules(report: Report) -> Iterator[_Rule]:
    """The rules that withhold something here."""
    found = {verdict.decision.rule: verdict for target in report.targets for verdict in target.found}
    for code, verdict in found.items():
        yield _Rule(code, Severity.ERROR, verdict.decision.reason, verdict.decision.clause)
