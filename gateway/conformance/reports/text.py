"""The report as lines for a terminal, or a file."""

from __future__ import annotations

from gateway.conformance.check import Verdict
from gateway.conformance.report import Report

__all__ = ["render"]

_MARKS = {
    Verdict.MET: "pass",
    Verdict.FAIL: "FAIL",
    Verdict.DEVIATION: "deviation",
    Verdict.NOT_RUN: "not run",
}


def render(report: Report) -> str:
    """A line a check; under what is untrue, what was seen instead."""
    lines = []
    for one in report.outcomes:
        lines.append(
            f"{one.number}  {_MARKS[one.verdict]:<9}  {one.clause}  {one.requirement:<8}  {one.sentence}"
        )
        if one.seen:
            lines.append(f"{'':16}{one.seen}")
    return "\n".join((*lines, "", report.conclusion)) + "\n"
