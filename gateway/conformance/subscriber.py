"""The checks of a subscriber: the tester is the broker to which it listens. One connection serves many of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.conformance import receipts
from gateway.conformance.check import Checks, Unmet
from gateway.conformance.documents import HOSTILE, NAMESPACES, TESTER, Events, transport
from gateway.conformance.guests import Guests
from gateway.conformance.wire import Wire
from gateway.vtp.framing import frame
from gateway.vtp.transport import Transport

__all__ = ["SUBSCRIBER", "SubscriberStage"]

BURST = 20
"""Core events of a visit for one user of LSST's mini-broker."""


@dataclass
class SubscriberStage:
    """Where subscribers come in, and the connection of the one under test, as long as it lasts."""

    guests: Guests
    patience: float = 10.0
    quiet: float = 1.5
    events: Events = field(default_factory=Events)
    _wire: Wire | None = None

    async def here(self) -> Wire:
        """Its connection. When it is gone, a new one, for a subscriber comes back."""
        if self._wire is not None and await self._wire.over(0.05):
            self._wire = None
        if self._wire is None:
            self._wire = await self.guests.arrives()
        return self._wire

    async def asked(self, message: bytes, *roles: str) -> Transport:
        """What it answers to a message: the next Transport of one of these roles."""
        wire = await self.here()
        await wire.say(message)
        return await self.answer(wire, *roles)

    async def answer(self, wire: Wire, *roles: str) -> Transport:
        """The next Transport of one of these roles. What it says of its own accord (authenticate) is passed over."""
        while True:
            payload = await wire.hear()
            message = receipts.said(payload, *roles, "authenticate")
            if message.role in roles:
                return message

    async def receipt(self, ivorn: str, document: bytes) -> None:
        """It answers an event with a receipt."""
        message = await self.asked(document, "ack", "nak")
        if message.origin != ivorn:
            raise Unmet("The receipt is for another identifier.")

    async def lives(self) -> None:
        """It still answers, over this connection or a new one."""
        await self.receipt(*self.events.event())


SUBSCRIBER: Checks[SubscriberStage] = Checks("S")


@SUBSCRIBER("VTP-34", "MUST", "It answers an event with a receipt for its identifier.")
async def _(stage: SubscriberStage) -> None:
    await stage.receipt(*stage.events.event())


@SUBSCRIBER("VTP-22", "MUST", "So it does when the identifier has to be escaped.")
async def _(stage: SubscriberStage) -> None:
    await stage.receipt(*stage.events.event(stage.events.identifier("?a=1&b=2")))


@SUBSCRIBER("VTP-32", "MUST", "It answers an iamalive with an iamalive.")
async def _(stage: SubscriberStage) -> None:
    await stage.asked(transport("iamalive"), "iamalive")


@SUBSCRIBER("VTP-32", "MUST", "Its iamalive has the Origin of the question.")
async def _(stage: SubscriberStage) -> None:
    origin = f"{TESTER}-{stage.events.identifier()[-8:]}"
    if (await stage.asked(transport("iamalive", origin), "iamalive")).origin != origin:
        raise Unmet("It has another.")


@SUBSCRIBER("VTP-12", "MUST", "The TimeStamps of what it says are xs:dateTimes.")
async def _(stage: SubscriberStage) -> None:
    receipts.stamped(await stage.asked(transport("iamalive"), "iamalive"))
    receipts.stamped(await stage.asked(stage.events.event()[1], "ack", "nak"))


@SUBSCRIBER("VTP-12", "SHOULD", "They are the time in UTC.")
async def _(stage: SubscriberStage) -> None:
    receipts.utc(await stage.asked(transport("iamalive"), "iamalive"))


@SUBSCRIBER("VTP-10", "MUST", "The children of its Transports are those of the schema, in its order.")
async def _(stage: SubscriberStage) -> None:
    wire = await stage.here()
    for message in (transport("iamalive"), stage.events.event()[1]):
        await wire.say(message)
        receipts.in_order(await wire.hear())


@SUBSCRIBER("VTP-51", "MUST", "An authenticate message that it does not know does no harm.")
async def _(stage: SubscriberStage) -> None:
    await (await stage.here()).say(transport("authenticate"))
    await stage.lives()


@SUBSCRIBER("VTP-01", "MUST", "Messages that come byte by byte, or several at once, are the same messages.")
async def _(stage: SubscriberStage) -> None:
    wire = await stage.here()
    one, two = stage.events.event(), stage.events.event()
    await wire.slowly(frame(one[1]))
    await wire.raw(frame(two[1]) + frame(transport("iamalive")))
    for ivorn, _ in (one, two):
        if (await stage.answer(wire, "ack", "nak")).origin != ivorn:
            raise Unmet("The receipts are not in the order of the events.")
    await stage.answer(wire, "iamalive")


