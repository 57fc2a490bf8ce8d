"""A report of compliance as text and HTML for people, and as JSON, SARIF and JUnit for machines.

Not here: deciding anything, and writing files.

    FORMATS   name -> render(report) -> str
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.compliance.report import Report
from gateway.compliance.reports import findings, html, json, text

__all__ = ["FORMATS"]

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": json.render,
    "sarif": findings.sarif,
    "junit": findings.junit,
    "html": html.render,
}
