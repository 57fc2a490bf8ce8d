"""The results as Markdown tables, as JSON, and in docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.peers import ABSENT, Lxml, Projected, VoeventParse, vp
from bench.policy import SHARE_GOAL, STRIP_GOALS, Share, Strip
from bench.visit import Scaling, Visit
from bench.works import Result

__all__ = ["PAGE", "VISIT_GOAL", "Report", "machine", "now", "put", "reached", "table", "update"]

PAGE = Path(__file__).resolve().parents[1] / "docs/performance.md"
BEGIN, END = "<!-- written by python -m bench --update-docs -->\n", "<!-- end of what bench writes -->\n"

VISIT_GOAL = 15.0
"""CPU seconds for a mixed visit of 10 000 alerts."""


def machine() -> str:
    """What the run ran on. No name of the machine."""
    libraries = ("fastavro", "voevent-parse", "lxml", "numpy", "orjson")
    found = ", ".join(f"{name} {_version(name)}" for name in libraries)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} logical cores{load}; {platform.system()}; {python}; {found}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


@dataclass(frozen=True)
class Report:
    """All results of a run."""

    started: datetime
    machine: str
    rounds: int
    results: Sequence[Result]
    visits: Sequence[Visit]
    scalings: Sequence[Scaling]
    shares: Sequence[Share] = ()
    strips: Sequence[Strip] = ()

    def json(self) -> dict[str, Any]:
        """The results for a program; Settings as text."""
        found = asdict(self)
        for result, of in zip(found["results"], self.results, strict=True):
            result["work"]["settings"] = str(of.work.settings)
        return found | {"started": self.started.isoformat(timespec="seconds")}

    def markdown(self) -> str:
        """The tables."""
        parts = [f"{self.started:%Y-%m-%d}. {self.machine}. {self.rounds} rounds.\n", self._races()]
        if not vp:
            parts.append(f"Not measured: {ABSENT}.\n")
        if self.visits:
            parts.append(self._visits())
        if self.scalings:
            parts.append(self._scalings())
        if self.shares:
            parts.append(self._shares())
        if self.strips:
            parts.append(self._strips())
        return "\n".join(parts)

    def _races(self) -> str:
        def cost(result: Result, name: str) -> str:
            return f"{result.microseconds[name]:,.0f}" if name in result.microseconds else "–"

        def faster(result: Result, name: str) -> str:
            return str(result.ratios[name]) if name in result.ratios else "–"

        return table(
            (
                "Work", "Packets", "Bytes in", "Params", "gateway, µs", "fastavro + voevent-parse, µs",
                "times faster", "goal", "than with a reader schema", "than fastavro + lxml",
            ),
            (
                (
                    r.work.title, r.work.packets, f"{r.bytes_in:,}", str(r.params),
                    cost(r, "gateway"), cost(r, VoeventParse.name), faster(r, VoeventParse.name),
                    _goal(r), faster(r, Projected.name), faster(r, Lxml.name),
                )
                for r in self.results
            ),
        )  # fmt: skip

    def _visits(self) -> str:
        return table(
            (
                "Visit", "Alerts", "MB in", "MB out", "CPU s", "µs an alert", "goal",
                "peak MB after a tenth", "at the end",
            ),
            (
                (
                    v.history, f"{v.alerts:,}", _mega(v.bytes_in), _mega(v.bytes_out), f"{v.seconds:.1f}",
                    f"{v.seconds / v.alerts * 1e6:.0f}", _visit_goal(v), _mega(v.early), _mega(v.peak),
                )
                for v in self.visits
            ),
        )  # fmt: skip

    def _scalings(self) -> str:
        return table(
            (
                "`gateway convert`",
                "Alerts",
                "seconds",
                "times faster than `--jobs 1`",
                "two programs at once bring",
            ),
            (
                (f"`--jobs {s.jobs}`", f"{s.alerts:,}", f"{s.seconds:.1f}", str(s.faster), str(s.ceiling))
                for s in self.scalings
            ),
        )

    def _shares(self) -> str:
        return table(
            ("Policy", "Packets", "release, µs", "core event, µs", "percent of it", "goal"),
            (
                (
                    f"release, {s.custody}", s.packets, f"{s.release:.1f}", f"{s.mint:,.0f}", str(s.percent),
                    reached(s.percent.median <= SHARE_GOAL, f"at most {SHARE_GOAL:.0f}")
                    if s.custody == "issued" else "–",
                )
                for s in self.shares
            ),
        )  # fmt: skip

    def _strips(self) -> str:
        return table(
            ("Policy", "Packets", "gateway, µs", "fastavro, µs", "times faster", "goal"),
            (
                (
                    "four fields taken out", s.packets, f"{s.gateway:,.0f}", f"{s.fastavro:,.0f}", str(s.faster),
                    reached(s.faster.median >= STRIP_GOALS[s.packets], f"{STRIP_GOALS[s.packets]:.0f}"),
                )
                for s in self.strips
            ),
        )  # fmt: skip


def reached(good: bool, goal: str) -> str:
    """A cell that says the goal and whether it is reached."""
    return f"{goal}: {'reached' if good else 'missed'}"


def _goal(result: Result) -> str:
    goal, found = result.work.goal, result.ratios.get(VoeventParse.name)
    if goal is None or found is None:
        return "–" if goal is None else f"{goal:.0f}: not measured"
    return f"{goal:.0f}: {'reached' if found.median >= goal else f'missed, {found.median / goal:.2f} of it'}"


def _visit_goal(visit: Visit) -> str:
    if visit.history != "mixed" or visit.alerts != 10_000:
        return "–"
    reached = visit.seconds <= VISIT_GOAL
    return f"{VISIT_GOAL:.0f} s: {'reached' if reached else f'missed, {visit.seconds / VISIT_GOAL:.2f} times as long'}"


def _mega(size: int) -> str:
    return f"{size / 1e6:,.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "".join(f"| {' | '.join(line)} |\n" for line in (head, ["---"] * len(head), *rows))


def now() -> datetime:
    """When a run starts."""
    return datetime.now(UTC)


def update(report: Report, page: Path = PAGE) -> None:
    """Put the tables into the documentation."""
    put(report.markdown(), page, BEGIN, END)


def put(tables: str, page: Path, begin: str, end: str) -> None:
    """Put tables into a page, between its marks."""
    head, found, rest = page.read_text("utf-8").partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{page.name} does not have the two lines between which the tables stand.")
    page.write_text(f"{head}{begin}\n{tables}\n{end}{tail}", "utf-8")
