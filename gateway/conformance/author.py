"""The checks of an author: the tester is the broker to which it sends. Each check needs an event of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.codecs.voevent.check import errors
from gateway.conformance import receipts
from gateway.conformance.check import Checks, NotRun, Unmet
from gateway.conformance.documents import NAMESPACES, transport
from gateway.conformance.guests import Guests
from gateway.conformance.wire import Wire
from gateway.vtp.framing import frame
from gateway.vtp.messages import Packet

__all__ = ["AUTHOR", "AuthorStage"]


@dataclass
class AuthorStage:
    """Where authors come in.

    patience : seconds until it must have acted; quiet : after which it is taken not to
    giving_up : seconds after which an author must have stopped waiting for a receipt
    """

    guests: Guests
    patience: float = 10.0
    quiet: float = 3.0
    giving_up: float = 120.0

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[tuple[Wire, bytes]]:
        """An author's connection, and the event that it sends."""
        wire = await self.guests.arrives()
        try:
            payload = await wire.hear()
            if payload is None:
                raise Unmet("No whole message came.")
            yield wire, payload
        finally:
            wire.close()
            await self.guests.dismiss()

    async def succeeds(self, answer: bytes, *, slowly: bool = False) -> None:
        """It takes an ack for what it is: it goes, and a program that we started ends with 0."""
        await self._answered("ack", answer, slowly)

    async def _answered(self, role: str, namespace: bytes, slowly: bool) -> None:
        async with self.visit() as (wire, payload):
            answer = transport(role, receipts.packet(payload).ivorn, namespace=namespace.decode())
            await (wire.slowly(frame(answer)) if slowly else wire.say(answer))
            if not await wire.over():
                raise Unmet(f"It kept the connection open for {self.patience:g} s after the ack.")
            await self._code(good=True)

    async def _code(self, *, good: bool) -> None:
        try:
            code = await self.guests.ends(self.patience)
        except NotRun:
            return
        if (code == 0) != good:
            raise Unmet(f"Its exit code was {code}.")


AUTHOR: Checks[AuthorStage] = Checks("A")
_COMET = NAMESPACES[1].encode()


@AUTHOR("VTP-20", "MUST", "It sends one event in a frame.")
async def _(stage: AuthorStage) -> None:
    async with stage.visit() as (wire, payload):
        packet = receipts.packet(payload)
        await wire.say(transport("ack", packet.ivorn))


@AUTHOR("VTP-03", "MUST", "Its message begins with an XML declaration.")
async def _(stage: AuthorStage) -> None:
    async with stage.visit() as (wire, payload):
        await wire.say(transport("ack", receipts.packet(payload).ivorn))
        if not payload.removeprefix(b"\xef\xbb\xbf").startswith((b"<?xml", "<?xml".encode("utf-16"))):
            raise Unmet("There is none.")


@AUTHOR("VTP-04", "MUST", "Its event is valid VOEvent 2.0.")
async def _(stage: AuthorStage) -> None:
    async with stage.visit() as (wire, payload):
        packet = receipts.packet(payload)
        await wire.say(transport("ack", packet.ivorn))
        _valid(packet)


@AUTHOR("VTP-20", "SHOULD", "It takes an ack, and closes the connection; a program ends with 0.")
async def _(stage: AuthorStage) -> None:
    await stage.succeeds(_COMET)


@AUTHOR("VTP-01", "MUST", "A receipt that comes byte by byte is the same receipt.")
async def _(stage: AuthorStage) -> None:
    await stage.succeeds(_COMET, slowly=True)


for _namespace in NAMESPACES:

    @AUTHOR("VTP-11", "practice", f"It takes an ack in the namespace {_namespace or '(none)'}.")
    async def _(stage: AuthorStage, namespace: bytes = _namespace.encode()) -> None:
        await stage.succeeds(namespace)


@AUTHOR("VTP-24", "MUST", "After a nak it does not send the event again; a program does not end with 0.")
async def _(stage: AuthorStage) -> None:
    async with stage.visit() as (wire, payload):
        ivorn = receipts.packet(payload).ivorn
        await wire.say(transport("nak", ivorn, result="Refused by a conformance test."))
        again = await stage.guests.comes_again(stage.quiet)
        if again is not None:
            again.close()
            raise Unmet("It connected again.")
        await stage._code(good=False)


@AUTHOR(
    "VTP-23", "SHOULD", "A connection that is closed without a receipt is a failure that it reports or mends."
)
async def _(stage: AuthorStage) -> None:
    async with stage.visit() as (wire, payload):
        receipts.packet(payload)
        wire.close()
        again = await stage.guests.comes_again(stage.quiet)
        if again is not None:
            again.close()
            return
        await stage._code(good=False)


@AUTHOR("VTP-23", "SHOULD", "It does not wait for a receipt for ever.", slow=120)
async def _(stage: AuthorStage) -> None:
    async with stage.visit() as (wire, payload):
        receipts.packet(payload)
        if not await wire.over(stage.giving_up):
            raise Unmet(f"It was still waiting after {stage.giving_up:g} s.")


for _what, _answer in (
    ("A length of 0", b"\0\0\0\0"),
    ("A length of 0xFFFFFFFF", b"\xff\xff\xff\xff"),
    ("A receipt that is no XML", frame(b"\x00 no document")),
    (
        "An event in place of a receipt",
        frame(b'<?xml version="1.0"?><VOEvent ivorn="ivo://org.example/a#b"/>'),
    ),
):

    @AUTHOR(
        "VTP-23",
        "hostile",
        f"{_what} is no receipt: it closes the connection, and a program does not end with 0.",
    )
    async def _(stage: AuthorStage, answer: bytes = _answer) -> None:
        async with stage.visit() as (wire, payload):
            receipts.packet(payload)
            await wire.raw(answer)
            wire.half_close()
            if not await wire.over():
                raise Unmet(f"It kept the connection open for {stage.patience:g} s.")
            again = await stage.guests.comes_again(stage.quiet)
            if again is not None:
                again.close()
                return
            await stage._code(good=False)


def _valid(packet: Packet) -> None:
    if packet.version != "2.0":
        raise Unmet("It is not VOEvent 2.0.")
    found = errors(packet.payload, packet.root)
    if found:
        first = (*found.xsd, *found.text)[0]
        raise Unmet(f"It breaks {first.code} ({first.clause}).")
