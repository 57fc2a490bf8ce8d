"""A subscriber, connected to a broker: it takes events and answers what it is asked (VTP-30 to 36).

Rules
1. Every event is to be answered, and at once, before anything is done with it (VTP-34): `answer`. A subscriber
   should ack also what it has no use for, since a broker may hang up on a nak (VTP-35). A broker that gets no
   answers hangs up too.
2. An iamalive is answered with the same Origin (VTP-32), an authenticate with our filters and the VOEvent version
   and roles that we take (VTP-51). Both happen here, so they do not wait for whoever handles events.
3. An authenticate that has a Result tells us something and is not answered.
4. After `Timers.idle` without a whole message the broker has forgotten us (VTP-33).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from gateway.errors import VTPError
from gateway.vtp.events import Alive, Event, Received, Told
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.messages import Packet
from gateway.vtp.session import Session, utc_now
from gateway.vtp.timers import TIMERS, Timers
from gateway.vtp.transport import FILTER_PARAM, ROLE_PARAM, VERSION_PARAM, Transport

__all__ = ["Subscriber"]


class Subscriber(Session):
    """Takes events. Events: `Received`, `Send`, `Alive`, `Told`, `Ignored`, `Close`. Command: `answer`."""

    TABLE = """
        what happens      | new                 | listening        | closed
        opened            | listen -> listening | !                | !
        voevent           | !                   | take             | .
        answer            | !                   | reply            | .
        iamalive          | !                   | echo             | .
        authenticate      | !                   | introduce        | .
        ack, nak, other   | !                   | ignore           | .
        unreadable        | !                   | ignore           | .
        broken, flood     | !                   | blame -> closed  | .
        timer             | !                   | silent -> closed | .
        lost              | gone -> closed      | gone -> closed   | .
        close             | end -> closed       | end -> closed    | .
    """

    def __init__(
        self,
        local: str,
        *,
        filters: tuple[str, ...] = (),
        version: str | None = None,
        roles: Iterable[str] = (),
        wall: Callable[[], datetime] = utc_now,
        limit: int = MAX_FRAME,
        timers: Timers = TIMERS,
    ) -> None:
        """
        local : the subscriber's IVOID, the Response in what it says
        filters : XPath expressions of which an event must pass one; none for all events
        version : the VOEvent version to ask for, such as ``2.1``; None says nothing, which means 2.0 (VTP-04)
        roles : those of the events to ask for, which brokers of ours know; none for all

        For the others see `Session`.
        """
        super().__init__(local=local, wall=wall, limit=limit, timers=timers)
        self._params = tuple((FILTER_PARAM, xpath) for xpath in filters)
        if version is not None:
            self._params += ((VERSION_PARAM, version),)
        self._params += tuple((ROLE_PARAM, role) for role in roles)
        self._say("authenticate", local, local, self._params)  # what cannot be said is an error now

    def answer(self, packet: Packet, now: float, refused: str | None = None) -> list[Event]:
        """The receipt for an event that was `Received`: an ack, or a nak with a reason. Nothing when it is closed."""
        return self._happens("answer", (packet, refused), now)

    def _listen(self, _: None, now: float) -> list[Event]:
        self._heard(now)
        return []

    def _heard(self, now: float) -> None:
        self._deadline = now + self.timers.idle

    def _take(self, packet: Packet, now: float) -> list[Event]:
        return [Received(packet)]

    def _reply(self, about: tuple[Packet, str | None], now: float) -> list[Event]:
        packet, refused = about
        return [self._say("ack" if refused is None else "nak", packet.ivorn, self.local, result=refused)]

    def _echo(self, message: Transport, now: float) -> list[Event]:
        return [
            self._say("iamalive", message.origin, self.local),
            Alive(message.origin, message.response),
        ]

    def _introduce(self, message: Transport, now: float) -> list[Event]:
        if message.result is not None:
            return [Told(message.result)]
        return [self._say("authenticate", message.origin, self.local, self._params)]

    def _silent(self, _: None, now: float) -> list[Event]:
        what = f"The broker said nothing for {self.timers.idle:g} s."
        return self._blame(VTPError("vtp-silent", what, clause="VTP-33"), now)
