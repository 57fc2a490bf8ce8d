"""The report as JUnit XML, which build servers show: a test case a check; a deviation is a failure of that type."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from gateway.conformance.check import Verdict
from gateway.conformance.report import Report

__all__ = ["render"]


def render(report: Report) -> str:
    """A ``testsuites`` document."""
    score = report.score
    root = Element("testsuites")
    suite = SubElement(
        root,
        "testsuite",
        name=f"VTP conformance of the {report.role}",
        timestamp=report.started.isoformat(timespec="seconds"),
        tests=str(len(report.outcomes)),
        failures=str(score[Verdict.FAIL] + score[Verdict.DEVIATION]),
        skipped=str(score[Verdict.NOT_RUN]),
    )
    for one in report.outcomes:
        name = f"{one.number} {one.clause} {one.sentence}"
        case = SubElement(
            suite, "testcase", classname=f"vtp.{report.role}", name=name, time=f"{one.seconds:.3f}"
        )
        if one.verdict is Verdict.NOT_RUN:
            SubElement(case, "skipped", message=one.seen)
        elif one.verdict is not Verdict.MET:
            SubElement(case, "failure", type=one.verdict.value, message=one.seen)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=False) + "\n"
