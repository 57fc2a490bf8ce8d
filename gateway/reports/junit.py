"""The report as JUnit XML, which build servers show as test results: one test case a file.

A file with errors is a failure, an unreadable file an error; warnings and notes are output of the test case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gateway.model.finding import Finding, Severity
from gateway.reports.result import FileResult, RuleText, count

__all__ = ["render"]

# What XML 1.0 cannot say; a file name can.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(
    results: Sequence[FileResult], rules: Sequence[RuleText] = (), *, command: str = "gateway validate"
) -> str:
    """A ``testsuites`` document; `command` is what was run."""
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        name=command,
        tests=str(len(results)),
        failures=str(sum(count(result, Severity.ERROR) > 0 for result in results)),
        errors=str(sum(result.error is not None for result in results)),
    )
    for result in results:
        case = SubElement(
            suite, "testcase", classname=command.replace(" ", "."), name=_ILLEGAL.sub("\ufffd", result.name)
        )
        if result.error is not None:
            error = SubElement(
                case, "error", type=result.error.code, message=_ILLEGAL.sub("\ufffd", str(result.error))
            )
            error.text = result.error.advice
        errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
        if errors:
            plural = "" if len(errors) == 1 else "s"
            failure = SubElement(case, "failure", type=errors[0].code, message=f"{len(errors)} error{plural}")
            failure.text = _lines(errors)
        others = [finding for finding in result.findings if finding.severity is not Severity.ERROR]
        if others:
            SubElement(case, "system-out").text = _lines(others)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _lines(findings: Sequence[Finding]) -> str:
    return "\n".join(
        f"{f'line {finding.line}: ' if finding.line is not None else ''}"
        f"{finding.severity.value} {finding.code} {finding.message} ({finding.clause})"
        for finding in findings
    )
