"""The results as Markdown tables and as JSON."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from bench.race import Ratio
from bench.report import machine, put, reached, table
from bench.vtp.brokers import NAMES
from bench.vtp.stored import Stored
from bench.vtp.turns import Cost, Slope

__all__ = ["GOAL", "Report", "peers", "update"]

BEGIN, END = (
    "<!-- written by python -m bench vtp --update-docs -->\n",
    "<!-- end of what bench vtp writes -->\n",
)
GOAL = 3.0
"""Times less CPU time than Comet: an event with 1 and 10 subscribers, a message with 50."""

WITH_GOAL = (1, 10)
VISIT_SECONDS, VISIT_EVENTS, VISIT_SUBSCRIBERS = 37.0, 20, 100
"""What the Rubin documents speak of: 100 users, each with 20 alerts a visit."""


@dataclass(frozen=True)
class Report:
    """All results of a run. `peers` says which Python, Comet and dbm it was."""

    started: datetime
    peers: str
    rounds: int
    costs: Sequence[Cost]
    slopes: Sequence[Slope]
    stored: Sequence[Stored]

    def json(self) -> dict[str, Any]:
        """For a program; of the latencies what the table has."""
        found = asdict(self) | {"started": self.started.isoformat(timespec="seconds")}
        for cost, of in zip(found["costs"], self.costs, strict=True):
            cost["latencies"] = {name: _latency(of, name) for name in NAMES}
        return found

    def markdown(self) -> str:
        """The tables."""
        head = f"{self.started:%Y-%m-%d}. {machine()}. {self.peers}. {self.rounds} rounds.\n"
        return "\n".join([head, self._costs(), self._slopes(), self._stored(), self._visit()])

    def _costs(self) -> str:
        ours, theirs = NAMES
        return table(
            ("Event, bytes", "Subscribers", "Events a turn", "gateway, CPU ms an event", "Comet",
             "times less", "goal", "gateway, p50 and p99 ms", "Comet, p50 and p99"),
            (
                (
                    f"{cost.size:,}", str(cost.subscribers), f"{cost.events:,}", _spread(cost.cpu[ours]),
                    _spread(cost.cpu[theirs]), str(cost.faster),
                    _goal(cost.faster) if cost.subscribers in WITH_GOAL else "–",
                    *("{:.0f}, {:.0f}".format(*_latency(cost, name)) for name in NAMES),
                )
                for cost in self.costs
            ),
        )  # fmt: skip

    def _slopes(self) -> str:
        ours, theirs = NAMES
        return table(
            ("A message to one subscriber", "gateway, CPU µs", "Comet", "times less", "goal"),
            (
                (f"{one.size:,} bytes, of {one.subscribers}", f"{one.cpu[ours]:.0f}", f"{one.cpu[theirs]:.0f}",
                 str(one.faster), _goal(one.faster))
                for one in self.slopes
            ),
        )  # fmt: skip

    def _stored(self) -> str:
        return table(
            ("Events stored", "MB", "a new event, CPU µs", "a known one", "times as long as with none"),
            (
                (f"{one.count:,}", f"{one.megabytes:,.0f}", _spread(one.new), _spread(one.known),
                 str(one.slower(self.stored[0])))
                for one in self.stored
            ),
        )  # fmt: skip

    def _visit(self) -> str:
        """What is left for other work in a visit; of the largest events."""
        alone = [cost for cost in self.costs if cost.subscribers == 0][-1]
        slope = self.slopes[-1]
        milliseconds = {
            name: VISIT_EVENTS * (median(alone.cpu[name]) + VISIT_SUBSCRIBERS * slope.cpu[name] / 1e3)
            for name in NAMES
        }
        return table(
            (
                f"{VISIT_EVENTS} events to {VISIT_SUBSCRIBERS} subscribers, each visit",
                "CPU ms",
                "percent of a core",
            ),
            (
                (name, f"{spent:.0f}", f"{spent / VISIT_SECONDS / 10:.2f}")
                for name, spent in milliseconds.items()
            ),
        )


def _latency(cost: Cost, name: str) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    cuts = quantiles(cost.latencies[name], n=100)
    return cuts[49], cuts[98]


def _spread(numbers: Sequence[float]) -> str:
    return str(Ratio(median(numbers), min(numbers), max(numbers)))


def _goal(found: Ratio) -> str:
    good = found.median >= GOAL
    return reached(good, f"{GOAL:.0f}") if good else f"{GOAL:.0f}: missed, {found.median / GOAL:.2f} of it"


_VERSIONS = """
import comet, platform, twisted
print(f"CPython {platform.python_version()}, Comet {comet.__version__}, Twisted {twisted.__version__}")
"""


def peers(python: str, dbm: str) -> str:
    """Which programs ran."""
    run = subprocess.run([python, "-c", _VERSIONS], check=True, capture_output=True, text=True)
    return f"Both brokers: {run.stdout.strip()}; Comet with {dbm}"


def update(report: Report, page: Path) -> None:
    """Put the tables into the documentation, between the marks."""
    put(report.markdown(), page, BEGIN, END)
