"""What the broker keeps in memory when some of its subscribers never read: ``python -m bench memory``.

Rules
1. All memory of the process counts, as Linux counts it. What an event takes that nobody waits for is no part of it: the
   broker has done the same with other subscribers before the first look. Events go in parts, between which those who
   never read say that they are there, or they would be let go for their silence.
2. Those who never read share what waits: the last documents that fit into the queue, once. Beside it each has what
   Twisted holds for a connection: what it takes before it says that it is enough, and one more document, once as it
   came and once as it is written.
3. `ROOM` is for what is not in proportion to anybody: pages of the record, and what an allocator has not given back.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from bench.vtp.brokers import Broker, running
from bench.vtp.events import IVORN, Series
from bench.vtp.load import Load
from gateway.transports.vtp.status import ask
from gateway.vtp import Transport, frame, write

__all__ = ["ROOM", "Memory", "measure", "memory"]

TWISTED = 64 * 1024
"""Bytes of a connection that Twisted takes before it says `pauseProducing`."""

PART = 500
"""Events of a part."""

ROOM = 8 * 2**20
DEADLINE = 60.0


@dataclass(frozen=True)
class Memory:
    """Bytes. `offered` is the length of all events together: what it would be without a limit."""

    before: int
    after: int
    bound: int
    offered: int

    @property
    def grown(self) -> int:
        """What has come to it."""
        return self.after - self.before


def measure(events: int, size: int, readers: int, deaf: int, queue: int) -> Memory:
    """Send so many events of at least `size` bytes to so many who read, and to the `deaf`, who do not."""
    documents = [(IVORN.format(n), _event(n, size)) for n in range(events + min(events, PART))]
    first, rest = documents[events:], documents[:events]
    largest = max(len(document) for _, document in documents)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name) / "broker"
        with running("gateway", sys.executable, folder, ["--queue", str(queue)]) as broker:
            asyncio.run(Load(first, readers).run(broker))
            with _not_reading(broker, deaf, folder / "state") as sockets:
                before = broker.memory()
                for start in range(0, events, PART):
                    asyncio.run(Load(rest[start : start + PART], readers).run(broker))
                    for one in sockets:
                        one.sendall(ALIVE)
                after = broker.memory()
    bound = queue + deaf * 2 * (TWISTED + largest) + ROOM
    return Memory(before, after, bound, sum(len(document) for _, document in rest))


_SERIES = Series(2_000)
ALIVE = frame(write(Transport("iamalive", "ivo://org.example/deaf", "2026-11-24T00:00:00Z")))


def _event(number: int, size: int) -> bytes:
    """An event with as much room between its elements as it takes: nobody's time goes into reading it."""
    before, end, after = _SERIES.event(number).rpartition(b"</voe:VOEvent>")
    return before + b" " * (size - len(before)) + end + after


@contextmanager
def _not_reading(broker: Broker, deaf: int, state: Path) -> Iterator[list[socket.socket]]:
    """Subscribers that connect and do nothing, and whose system keeps little for them."""
    sockets = [socket.socket() for _ in range(deaf)]
    try:
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", broker.broadcast))
        end = time.monotonic() + DEADLINE
        while len(ask(state)["subscribers"]) != deaf:
            if time.monotonic() > end:
                raise SystemExit("the broker does not take its subscribers")
            time.sleep(0.05)
        yield sockets
        if sum(one["waiting"] > 0 for one in ask(state)["subscribers"]) != deaf:
            raise SystemExit("who does not read was let go, or nothing waits for it")
    finally:
        for one in sockets:
            one.close()


@click.command()
@click.option("--events", default=10_000, show_default=True)
@click.option("--size", default=8_400, show_default=True, help="Bytes of an event, about.")
@click.option("--readers", default=90, show_default=True, help="Subscribers that read.")
@click.option("--deaf", default=10, show_default=True, help="Subscribers that never do.")
@click.option("--queue", default=4 * 2**20, show_default=True, help="Bytes that wait for one.")
def memory(events: int, size: int, readers: int, deaf: int, queue: int) -> None:
    """What the broker keeps in memory when some of its subscribers never read. Ends with 1 over the bound."""
    found = measure(events, size, readers, deaf, queue)
    for what in ("before", "after", "grown", "bound", "offered"):
        click.echo(f"{what:8}{getattr(found, what) / 2**20:8.1f} MiB")
    raise SystemExit(found.grown > found.bound)