for _namespace in NAMESPACES:

    @SUBSCRIBER("VTP-11", "practice", f"It answers an iamalive in the namespace {_namespace or '(none)'}.")
    async def _(stage: SubscriberStage, namespace: str = _namespace) -> None:
        await stage.asked(transport("iamalive", namespace=namespace), "iamalive")


@SUBSCRIBER("VTP-34", "MUST", "An event of VOEvent 2.1 gets a receipt, whichever.")
async def _(stage: SubscriberStage) -> None:
    await stage.receipt(*stage.events.event(version="2.1"))


@SUBSCRIBER("VTP-34", "MUST", "An event without a role gets a receipt.")
async def _(stage: SubscriberStage) -> None:
    ivorn, document = stage.events.event()
    await stage.receipt(ivorn, document.replace(b' role="test"', b""))


@SUBSCRIBER("VTP-34", "MUST", "An event that its schema calls invalid gets a receipt, whichever.")
async def _(stage: SubscriberStage) -> None:
    ivorn, document = stage.events.event()
    await stage.receipt(ivorn, document.replace(b"<What>", b"<What><NoSuchElement/>"))


@SUBSCRIBER("VTP-34", "MUST", "An event that comes again gets a receipt again.")
async def _(stage: SubscriberStage) -> None:
    ivorn, document = stage.events.event()
    await stage.receipt(ivorn, document)
    await stage.receipt(ivorn, document)


@SUBSCRIBER("VTP-03", "SHOULD", "An event in UTF-16 gets a receipt.")
async def _(stage: SubscriberStage) -> None:
    ivorn, document = stage.events.event()
    text = document.decode().partition("?>")[2]
    await stage.receipt(ivorn, ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16"))


@SUBSCRIBER("VTP-03", "MUST", "Comments around an event change nothing.")
async def _(stage: SubscriberStage) -> None:
    ivorn, document = stage.events.event()
    head, _, rest = document.partition(b"?>")
    await stage.receipt(ivorn, head + b"?><!-- before -->" + rest + b"<!-- after -->")


@SUBSCRIBER(
    "VTP-34",
    "MUST",
    f"{BURST} events that come at once each get a receipt, and an iamalive behind them its answer.",
)
async def _(stage: SubscriberStage) -> None:
    wire = await stage.here()
    burst = [stage.events.event(filler=1000) for _ in range(BURST)]
    await wire.raw(b"".join(frame(document) for _, document in burst) + frame(transport("iamalive")))
    left = {ivorn for ivorn, _ in burst} | {""}
    while left:
        message = await stage.answer(wire, "ack", "nak", "iamalive")
        left.discard("" if message.role == "iamalive" else message.origin)


@SUBSCRIBER("VTP-33", "SHOULD", "It comes back when the connection is closed.")
async def _(stage: SubscriberStage) -> None:
    wire, stage._wire = await stage.here(), None
    wire.close()
    await stage.lives()


@SUBSCRIBER(
    "VTP-33",
    "SHOULD",
    "It waits longer before each new attempt, when the broker lets it go at once.",
    slow=30,
)
async def _(stage: SubscriberStage) -> None:
    wire, stage._wire = await stage.here(), None
    wire.close()
    clock, moments = asyncio.get_running_loop().time, []
    for _ in range(4):
        wire = await stage.guests.arrives()
        moments.append(clock())
        wire.close()
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    if not pauses[-1] > pauses[0] * 1.2:
        raise Unmet("It waits " + ", ".join(f"{pause:.1f}" for pause in pauses) + " s.")


for _what, _data in (
    ("a length of 0", b"\0\0\0\0"),
    ("a length of 0xFFFFFFFF", b"\xff\xff\xff\xff" + b"x" * 1000),
    ("a message that ends in its middle", b"\0\0\1\0<?xml"),
    *((what, frame(payload)) for what, payload in HOSTILE.items()),
):

    @SUBSCRIBER("VTP-01", "hostile", f"After {_what} it goes on, or comes back.")
    async def _(stage: SubscriberStage, data: bytes = _data) -> None:
        wire = await stage.here()
        await wire.raw(data)
        await asyncio.sleep(stage.quiet)
        if await wire.over(0.05):
            stage._wire = None
        elif data[:4] in (b"\0\0\1\0", b"\xff\xff\xff\xff"):
            wire.close()  # it waits for the rest, which does not come
            stage._wire = None
        await stage.lives()
