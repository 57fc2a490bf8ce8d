"""What `gateway top` shows: a status as tables that fit on a screen, with rates from one to the next.

Rules
1. Rates are those since the last status of the same run; of the first one, averages since the start.
2. What does not do its work comes first in its table and is in red; what does not fit is counted in the last line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.errors import GatewayError

__all__ = ["view", "watch"]

Status = dict[str, Any]

_BESIDE = 8
"""Lines of a screen that no row of a table has: the head, the tables' own heads, connections."""


def watch(console: Console, ask: Callable[[], Status], again: Callable[[], bool]) -> None:
    """Show what `ask` says until `again`, which waits, says that it is enough. A gateway that does not answer is asked
    again."""
    before: Status | None = None
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while True:
            try:
                status = ask()
                live.update(view(status, before, console.height), refresh=True)
                before = status
            except GatewayError as error:
                live.update(Text(str(error), "red"), refresh=True)
            if not again():
                return


def view(status: Status, before: Status | None, height: int) -> RenderableType:
    """A status, in so many lines. `before` is an earlier one."""
    if before is None or before["since"] != status["since"]:
        before = {"up": 0.0, "routes": [], "sinks": []}
    rate = _Rates(status, before)
    now = datetime.fromisoformat(status["time"])
    kinds = (
        (_ROUTE, [_route(one, rate) for one in status["routes"]]),
        (_SOURCE, [_source(one, now) for one in status["sources"]]),
        (_SINK, [_sink(one, rate, now) for one in status["sinks"]]),
    )
    room = max(len(kinds), height - _BESIDE)
    parts: list[RenderableType] = [*_head(status)]
    for number, (head, rows) in enumerate(kinds):
        share = max(1, room // (len(kinds) - number))
        parts += _table(head, rows, share)
        room -= min(share, len(rows))
    if status["connections"]:
        peers = ", ".join(
            f"{one['count']} {one['role']}{'s' if one['count'] != 1 else ''} of {one['sink']}"
            for one in status["connections"]
        )
        parts.append(Text(f"connected: {peers}", overflow="ellipsis", no_wrap=True))
    return Group(*parts)


Row = tuple[bool, tuple[str, ...]]
"""Whether it does its work, and its cells."""

_ROUTE = ("route", "in/s", "MB/s", "out/s", "under way", "dead", "messages")
_SOURCE = ("source", "last", "lag", "partitions", "state")
_SINK = ("sink", "out/s", "queue", "on disk", "dead", "state")
_LEFT = {"route", "source", "sink", "state"}


def _head(status: Status) -> Iterable[Text]:
    profile = f"policy {status.get('profile', '?')} {str(status.get('profile_sha256', ''))[:8]}"
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"voevent-gateway {status.get('version', '?')}", "bold")
    line.append(f"  up {_span(status['up'])}  ")
    line.append("ready" if status["ready"] else "NOT READY", "green" if status["ready"] else "bold red")
    line.append(f"  {profile}")
    yield line
    why = ", ".join(
        f"{one['what']} {one['name']}: {one['code']}".replace(" :", ":") for one in status["reasons"]
    )
    yield Text(why, "red", no_wrap=True, overflow="ellipsis")


def _table(head: tuple[str, ...], rows: list[Row], room: int) -> Iterable[RenderableType]:
    table = Table(box=None, expand=True, pad_edge=False, header_style="bold cyan")
    for name in head:
        left = name in _LEFT
        table.add_column(
            name,
            justify="left" if left else "right",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if name == head[0] else None,
        )
    rows = sorted(rows, key=lambda row: row[0])
    shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
    for well, cells in shown:
        table.add_row(*(Text(cell) for cell in cells), style=None if well else "red")
    yield table
    if len(shown) < len(rows):
        yield Text(f"... and {len(rows) - len(shown)} more", "dim")


class _Rates:
    """Differences a second."""

    def __init__(self, status: Status, before: Status) -> None:
        self._seconds: float = max(status["up"] - before["up"], 1e-3)
        self._before = {kind: {one["name"]: one for one in before[kind]} for kind in ("routes", "sinks")}

    def __call__(self, kind: str, one: Status, count: Callable[[Status], float]) -> float:
        old = self._before[kind].get(one["name"])
        grown: float = count(one) - (count(old) if old is not None else 0.0)
        return grown / self._seconds


def _route(one: Status, rate: _Rates) -> Row:
    def made(route: Status) -> float:
        return float(sum(output["products"] for output in route["outputs"]))

    return True, (
        one["name"],
        f"{rate('routes', one, lambda route: float(route['messages'])):.1f}",
        f"{rate('routes', one, lambda route: float(route['bytes'])) / 1e6:.2f}",
        f"{rate('routes', one, made):.1f}",
        f"{one['under_way']}",
        f"{sum(one['dead'].values())}",
        f"{one['messages']}",
    )


def _source(one: Status, now: datetime) -> Row:
    last = f"{_age(one['last'], now)} ago" if one["last"] else "never"
    lag = "-" if one["lag"] is None else f"{one['lag']}"
    state = one["problem"] or "ok"
    return one["problem"] is None, (one["name"], last, lag, f"{len(one['partitions'])}", state)


def _sink(one: Status, rate: _Rates, now: datetime) -> Row:
    trouble, spool = one["trouble"], one["spool"]
    state = f"{trouble['code']} for {_age(trouble['since'], now)}" if trouble else "ok"
    return trouble is None, (
        one["name"],
        f"{rate('sinks', one, lambda sink: float(sink['delivered'])):.1f}",
        _size(one["queue_bytes"]),
        _size(spool["bytes"]) if spool else "-",
        f"{one['dead']}",
        state,
    )


def _age(then: str, now: datetime) -> str:
    return _span((now - datetime.fromisoformat(then)) / timedelta(seconds=1))


def _span(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _size(count: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count:.0f} B"
