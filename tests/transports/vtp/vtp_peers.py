"""Peers of a broker on plain asyncio sockets, with the real sessions, and events for them to send."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from gateway.codecs.voevent import encode
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import Param, VOEvent, What, Who
from gateway.policy.engine import Policy
from gateway.relay import Relay
from gateway.transports.vtp.broker import Broker
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.seen import Seen
from gateway.vtp import Frames, Packet, Subscriber, Transport, frame, read
from gateway.vtp.events import Close, Received, Send, Told

T = TypeVar("T")
DEADLINE = 30.0
"""Seconds after which a test that waits has failed."""
EXTERNAL = Provenance(Origin.EXTERNAL)
LOCAL = "ivo://org.example/broker"


def event(
    number: int = 1,
    role: str = "observation",
    version: str = "2.0",
    text: int = 0,
    more: int = 0,
    **parts: Any,
) -> bytes:
    """A valid document that no other number has, with so many characters of text, and so many more Params."""
    items = (
        Param("number", str(number)),
        *(Param(f"more{n}", str(n)) for n in range(more)),
        *([Param("text", value_element="word " * (text // 5))] if text else []),
    )
    who = Who(author_ivorn="ivo://org.example/author", date="2026-11-24T00:00:00")
    return encode(VOEvent(version, f"ivo://org.example/events#{number}", role, who, What(items), **parts))


def number_of(document: bytes) -> int:
    packet = read(document)
    assert isinstance(packet, Packet)
    return int(packet.ivorn.rpartition("#")[2])


def going(test: Callable[[Path], Coroutine[Any, Any, None]]) -> Callable[[Path], None]:
    """A test that is a coroutine, on the loop of this process, within a deadline."""

    def test_function(tmp_path: Path) -> None:
        async def all_of_it(stop: asyncio.Event) -> None:
            await asyncio.wait_for(test(tmp_path), 4 * DEADLINE)
            for _ in range(3):
                await asyncio.sleep(0)  # sockets that were closed are gone one turn later

        run(all_of_it)

    test_function.__doc__ = test.__doc__
    return test_function


@asynccontextmanager
async def broker(folder: Path, *, provenance: Provenance = EXTERNAL, **options: Any) -> AsyncIterator[Broker]:
    """A broker that is stopped in the end."""
    relayed = {name: options.pop(name) for name in ("audiences",) if name in options}
    made = Broker(
        Relay(Policy(), provenance, **relayed), Seen(folder / "seen.db"), LOCAL, **{"patience": 0.0} | options
    )
    try:
        yield made
    finally:
        await made.stop()


class Wire:
    """Frames over a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._frames = Frames(10**7)
        self._ready: list[bytes] = []

    @classmethod
    async def to(cls, port: Any, **options: Any) -> "Wire":
        address = port.getHost()
        if hasattr(address, "name"):
            return cls(*await asyncio.open_unix_connection(address.name))
        return cls(*await asyncio.open_connection(address.host, address.port, **options))

    @classmethod
    async def deaf(cls, port: Any) -> "Wire":
        """A peer that reads nothing, and whose system keeps little for it."""
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port.getHost().port))
        reader, writer = await asyncio.open_connection(sock=own, limit=1)
        writer.transport.pause_reading()
        return cls(reader, writer)

    def send(self, *payloads: bytes) -> None:
        self.writer.write(b"".join(map(frame, payloads)))

    async def next(self) -> bytes | None:
        """The next payload, None at the end of the connection."""
        while not self._ready:
            data = await asyncio.wait_for(self.reader.read(2**16), DEADLINE)
            if not data:
                return None
            self._ready += self._frames.receive(data)
        return self._ready.pop(0)

    async def message(self) -> Transport | Packet | None:
        payload = await self.next()
        return None if payload is None else read(payload)

    async def ended(self) -> bool:
        """Whether the broker closes the connection without another word."""
        try:
            return await self.next() is None
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.transport.abort()


async def submit(port: Any, *payloads: bytes) -> list[Transport]:
    """The receipts for some events that an author sends; the broker closes then."""
    wire = await Wire.to(port)
    wire.send(*payloads)
    receipts = []
    for _ in payloads:
        receipt = await wire.message()
        assert isinstance(receipt, Transport)
        receipts.append(receipt)
    assert await wire.ended()
    wire.close()
    return receipts


class Listening:
    """A subscriber with a session, which collects what it gets."""

    def __init__(self, wire: Wire, session: Subscriber) -> None:
        self.wire, self.session = wire, session
        self.got: list[bytes] = []
        self.told: list[str] = []
        self.closed = False
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._listen())

    @classmethod
    async def to(cls, port: Any, **options: Any) -> "Listening":
        return cls(await Wire.to(port), Subscriber("ivo://org.example/subscriber", **options))

    async def _listen(self) -> None:
        now = asyncio.get_running_loop().time
        self._do(self.session.opened(now()))
        while data := await self.wire.reader.read(2**16):
            self._do(self.session.receive(data, now()))
        self.closed = True
        self._changed.set()

    def _do(self, events: list[Any]) -> None:
        for one in events:
            if isinstance(one, Send):
                self.wire.writer.write(one.data)
            elif isinstance(one, Received):
                self.got.append(one.packet.payload)
                self._do(self.session.answer(one.packet, 0.0))
            elif isinstance(one, Told):
                self.told.append(one.result)
            elif isinstance(one, Close):
                self.wire.close()
        self._changed.set()

    async def until(self, condition: Callable[["Listening"], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def events(self, count: int) -> list[bytes]:
        await self.until(lambda one: len(one.got) >= count)
        return self.got

    def close(self) -> None:
        self._task.cancel()
        self.wire.close()


async def accepted(port: Any, *payloads: bytes) -> None:
    """Send some events, which the broker takes."""
    assert [receipt.role for receipt in await submit(port, *payloads)] == ["ack"] * len(payloads)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what the broker does by itself, within the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.005)
