"""What an author is told: receipts, and for which documents."""

from __future__ import annotations

from gateway.conformance import receipts
from gateway.conformance.brokerstage import BrokerStage
from gateway.conformance.check import Checks, NotRun, Unmet
from gateway.vtp.framing import frame

__all__ = ["BROKER"]

LARGE = 99_000
"""Bytes of an event that every broker of the field takes; Comet's limit is 99 999."""
HUGE = 150_000

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
