"""What the tester does as the author and the subscribers of a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.conformance import receipts
from gateway.conformance.check import NotRun, Unmet
from gateway.conformance.documents import Events, transport
from gateway.conformance.wire import Wire, connect
from gateway.vtp.messages import read
from gateway.vtp.transport import FILTER_PARAM, Transport

__all__ = ["BrokerStage"]


@dataclass
class BrokerStage:
    """Where the broker is, and what has been heard of it.

    receive, broadcast : (host, port) for authors and for subscribers; None when it has no such side
    quiet : seconds after which something that must not come is taken to stay away
    """

    receive: tuple[str, int] | None
    broadcast: tuple[str, int] | None
    patience: float = 10.0
    quiet: float = 1.5
    events: Events = field(default_factory=Events)
    wires: list[Wire] = field(default_factory=list)

    async def close(self) -> None:
        """End all connections that there were."""
        for wire in self.wires:
            await wire.end()

    async def author(self) -> Wire:
        """A new connection as an author."""
        if self.receive is None:
            raise NotRun("No address for authors was given.")
        return await self._connect(self.receive)

    async def sent(self, payload: bytes) -> bytes | None:
        """The answer to one event over a connection of its own."""
        wire = await self.author()
        try:
            await wire.say(payload)
            return await wire.hear()
        finally:
            wire.close()

    async def _connect(self, address: tuple[str, int]) -> Wire:
        wire = await connect(*address, self.patience)
        self.wires.append(wire)
        return wire

    @asynccontextmanager
    async def subscriber(self, *filters: str) -> AsyncIterator[Wire]:
        """A connection as a subscriber that is known to be one: an event has come through it."""
        if self.broadcast is None:
            raise NotRun("No address for subscribers was given.")
        wire = await self._connect(self.broadcast)
        try:
            if filters:
                params = tuple((FILTER_PARAM, one) for one in filters)
                await wire.say(transport("authenticate", params=params))
            yield wire
        finally:
            wire.close()

    async def listening(self, wire: Wire) -> None:
        """Wait until the broker knows of a subscriber: nothing in the protocol says so but an event that comes."""
        for _ in range(3):
            ivorn, document = self.events.event()
            await self.sent(document)
            if await self.comes(wire, ivorn, self.patience / 3):
                return
        raise Unmet("Of three events that it acknowledged none came to a subscriber.")

    async def comes(self, wire: Wire, ivorn: str, seconds: float | None = None) -> bytes | None:
        """The event of this identifier, acknowledged as all that come before it."""
        while True:
            payload = await wire.hear(seconds)
            if payload is None:
                return None
            message = read(payload)
            if isinstance(message, Transport):
                if message.role == "iamalive":
                    await wire.say(transport("iamalive", message.origin))
                continue
            await wire.say(transport("ack", message.ivorn))
            if message.ivorn == ivorn:
                return payload

    async def serves(self) -> None:
        """Whether it still takes events."""
        ivorn, document = self.events.event()
        try:
            receipts.receipt(await self.sent(document), ivorn, "ack")
        except Unmet as unmet:
            raise Unmet(f"After that it does not take an event: {unmet}") from None

    async def comes_once(self, wire: Wire, ivorn: str) -> None:
        """An event comes, and does not come again."""
        if await self.comes(wire, ivorn) is None:
            raise Unmet("The event did not come.")
        if await self.comes(wire, ivorn, self.quiet):
            raise Unmet("It came twice.")

    async def refused(self, wire: Wire) -> str:
        """The identifier of an event that the subscriber has refused."""
        ivorn, document = self.events.event()
        await self.sent(document)
        while (payload := await wire.hear()) is not None:
            message = read(payload)
            if not isinstance(message, Transport):
                await wire.say(transport("nak", message.ivorn, result="Refused by a conformance test."))
                if message.ivorn == ivorn:
                    return ivorn
        raise Unmet("The event did not come.")

    async def first_alive(self) -> bytes | None:
        """The first iamalive that a subscriber hears, which says nothing itself."""
        async with self.subscriber() as wire:
            end = asyncio.get_running_loop().time() + 91
            while (payload := await wire.hear(max(0.0, end - asyncio.get_running_loop().time()))) is not None:
                message = read(payload)
                if isinstance(message, Transport) and message.role == "iamalive":
                    return payload
                if not isinstance(message, Transport):
                    await wire.say(transport("ack", message.ivorn))
                    end = asyncio.get_running_loop().time() + 91  # it was not quiet
            return None

    async def seen_until(self, wire: Wire, ivorn: str) -> set[str]:
        """The identifiers that come up to this one."""
        seen: set[str] = set()
        while (payload := await wire.hear(self.quiet + 1)) is not None:
            message = read(payload)
            if not isinstance(message, Transport):
                seen.add(message.ivorn)
                await wire.say(transport("ack", message.ivorn))
                if message.ivorn == ivorn:
                    break
        return seen

    async def survives(self, data: bytes) -> None:
        """What is no message ends its connection, and the next event is taken."""
        wire = await self.author()
        await wire.raw(data)
        over = await wire.over()
        wire.close()
        if not over:
            raise Unmet(f"The connection was still open after {self.patience:g} s.")
        await self.serves()
