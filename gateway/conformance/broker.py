"""The checks of a broker: the tester is author and subscriber."""

from __future__ import annotations

import asyncio

from gateway.conformance import receipts
from gateway.conformance.brokerstage import BrokerStage
from gateway.conformance.check import Checks, NotRun, Unmet
from gateway.conformance.documents import HOSTILE, TESTER, transport
from gateway.vtp.framing import frame
from gateway.vtp.messages import read
from gateway.vtp.transport import Transport

__all__ = ["BROKER"]


LARGE = 99_000
"""Bytes of an event that every broker of the field takes; Comet's limit is 99 999."""
HUGE = 150_000
MOST = 12
"""Events without a receipt after which Comet lets a subscriber go."""
HOPPERS = 200
"""Connections that come and go, for one check."""
DEAR = "count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0"
"""A filter of 54 characters that takes Comet seconds for an event, and with one more level minutes."""
DEAREST = 12
"""Events that such a filter is put to: more than the threads that a program of Twisted's has for such work."""
PROMPT = 5.0
"""Seconds within which any broker answers an author."""


BROKER: Checks[BrokerStage] = Checks("B")


@BROKER("VTP-21", "MUST", "A valid event is acknowledged.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    receipts.receipt(await stage.sent(document), ivorn, "ack")


@BROKER(
    "VTP-22",
    "MUST",
    "The Origin of the receipt is the identifier of the event, also one that has to be escaped.",
)
async def _(stage: BrokerStage) -> None:
    ivorn = stage.events.identifier("?a=1&b=2")
    receipts.receipt(await stage.sent(stage.events.event(ivorn)[1]), ivorn)


@BROKER("VTP-10", "MUST", "The children of the receipt are those of the Transport schema, in its order.")
async def _(stage: BrokerStage) -> None:
    receipts.in_order(await stage.sent(stage.events.event()[1]))


@BROKER("VTP-12", "SHOULD", "The TimeStamp of the receipt is the time in UTC.")
async def _(stage: BrokerStage) -> None:
    receipts.utc(receipts.said(await stage.sent(stage.events.event()[1]), "ack", "nak"))


@BROKER("VTP-21", "MUST", "The connection is closed after the receipt.")
async def _(stage: BrokerStage) -> None:
    wire = await stage.author()
    await wire.say(stage.events.event()[1])
    receipts.said(await wire.hear(), "ack", "nak")
    if not await wire.over():
        wire.close()
        raise Unmet(f"It was still open after {stage.patience:g} s.")


@BROKER("VTP-01", "MUST", "A message that comes byte by byte is the same message.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    wire = await stage.author()
    await wire.slowly(frame(document))
    receipts.receipt(await wire.hear(), ivorn, "ack")
    wire.close()


@BROKER("VTP-03", "MUST", "Comments before and after the event are part of a message.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    head, _, rest = document.partition(b"?>")
    document = head + b"?><!-- before: <VOEvent/> -->" + rest + b"<!-- after -->"
    receipts.receipt(await stage.sent(document), ivorn, "ack")


@BROKER("VTP-13", "MUST", "An event without a role is an event.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    receipts.receipt(await stage.sent(document.replace(b' role="test"', b"")), ivorn)


@BROKER("VTP-04", "SHOULD", "An event that its schema calls invalid is refused with a nak.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    invalid = document.replace(b"<What>", b"<What><NoSuchElement/>")
    receipts.receipt(await stage.sent(invalid), ivorn, "nak")


@BROKER("VTP-22", "SHOULD", "A nak says why, in Result.")
async def _(stage: BrokerStage) -> None:
    invalid = stage.events.event()[1].replace(b"<What>", b"<What><NoSuchElement/>")
    answer = await stage.sent(invalid)
    message = receipts.said(answer, "ack", "nak")
    if message.role == "ack":
        raise NotRun("It acknowledges an invalid event.")
    if not (message.result or "").strip():
        raise Unmet("There is no Result.")


@BROKER("VTP-21", "MUST", "An event of VOEvent 2.1 gets a receipt, whichever.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event(version="2.1")
    receipts.receipt(await stage.sent(document), ivorn)


@BROKER("VTP-03", "SHOULD", "An event in UTF-16 gets a receipt.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    text = document.decode().partition("?>")[2]
    utf16 = ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16")
    receipts.receipt(await stage.sent(utf16), ivorn)


@BROKER("VTP-02", "practice", f"An event of {LARGE} bytes gets a receipt.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    ivorn, document = stage.events.event(filler=LARGE - len(document))
    receipts.receipt(await stage.sent(document), ivorn)


@BROKER("VTP-21", "MUST", f"An event of {HUGE} bytes is answered, if by a nak: the standard has no limit.")
async def _(stage: BrokerStage) -> None:
    receipts.said(await stage.sent(stage.events.event(filler=HUGE)[1]), "ack", "nak")


@BROKER("VTP-25", "MUST", "An event that comes again is acknowledged, not refused.")
async def _(stage: BrokerStage) -> None:
    ivorn, document = stage.events.event()
    receipts.receipt(await stage.sent(document), ivorn, "ack")
    receipts.receipt(await stage.sent(document), ivorn, "ack")


@BROKER("VTP-05", "MUST", "A subscriber gets the document that the author sent, bit for bit.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        ivorn, document = stage.events.event()
        document = document.replace(b"<What>", b"<What><!-- kept:  as it   is -->")
        await stage.sent(document)
        got = await stage.comes(wire, ivorn)
        if got is None:
            raise Unmet("The event did not come.")
        if got != document:
            raise Unmet("Other bytes came.")


@BROKER("VTP-40", "MUST", "An event that was sent twice comes once.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        ivorn, document = stage.events.event()
        await stage.sent(document)
        await stage.sent(document)
        await stage.comes_once(wire, ivorn)


@BROKER("VTP-41", "MUST", "An event is known by its element: with another comment around it, it is the same.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        ivorn, document = stage.events.event()
        await stage.sent(document)
        await stage.sent(document + b"<!-- again -->")
        await stage.comes_once(wire, ivorn)


@BROKER("VTP-41", "MUST", "Two documents with the same identifier are two events.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        ivorn, document = stage.events.event(param="first")
        await stage.sent(document)
        await stage.sent(stage.events.event(ivorn, param="second")[1])
        if not (await stage.comes(wire, ivorn) and await stage.comes(wire, ivorn)):
            raise Unmet("Only one of them came.")


@BROKER("VTP-51", "MUST", "Who does not answer an authenticate message is a subscriber too.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)


@BROKER("VTP-35", "MUST", "A subscriber's nak ends a delivery, not the connection.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        await stage.refused(wire)
        ivorn, document = stage.events.event()
        await stage.sent(document)
        if await stage.comes(wire, ivorn) is None:
            raise Unmet("No further event came.")


@BROKER("VTP-35", "MUST", "What a subscriber refused is not sent to it again.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        ivorn = await stage.refused(wire)
        if await stage.comes(wire, ivorn, stage.quiet):
            raise Unmet("It came again.")


@BROKER("VTP-31", "MUST", "After no more than 90 s of quiet there is an iamalive.", slow=90)
async def _(stage: BrokerStage) -> None:
    receipts.in_order(await stage.first_alive())


@BROKER("VTP-31", "MUST", "The Origin of an iamalive is the broker's IVOID.", slow=90)
async def _(stage: BrokerStage) -> None:
    message = receipts.said(await stage.first_alive(), "iamalive")
    if not message.origin.startswith("ivo://"):
        raise Unmet("Its Origin is not an IVOID.")


@BROKER(
    "VTP-33",
    "practice",
    "A subscriber that never answers an iamalive is let go within five minutes.",
    slow=300,
)
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        if not await wire.over(300):
            raise Unmet("It was still connected after 300 s.")


@BROKER(
    "VTP-34", "practice", f"{MOST} events without a receipt do not end a connection that answers.", slow=130
)
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as wire:
        await stage.listening(wire)
        for _ in range(MOST):
            await stage.sent(stage.events.event()[1])
        end = asyncio.get_running_loop().time() + 125
        while (left := end - asyncio.get_running_loop().time()) > 0:
            payload = await wire.hear(left)
            if payload is None:
                if asyncio.get_running_loop().time() < end - 1:
                    raise Unmet("It ended the connection.")
                return
            message = read(payload)
            if isinstance(message, Transport) and message.role == "iamalive":
                await wire.say(transport("iamalive", message.origin))


@BROKER("VTP-51", "practice", "A subscriber's filter is applied.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber("//Param[@value='wanted']") as wire:
        await asyncio.sleep(stage.quiet)
        other, document = stage.events.event(param="unwanted")
        await stage.sent(document)
        ivorn, document = stage.events.event(param="wanted")
        await stage.sent(document)
        seen = await stage.seen_until(wire, ivorn)
        if ivorn not in seen:
            raise Unmet("The event that passes did not come.")
        if other in seen:
            raise Unmet("An event came that does not pass.")


@BROKER("VTP-51", "hostile", "A filter that cannot be used lets nothing through.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber("//Param[") as wire, stage.subscriber() as other:
        await stage.listening(other)
        ivorn, document = stage.events.event()
        await stage.sent(document)
        if await stage.comes(other, ivorn) is None:
            raise Unmet("The event did not come to a subscriber without a filter.")
        if await stage.comes(wire, ivorn, stage.quiet):
            raise Unmet("The event came.")


@BROKER("VTP-01", "hostile", "A length of 0 ends the connection and nothing else.")
async def _(stage: BrokerStage) -> None:
    await stage.survives(b"\0\0\0\0")


@BROKER("VTP-01", "hostile", "A length of 0xFFFFFFFF ends the connection and nothing else.")
async def _(stage: BrokerStage) -> None:
    await stage.survives(b"\xff\xff\xff\xff" + b"x" * 1000)


@BROKER("VTP-01", "hostile", "A length the wrong way round ends the connection and nothing else.")
async def _(stage: BrokerStage) -> None:
    document = stage.events.event()[1]
    await stage.survives(len(document).to_bytes(4, "little") + document)


@BROKER("VTP-01", "hostile", "An author that vanishes in a message does no harm.")
async def _(stage: BrokerStage) -> None:
    for cut in (2, 100):
        wire = await stage.author()
        await wire.raw(frame(stage.events.event()[1])[:cut])
        wire.vanish()
    await stage.serves()


@BROKER("VTP-23", "hostile", "An author that never ends its message is let go within two minutes.", slow=120)
async def _(stage: BrokerStage) -> None:
    wire = await stage.author()
    await wire.raw(frame(stage.events.event()[1])[:100])
    if not await wire.over(120):
        wire.close()
        raise Unmet("It was still connected after 120 s.")


for _what, _payload in HOSTILE.items():

    @BROKER("VTP-03", "hostile", f"After {_what} the connection is closed, and the next event is taken.")
    async def _(stage: BrokerStage, payload: bytes = _payload) -> None:
        await stage.survives(frame(payload))


@BROKER("VTP-13", "hostile", "A Transport from an author does no harm.")
async def _(stage: BrokerStage) -> None:
    for role in ("ack", "iamalive", "authenticate", "nosuchrole"):
        wire = await stage.author()
        await wire.say(transport(role))
        wire.close()
    await stage.serves()


@BROKER("VTP-50", "hostile", f"{HOPPERS} connections that come and go do no harm.")
async def _(stage: BrokerStage) -> None:
    for _ in range(HOPPERS):
        (await stage.author()).vanish()
    await stage.serves()


@BROKER("VTP-34", "hostile", "Receipts for nothing that was sent do no harm to other subscribers.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber() as flooding, stage.subscriber() as wire:
        await stage.listening(wire)
        await flooding.raw(frame(transport("ack", f"{TESTER}#nothing")) * 1000)
        ivorn, document = stage.events.event()
        await stage.sent(document)
        if await stage.comes(wire, ivorn) is None:
            raise Unmet("An event did not come to another subscriber.")


@BROKER("VTP-34", "hostile", "A subscriber that does not read does not keep events from others.")
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber(), stage.subscriber() as wire:
        await stage.listening(wire)
        for _ in range(20):
            ivorn, document = stage.events.event(filler=50_000)
            await stage.sent(document)
            if await stage.comes(wire, ivorn) is None:
                raise Unmet("An event did not come to another subscriber.")


@BROKER(
    "VTP-51",
    "hostile",
    f"After {DEAREST} events, a filter that takes seconds for each has not stopped the broker.",
)
async def _(stage: BrokerStage) -> None:
    async with stage.subscriber(DEAR):
        await asyncio.sleep(stage.quiet)
        params = b"".join(b'<Param name="p%d" value="1"/>' % n for n in range(110))
        for _ in range(DEAREST):
            await asyncio.wait_for(
                stage.sent(stage.events.event()[1].replace(b"<What>", b"<What>" + params)), PROMPT
            )
        await asyncio.wait_for(stage.serves(), PROMPT)
