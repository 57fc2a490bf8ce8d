"""What a subscriber gets, and what it may do without being let go."""

from __future__ import annotations

import asyncio

from gateway.conformance import receipts
from gateway.conformance.broker.authors import BROKER
from gateway.conformance.brokerstage import BrokerStage
from gateway.conformance.check import Unmet
from gateway.conformance.documents import transport
from gateway.vtp.messages import read
from gateway.vtp.transport import Transport

__all__ = ["BROKER"]

MOST = 12
"""Events without a receipt after which Comet lets a subscriber go."""


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
