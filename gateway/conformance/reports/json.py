"""The report as JSON (schemas/json/vtp-conformance.json)."""

from __future__ import annotations

import orjson

from gateway import __version__
from gateway.conformance.report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """One document."""
    document = {
        "form": "voevent-gateway/vtp-conformance",
        "version": __version__,
        "role": report.role,
        "started": report.started.isoformat(timespec="seconds"),
        "conclusion": report.conclusion,
        "score": {verdict.value: count for verdict, count in report.score.items()},
        "checks": [
            {
                "number": one.number,
                "clause": one.clause,
                "requirement": one.requirement,
                "sentence": one.sentence,
                "verdict": one.verdict.value,
                "seen": one.seen or None,
                "seconds": one.seconds,
            }
            for one in report.outcomes
        ],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
