"""The report for people: one line a finding, those of a file aligned, and a summary.

What is said of a file depends on that file alone, so a report can be shown while the files are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.text import Text

from gateway.reports.result import FileResult, RuleText, Tally

__all__ = ["lines", "render", "summary"]

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan", "unreadable": "bold red"}


def render(results: Sequence[FileResult], rules: Sequence[RuleText] = (), *, colour: bool = False) -> str:
    """The lines of every result and the summary; `colour` is for terminals."""
    return "".join(lines(result, colour=colour) for result in results) + summary(Tally(results))


def lines(result: FileResult, *, colour: bool = False) -> str:
    """Lines ``file:line  error  VE-21  message (clause) path``, one a finding."""
    rows = [tuple(map(_printable, row)) for row in _rows(result)]
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    out = StringIO()
    console = Console(
        file=out, force_terminal=colour, color_system="standard" if colour else None, highlight=False
    )
    for place, level, code, message in rows:
        line = Text(f"{place:<{widths[0]}}  ").append(f"{level:<{widths[1]}}", _STYLES[level])
        console.print(line.append(f"  {code:<{widths[2]}}  {message}"), soft_wrap=True)
    return out.getvalue()


def summary(tally: Tally) -> str:
    """The last line: how many files and findings there were."""
    parts = []
    for label, number in tally.values().items():
        if label == "unreadable":
            parts += [f"{number} unreadable"] if number else []
        else:
            parts.append(f"{number} {label if number != 1 else label.removesuffix('s')}")
    return ", ".join(parts) + ".\n"


def _rows(result: FileResult) -> list[tuple[str, str, str, str]]:
    if result.error is not None:
        error = result.error
        line = f":{error.where.line}" if error.where.line is not None else ""
        return [(f"{result.name}{line}", "unreadable", error.code, f"{error.message} {error.advice}")]
    return [
        (
            f"{result.name}:{finding.line}" if finding.line is not None else result.name,
            finding.severity.value,
            finding.code,
            f"{finding.message} ({finding.clause}) {finding.path}".rstrip(),
        )
        for finding in result.findings
    ]


def _printable(text: str) -> str:
    """The text without control characters: a file name must not write to the terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
