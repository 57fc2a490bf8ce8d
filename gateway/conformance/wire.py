"""A connection of which every byte is ours to choose.

Rules
1. Every wait has an end: `patience` seconds, unless a check says otherwise.
2. A message of the peer is at most `MAX_MESSAGE` bytes, whatever length it announces.
3. Nothing here raises for what the peer does: a message that does not come is None, and `over` says whether the
   connection is still there.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET

from gateway.conformance.check import Unmet
from gateway.vtp.framing import frame

__all__ = ["MAX_MESSAGE", "Wire", "connect"]

MAX_MESSAGE = 2**20
"""Bytes of the largest message that is taken of the peer under test: ten times what any broker of the field sends."""


class Wire:
    """One connection to, or of, the peer under test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        self._reader, self._writer = reader, writer
        self.patience = patience

    async def say(self, payload: bytes) -> None:
        """Send a message."""
        await self.raw(frame(payload, MAX_MESSAGE))

    async def raw(self, data: bytes) -> None:
        """Send bytes. That the peer has closed meanwhile is seen by who reads."""
        if self._writer.is_closing():
            return
        try:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), self.patience)
        except (ConnectionError, TimeoutError):
            return

    async def slowly(self, data: bytes) -> None:
        """Send bytes one by one, each in a packet of its own."""
        for value in data:
            await self.raw(bytes((value,)))
            await asyncio.sleep(0)

    async def hear(self, seconds: float | None = None) -> bytes | None:
        """The next message; None when there is none within the time, or the connection is over."""
        try:
            async with asyncio.timeout(self.patience if seconds is None else seconds):
                (length,) = struct.unpack("!I", await self._reader.readexactly(4))
                if not 0 < length <= MAX_MESSAGE:
                    raise Unmet(f"It sent a length of {length}.")
                return await self._reader.readexactly(length)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            return None

    async def over(self, seconds: float | None = None) -> bool:
        """Whether the peer ends the connection within the time. What it says before that is passed over."""
        try:
            async with asyncio.timeout(self.patience if seconds is None else seconds):
                while await self._reader.read(2**16):
                    pass
                return True
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def half_close(self) -> None:
        """Say that nothing more comes, and go on listening."""
        if self._writer.can_write_eof() and not self._writer.is_closing():
            self._writer.write_eof()

    def close(self) -> None:
        """End the connection in order."""
        self._writer.close()

    async def end(self) -> None:
        """End it, and wait until nothing of it is left."""
        self._writer.close()
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), self.patience)

    def vanish(self) -> None:
        """End it as a machine does that fails: with a reset."""
        self._writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def connect(host: str, port: int, patience: float) -> Wire:
    """A connection to the peer. Raises Unmet when it takes none."""
    try:
        return Wire(*await asyncio.wait_for(asyncio.open_connection(host, port), patience), patience)
    except (OSError, TimeoutError):
        raise Unmet("It takes no connection.") from None
