"""Where the program under test comes to us: an author, or a subscriber.

Rules
1. The tester listens on loopback unless told otherwise, and takes one connection after the other. Those that wait
   are taken in the order in which they came.
2. With a command the program is started for each connection that a check needs, and ended when it has not ended by
   itself. It is no shell's command: words, in which ``{host}`` and ``{port}`` stand for the tester's address.
"""

from __future__ import annotations

import asyncio
import shlex
from asyncio.subprocess import DEVNULL, Process

from gateway.conformance.check import NotRun, Unmet
from gateway.conformance.wire import Wire
from gateway.errors import SettingsError

__all__ = ["Guests"]

GRACE = 0.5
"""Seconds in which a connection is still seen of a program that has ended."""


class Guests:
    """The connections of the program under test.

    command : starts it (rule 2); None when somebody else does
    patience : seconds for an answer
    arrival : seconds until it must have come
    """

    def __init__(self, command: str | None, patience: float, arrival: float) -> None:
        self._words = shlex.split(command) if command else None
        self._patience, self._arrival = patience, arrival
        self._came: asyncio.Queue[Wire] = asyncio.Queue()
        self._wires: list[Wire] = []
        self._server: asyncio.Server | None = None
        self._programs: list[Process] = []
        self.host, self.port = "", 0

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises SettingsError (settings-address)."""
        try:
            self._server = await asyncio.start_server(self._welcome, host, port)
        except OSError as problem:
            raise SettingsError(
                "settings-address", f"{host}:{port} cannot be listened on: {problem.strerror}."
            ) from None
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, self._patience)
        self._wires.append(wire)
        self._came.put_nowait(wire)

    async def arrives(self) -> Wire:
        """The next connection, of a program that is started for it when there is a command."""
        if self._words is not None:
            await self._start(self._words)
        coming = asyncio.ensure_future(self._came.get())
        ends = [asyncio.ensure_future(program.wait()) for program in self._programs[-1:]]
        await asyncio.wait((coming, *ends), timeout=self._arrival, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if not coming.done():
            await asyncio.wait((coming,), timeout=GRACE if ends else 0)
        if coming.done():
            return coming.result()
        coming.cancel()
        if any(end.done() and not end.cancelled() for end in ends):
            raise NotRun(f"The program ended with {self._programs[-1].returncode} and did not connect.")
        raise NotRun(f"Nobody connected within {self._arrival:g} s.")

    async def comes_again(self, seconds: float) -> Wire | None:
        """A connection that comes without being asked for; None when there is none within the time."""
        try:
            return await asyncio.wait_for(self._came.get(), seconds)
        except TimeoutError:
            return None

    async def ends(self, seconds: float) -> int:
        """The exit code of the program started last. Raises Unmet when it runs on, NotRun when we did not start it."""
        if not self._programs:
            raise NotRun("Only a program that --run starts can be seen to end.")
        try:
            return await asyncio.wait_for(self._programs[-1].wait(), seconds)
        except TimeoutError:
            raise Unmet(f"The program was still running after {seconds:g} s.") from None

    async def dismiss(self) -> None:
        """End the programs that were started, and forget connections that nobody took."""
        while not self._came.empty():
            self._came.get_nowait().close()
        for program in self._programs:
            if program.returncode is None:
                program.terminate()
                try:
                    await asyncio.wait_for(program.wait(), 5.0)
                except TimeoutError:
                    program.kill()
                    await program.wait()
        self._programs.clear()

    async def close(self) -> None:
        """End everything."""
        await self.dismiss()
        for wire in self._wires:
            await wire.end()
        if self._server is not None:
            self._server.close()

    async def _start(self, words: list[str]) -> None:
        said = [word.replace("{host}", self.host).replace("{port}", str(self.port)) for word in words]
        try:
            program = await asyncio.create_subprocess_exec(
                *said, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
            )
        except OSError as problem:
            raise SettingsError(
                "settings-value", f"The command of --run cannot be started: {problem.strerror}."
            ) from None
        self._programs.append(program)
