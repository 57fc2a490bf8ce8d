"""Routes and deliveries, run together until all is done or they are told to stop.

Rules
1. When told to stop: sources give no more, routes end, what waits in memory is delivered, acknowledgements become safe.
   What is not through after `drain` seconds goes to the spool of its sink. Without one it is given up and not
   acknowledged, so it comes again in the next run.
2. When one route cannot go on, all end in that order, and its error is raised: whoever supervises the process starts it
   anew, and half a service that looks whole is worse than none.
3. Whatever happens, everything is closed; of several errors the first is raised and the others are logged.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Iterable
from typing import Any

from gateway.relay.delivery import Delivery
from gateway.relay.route import Route

__all__ = ["MAX_DRAIN", "run"]

MAX_DRAIN = 20
"""Seconds to bring to an end what is under way. Systemd kills after 90, Kubernetes after 30."""

log = logging.getLogger("gateway.relay")


async def run(
    routes: Collection[Route], deliveries: Iterable[Delivery], stop: asyncio.Event, drain: float = MAX_DRAIN
) -> None:
    """Run until all routes have ended and everything is delivered, or until `stop` (rule 1).

    Raises the GatewayError of a route that cannot go on (rule 2), SourceError among them.
    """
    deliveries = list(deliveries)
    delivering = [_task(delivery.run()) for delivery in deliveries]
    running = [_task(route.run()) for route in routes]
    ended = _task(_all(running))
    tasks = [*running, *delivering, ended, _task(stop.wait())]
    try:
        await asyncio.wait({ended, tasks[-1], *delivering}, return_when=asyncio.FIRST_COMPLETED)
        for route in routes:
            route.source.stop()
        tasks.append(_task(_through(running, deliveries)))
        await asyncio.wait({tasks[-1], *delivering}, timeout=drain, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # What is kept is acknowledged, and that made safe by the source.
        closing = [
            *(delivery.keep for delivery in deliveries),
            *(route.source.close for route in routes),
            *(delivery.close for delivery in deliveries),
        ]
        for close in closing:
            tasks.append(_task(close()))
            await asyncio.wait(tasks[-1:])
        if left := sum(route.progress.under_way for route in routes):
            log.warning("%d messages are not through; they come again in the next run", left)
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    for error in errors[1:]:
        log.error("%s", error)
    if errors:
        raise errors[0]


def _task(work: Coroutine[Any, Any, None] | Coroutine[Any, Any, bool]) -> asyncio.Task[Any]:
    return asyncio.create_task(work)


async def _all(running: Collection[asyncio.Task[Any]]) -> None:
    """Wait for all to end, or for one to fail."""
    await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)


async def _through(running: Collection[asyncio.Task[Any]], deliveries: Iterable[Delivery]) -> None:
    """Wait until nothing is under way."""
    await asyncio.wait(running)
    for delivery in deliveries:
        await delivery.drained()
