"""A line of the log from time to time: that the gateway lives, and when each source last brought something."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import datetime

from gateway.relay.status import Status

__all__ = ["INTERVAL", "lines", "pulse"]

INTERVAL = 300.0
"""Seconds between two: a night has a hundred of them, and a stream that ended is seen within minutes."""

log = logging.getLogger("gateway.relay")


async def pulse(status: Status, interval: float = INTERVAL) -> None:
    """Log without end."""
    while True:
        for line in lines(status):
            log.info("%s", line)
        await asyncio.sleep(interval)


def lines(status: Status) -> Iterator[str]:
    """One for each source."""
    report = status.report()
    now = datetime.fromisoformat(report["time"])
    for source in report["sources"]:
        routes = [route for route in report["routes"] if route["source"] == source["name"]]
        parts = [f"{sum(route['messages'] for route in routes)} messages"]
        parts.append(
            f"the last {(now - datetime.fromisoformat(source['last'])).total_seconds():.0f} s ago"
            if source["last"]
            else "none yet"
        )
        parts += [f"{sum(route['under_way'] for route in routes)} under way"]
        parts += [f"{source['lag']} behind"] if source["lag"] is not None else []
        parts += [source["problem"]] if source["problem"] else []
        yield f"{source['name']}: {', '.join(parts)}"
