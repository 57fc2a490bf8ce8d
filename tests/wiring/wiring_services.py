"""A service in this process, from a configuration's text to its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.config import loads
from gateway.transports.vtp.loop import run
from gateway.wiring import Service, serve

DEADLINE = 60
"""Seconds after which a test that waits has failed."""

HEAD = """
[gateway]
ivoid = "ivo://org.example/gateway"
state = "state"
"""

DEAD = """
[sinks.dead]
kind = "files"
directory = "dead"
"""


@asynccontextmanager
async def going(text: str, folder: Path) -> AsyncIterator[Service]:
    """A service that runs, and is stopped in order."""
    stop, started = asyncio.Event(), asyncio.get_running_loop().create_future()
    config = loads(text.encode(), "gateway.toml", folder)
    task = asyncio.create_task(serve(config, stop, started.set_result))
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield started.result()
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE)


def to_the_end(text: str, folder: Path) -> Service:
    """A service whose sources end."""
    services: list[Service] = []
    config = loads(text.encode(), "gateway.toml", folder)

    async def main(stop: asyncio.Event) -> None:
        await asyncio.wait_for(serve(config, stop, services.append), DEADLINE)

    run(main)
    return services[0]


def played(scene: Callable[[], object]) -> None:
    """A coroutine on the loop of this process."""

    async def main(stop: asyncio.Event) -> None:
        await asyncio.wait_for(scene(), 2 * DEADLINE)
        for _ in range(3):
            await asyncio.sleep(0)

    run(main)


def port(service: Service, sink: str) -> int:
    """Where a sink broadcasts."""
    (line,) = (line for line in service.about if line.startswith(f"{sink} broadcast "))
    return int(line.rpartition(":")[2])


def there(folder: Path) -> dict[str, bytes]:
    """The files in a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder.exists() else {}
