"""The report as SARIF 2.1.0, which code hosts show beside the file.

Rules
1. One run; its driver lists the rules that were applied, and each result names its rule by index.
2. An input that could not be read is a result too (its rule is the error code), and the run then says that it
   was not successful.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from gateway import __version__
from gateway.errors import CODES, GatewayError
from gateway.model.finding import Finding
from gateway.reports.result import FileResult, RuleText

__all__ = ["SCHEMA", "render"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(results: Sequence[FileResult], rules: Sequence[RuleText] = ()) -> str:
    """A SARIF log with one run."""
    described = _rules(results, rules)
    index = {rule["id"]: number for number, rule in enumerate(described)}
    found: list[dict[str, Any]] = []
    for result in results:
        problems: list[Finding | GatewayError] = [*result.findings]
        if result.error is not None:
            problems.append(result.error)
        found += [_result(result.name, problem, index) for problem in problems]
    run = {
        "tool": {"driver": {"name": "voevent-gateway", "version": __version__, "rules": described}},
        "invocations": [{"executionSuccessful": not any(result.error for result in results)}],
        "columnKind": "unicodeCodePoints",
        "results": found,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _rules(results: Sequence[FileResult], rules: Sequence[RuleText]) -> list[dict[str, Any]]:
    described = {
        rule.code: {
            "id": rule.code,
            "shortDescription": {"text": rule.title},
            "help": {"text": f"{rule.title} ({rule.clause})"},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in rules
    }
    for result in results:
        for finding in result.findings:
            described.setdefault(finding.code, {"id": finding.code})
        if result.error:
            code = result.error.code
            described.setdefault(code, {"id": code, "shortDescription": {"text": CODES[code]}})
    return list(described.values())


def _result(name: str, problem: Finding | GatewayError, index: dict[str, int]) -> dict[str, Any]:
    if isinstance(problem, GatewayError):
        line, column, path, level = problem.where.line, problem.where.column, problem.where.path, "error"
    else:
        line, column, path, level = problem.line, None, problem.path, problem.severity.value
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": _uri(name)}}}
    if line:
        location["physicalLocation"]["region"] = {
            "startLine": line,
            **({"startColumn": column} if column else {}),
        }
    if path:
        location["logicalLocations"] = [{"fullyQualifiedName": path}]
    return {
        "ruleId": problem.code,
        "ruleIndex": index[problem.code],
        "level": level,
        "message": {"text": problem.message},
        "locations": [location],
    }


def _uri(name: str) -> str:
    """A relative path stays relative, so that a report can be read where the files are."""
    path = Path(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
