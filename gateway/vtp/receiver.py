"""A broker's end of a connection with an author: it takes events and gives receipts (VTP-20 to 25).

Rules
1. Every event gets its receipt, in the order in which they came, and then the connection is closed (VTP-21).
   Authors should send one event (VTP-06); those that send more are answered all the same, and it is closed when no
   byte of another is here.
2. Whether it is an ack or a nak, the broker says by `answer`. A duplicate is to be acked (VTP-25). An answer that
   does not come in time closes the connection without a receipt, so that the author tries again (VTP-23).
3. A payload that is no VOEvent at all, or a bad length, gets a nak with an empty Origin and the reason, and nothing
   after it is read. The standard asks for no nak there, but an author that hears nothing tries again for ever.
4. From the connection, or the last receipt, an event has to be here whole within `Timers.frame`: dribbling does not
   help.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import GatewayError, VTPError
from gateway.vtp.events import Event, Received, Send
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.messages import Packet
from gateway.vtp.session import Session, utc_now
from gateway.vtp.timers import TIMERS, Timers

__all__ = ["MAX_UNANSWERED", "Receiver"]

MAX_UNANSWERED = 16
"""Events of one author that wait for our answer. One is usual (VTP-06); each may take `MAX_FRAME` bytes of memory."""


class Receiver(Session):
    """Takes events of an author. Events: `Received`, `Send`, `Ignored`, `Close`. Command: `answer`."""

    TABLE = """
        what happens   | new               | reading          | judging           | ending          | closed
        opened         | listen -> reading | !                | !                 | !               | !
        voevent        | !                 | take -> judging  | take              | .               | .
        ack, nak       | !                 | ignore           | ignore            | .               | .
        other          | !                 | ignore           | ignore            | .               | .
        iamalive       | !                 | ignore           | ignore            | .               | .
        authenticate   | !                 | ignore           | ignore            | .               | .
        unreadable     | !                 | refuse -> ending | refuse -> ending  | .               | .
        broken         | !                 | refuse -> ending | refuse -> ending  | .               | .
        answer         | !                 | !                | reply             | reply           | .
        more           | !                 | !                | listen -> reading | !               | !
        done           | !                 | !                | end -> closed     | blame -> closed | !
        timer          | !                 | late -> closed   | slow -> closed    | slow -> closed  | .
        flood          | !                 | blame -> closed  | blame -> closed   | !               | .
        surplus        | !                 | !                | blame -> closed   | !               | .
        lost           | gone -> closed    | gone -> closed   | gone -> closed    | gone -> closed  | .
        close          | end -> closed     | end -> closed    | end -> closed     | end -> closed   | .
    """

    def __init__(
        self,
        local: str,
        *,
        wall: Callable[[], datetime] = utc_now,
        limit: int = MAX_FRAME,
        timers: Timers = TIMERS,
    ) -> None:
        """`local` is the broker's IVOID, the Response of its receipts. For the others see `Session`."""
        super().__init__(local=local, wall=wall, limit=limit, timers=timers)
        self._queue: deque[_Slot] = deque()
        self._refusal: GatewayError | None = None

    def answer(self, packet: Packet, now: float, refused: str | None = None) -> list[Event]:
        """The receipt for an event that was `Received`: an ack, or a nak with the reason why it is refused for good."""
        return self._happens("answer", (packet, refused), now)

    def _listen(self, _: None, now: float) -> list[Event]:
        self._deadline = now + self.timers.frame
        return []

    def _take(self, packet: Packet, now: float) -> list[Event]:
        if len(self._queue) == MAX_UNANSWERED:
            error = VTPError(
                "vtp-surplus", f"An author sent more than {MAX_UNANSWERED} events at once.", clause="VTP-06"
            )
            return self._happens("surplus", error, now)
        self._queue.append(_Slot(now, packet))
        self._deadline = self._queue[0].since + self.timers.answer
        return [Received(packet)]

    def _refuse(self, error: GatewayError, now: float) -> list[Event]:
        self._refusal = error
        self._queue.append(_Slot(now, None, self._say("nak", "", self.local, result=str(error))))
        return self._flush(now)

    def _reply(self, about: tuple[Packet, str | None], now: float) -> list[Event]:
        packet, refused = about
        slot = next((slot for slot in self._queue if slot.packet is packet and slot.receipt is None), None)
        if slot is None:
            raise RuntimeError("an event is answered once, and in the session that received it")
        role = "ack" if refused is None else "nak"
        slot.receipt = self._say(role, packet.ivorn, self.local, result=refused)
        return self._flush(now)

    def _flush(self, now: float) -> list[Event]:
        """Rule 1: the receipts whose turn it is, and what is next."""
        events: list[Event] = []
        while self._queue and (receipt := self._queue[0].receipt):
            events.append(receipt)
            self._queue.popleft()
        if self._queue:
            self._deadline = self._queue[0].since + self.timers.answer
            return events
        more = self.state == "judging" and self._frames.pending
        return events + self._happens("more" if more else "done", self._refusal, now)

    def _late(self, _: None, now: float) -> list[Event]:
        error = VTPError("vtp-late", f"No whole event came within {self.timers.frame:g} s.", clause="VTP-20")
        return self._blame(error, now)

    def _slow(self, _: None, now: float) -> list[Event]:
        error = VTPError(
            "vtp-unanswered", f"An event was not judged within {self.timers.answer:g} s.", clause="VTP-21"
        )
        return self._end(error, now)


@dataclass(slots=True)
class _Slot:
    """An event's place in the order of receipts; without a packet, the place of what is none."""

    since: float
    packet: Packet | None
    receipt: Send | None = None
