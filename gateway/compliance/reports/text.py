"""The report for people at a terminal: what is withheld, by rule, and what to change.

Files one after the other of which the same is said are said once: a folder of thousands is read in a few lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import groupby

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gateway.compliance.report import Report, TargetReport, count
from gateway.compliance.reports.groups import groups
from gateway.compliance.surface import printable

__all__ = ["MAX_ALIKE", "MAX_NAMES", "render"]

MAX_NAMES = 12
"""Most names in one cell of the text report; the other forms have all of them."""
MAX_ALIKE = 3
"""Most files of which the same is said that the text report has one by one; the other forms have all of them."""

_STYLES = {"pass": "green", "redact": "yellow", "refuse": "bold red", "quarantine": "bold magenta"}


def render(report: Report, *, colour: bool = False, width: int = 110) -> str:
    """A block a file and the conclusion; `colour` is for terminals, `width` in characters."""
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
    )
    day = report.at.date().isoformat()
    console.print(Text(f"{report.profile} for {report.audience}, as of {day}"), style="bold")
    for target, others in _together(report):
        console.print()
        console.print(_heading(target), soft_wrap=True)
        if others:
            last = printable(others[-1].name)
            more = f"  and {count(len(others), 'file')} more of which the same is said, the last one {last}"
            console.print(Text(more), soft_wrap=True)
        console.print(Padding(_body(target), (0, 0, 0, 2)))
    console.print()
    console.print(
        Text(report.conclusion, style=_STYLES[report.effect] if report.exit_code < 2 else "bold red")
    )
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _together(report: Report) -> Iterator[tuple[TargetReport, list[TargetReport]]]:
    """Each file, with those behind it of which the same is said when they are many."""
    for _, alike in groupby(report.targets, _says):
        first, *others = alike
        if len(others) < MAX_ALIKE:
            yield from ((target, []) for target in (first, *others))
        else:
            yield first, others


def _says(target: TargetReport) -> object:
    """All that is said of a file but its name and lines; nothing else says the same as one that cannot be read."""
    verdicts = tuple(replace(verdict, line=None) for verdict in target.verdicts)
    return target.format, tuple(target.schemas), target.packets, verdicts, target.error and id(target)


def _heading(target: TargetReport) -> Text:
    about = [target.format, *(name for name, _ in target.schemas)]
    if target.packets:
        about.append(count(target.packets, "packet"))
    return Text(printable(target.name), style="bold").append(
        f"  {', '.join(map(printable, filter(None, about)))}", style="not bold"
    )


def _body(target: TargetReport) -> Group:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for group in groups(target.verdicts):
        decision = group.verdict.decision
        effect = Text(decision.effect, style=_STYLES[decision.effect])
        if decision.passes:
            table.add_row(
                effect,
                decision.clause,
                Text(f"{count(len(group.names), 'field')} ({decision.rule}, {group.verdict.kind})"),
            )
        else:
            said = Text(f"{decision.reason} ({decision.rule}, {group.verdict.certainty})\n{group.advice}")
            table.add_row(effect, decision.clause, Text(_names(group.names), style="bold"))
            table.add_row("", "", said)
    if target.error is not None:
        error = target.error
        table.add_row(Text("unreadable", style="bold red"), "", Text(printable(f"{error} {error.advice}")))
    return Group(table)


def _names(names: tuple[str, ...]) -> str:
    shown = ", ".join(map(printable, names[:MAX_NAMES]))
    more = len(names) - MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
