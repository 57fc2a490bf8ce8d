"""The report as JSON, in the form of ``schemas/json/compliance.schema.json``: every verdict, also of what passes."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.compliance.report import Report, TargetReport, Verdict
from gateway.errors import GatewayError

__all__ = ["render"]


def render(report: Report) -> str:
    """One object with the conclusion and a list of targets."""
    document = {
        "format": "gateway-compliance",
        "version": 1,
        "verdict": report.effect,
        "conclusion": report.conclusion,
        "profile": {"id": report.profile, "title": report.title, "sha256": report.profile_sha256},
        "audience": str(report.audience),
        "at": report.at.isoformat(timespec="seconds"),
        "manifest_sha256": report.manifest_sha256 or None,
        "summary": report.tally,
        "targets": [_target(target) for target in report.targets],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "name": target.name,
        "format": target.format or None,
        "verdict": target.effect,
        "packets": target.packets,
        "schemas": [{"name": name, "sha256": sha256} for name, sha256 in target.schemas],
        "fields": [_verdict(verdict) for verdict in target.verdicts],
        "error": None if target.error is None else _error(target.error),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    decision = verdict.decision
    return {
        "name": verdict.name,
        "verdict": decision.effect,
        "kind": verdict.kind,
        "origin": verdict.origin,
        "rule": decision.rule,
        "clause": decision.clause,
        "certainty": verdict.certainty,
        "reason": decision.reason,
        "advice": verdict.advice,
        "line": verdict.line,
    }


def _error(error: GatewayError) -> dict[str, Any]:
    where = error.where
    return {
        "code": error.code,
        "message": error.message,
        "advice": error.advice,
        "record": where.record,
        "offset": where.offset,
        "line": where.line,
        "path": where.path,
    }
