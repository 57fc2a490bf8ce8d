"""The report as JSON, in the form of ``schemas/json/findings.schema.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.errors import GatewayError
from gateway.model.finding import Finding
from gateway.reports.result import FileResult, RuleText, Tally

__all__ = ["render"]


def render(results: Sequence[FileResult], rules: Sequence[RuleText] = ()) -> str:
    """One object with a summary and a list of files."""
    report = {
        "format": "gateway-findings",
        "version": 1,
        "summary": Tally(results).values(),
        "files": [
            {
                "name": result.name,
                "findings": [_finding(finding) for finding in result.findings],
                "error": None if result.error is None else _error(result.error),
            }
            for result in results
        ],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "clause": finding.clause,
    }


def _error(error: GatewayError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "advice": error.advice,
        "line": error.where.line,
        "column": error.where.column,
        "path": error.where.path,
        "clause": error.clause,
    }
