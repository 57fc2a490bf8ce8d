"""What strangers do: the broker lets them go, and serves everybody else."""

from __future__ import annotations

import asyncio

from gateway.conformance.broker.subscribers import BROKER
from gateway.conformance.brokerstage import BrokerStage
from gateway.conformance.check import Unmet
from gateway.conformance.documents import HOSTILE, TESTER, transport
from gateway.vtp.framing import frame

__all__ = ["BROKER"]

HOPPERS = 200
"""Connections that come and go, for one check."""
DEAR = "count(//*[count(//*[count(//*[count(//*)>0])>0])>0])>0"
"""A filter of 54 characters that takes Comet seconds for an event, and with one more level minutes."""
DEAREST = 12
"""Events that such a filter is put to: more than the threads that a program of Twisted's has for such work."""
PROMPT = 5.0
"""Seconds within which any broker answers an author."""


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
