"""Findings as text for people and as JSON, SARIF and JUnit for machines.

Not here: finding anything (that is the codecs' and the policy's business), and writing files.

    FileResult     what was found in one input
    RuleText       what a report needs to know of a rule
    FORMATS        name -> render(results, rules) -> str
    Tally          counts of results, and the exit code: 0 without errors, 1 with, 2 when an input could not be read
    strict         the same results with every warning an error
"""

from gateway.reports import json, junit, sarif, text
from gateway.reports.result import FileResult, Render, RuleText, Tally, strict

__all__ = ["FORMATS", "FileResult", "Render", "RuleText", "Tally", "strict"]

FORMATS: dict[str, Render] = {
    "text": text.render,
    "json": json.render,
    "sarif": sarif.render,
    "junit": junit.render,
}
