"""A broker's end of a connection with one subscriber: it sends events and keeps count of the receipts (VTP-30 to 36).

Rules
1. An event is framed once for all subscribers (`outgoing`), and to send it makes no bytes.
2. Receipts are matched by identifier. A nak gives up that one delivery and nothing else (VTP-35). Events without a
   receipt are not sent again; when there are `window` of them the subscriber is let go.
3. After `Timers.quiet` without a word in either direction the subscriber is asked by an iamalive (VTP-31). Any word
   of it after that shows that it is there, the same Origin or not (VTP-32); without one it is let go (VTP-33).
4. An authenticate message is sent first unless told otherwise, for a subscriber says its filters in the answer. One
   that says the same as the last changes nothing and is not reported: a subscriber that answers each of our
   messages with the same bad filter would go round for ever.
5. Who authenticates more than `MAX_ASKED` times at once, or in the long run in as many minutes, is let go: filters
   take time to read, and to pass a message over would leave a filter in force that is not wanted any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import VTPError
from gateway.vtp.events import Alive, Event, Receipt, Send, Wanted
from gateway.vtp.framing import MAX_FRAME, frame
from gateway.vtp.session import Session, utc_now
from gateway.vtp.timers import TIMERS, Timers
from gateway.vtp.transport import Transport

__all__ = ["MAX_ASKED", "MAX_OUTSTANDING", "Broadcaster", "Outgoing", "outgoing"]

MAX_OUTSTANDING = 1000
"""Events that a subscriber may leave without a receipt before it is let go. Comet's 10 cut off a subscriber that is
only far away: a visit of LSST can make hundreds within a second."""


MAX_ASKED = 10
"""Authenticate messages of a subscriber at once, and each minute another one. A person who tries out filters sends a
few; to read one with `MAX_FILTERS` of the longest takes 60 ms."""

EACH = 60.0
"""Seconds after which one more is taken."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event framed for any number of subscribers, and the identifier that receipts for it have."""

    ivorn: str
    send: Send


def outgoing(payload: bytes, ivorn: str, limit: int = MAX_FRAME) -> Outgoing:
    """An event framed once. Raises VTPError (vtp-length) when it is larger than `limit`."""
    return Outgoing(ivorn.strip(), Send(frame(payload, limit)))


class Broadcaster(Session):
    """Sends events. Events: `Send`, `Receipt`, `Wanted`, `Alive`, `Ignored`, `Close`. Commands: `send`, `tell`.

    outstanding : how many events were sent and have no receipt
    window : as given
    """

    TABLE = """
        what happens      | new                | listening         | checking             | closed
        opened            | greet -> listening | !                 | !                    | !
        send              | !                  | send              | send                 | .
        tell              | !                  | tell              | tell                 | .
        ack, nak          | !                  | receipt           | receipt -> listening | .
        iamalive          | !                  | alive             | alive -> listening   | .
        authenticate      | !                  | filters           | filters -> listening | .
        other, voevent    | !                  | ignore            | ignore -> listening  | .
        unreadable        | !                  | ignore            | ignore -> listening  | .
        broken            | !                  | blame -> closed   | blame -> closed      | .
        timer             | !                  | check -> checking | silent -> closed     | .
        flood             | !                  | blame -> closed   | !                    | .
        surplus           | !                  | blame -> closed   | blame -> closed      | .
        lost              | gone -> closed     | gone -> closed    | gone -> closed       | .
        close             | end -> closed      | end -> closed     | end -> closed        | .
    """

    def __init__(
        self,
        local: str,
        *,
        authenticate: bool = True,
        window: int = MAX_OUTSTANDING,
        wall: Callable[[], datetime] = utc_now,
        limit: int = MAX_FRAME,
        timers: Timers = TIMERS,
    ) -> None:
        """
        local : the broker's IVOID, the Origin of its questions
        authenticate : whether the subscriber is asked who it is and what it wants
        window : `outstanding` at which the subscriber is let go

        For the others see `Session`.
        """
        super().__init__(local=local, wall=wall, limit=limit, timers=timers)
        self.outstanding = 0
        self.window = window
        self._authenticate = authenticate
        self._waiting: dict[str, int] = {}
        self._said_before: Wanted | None = None
        self._asked = 0.0  # how many were asked of late; less with time
        self._asked_at = 0.0
        self._last_said = self._last_heard = 0.0

    def send(self, event: Outgoing, now: float) -> list[Event]:
        """Send an event, or let the subscriber go because its window is full. Nothing when the connection is closed."""
        return self._happens("send", event, now)

    def tell(self, result: str, now: float) -> list[Event]:
        """Tell the subscriber something, such as why its filter is refused: an authenticate with a Result."""
        return self._happens("tell", result, now)

    def next_timer(self) -> float | None:
        """See `Session.next_timer`."""
        if self.state == "listening":
            return min(self._last_said, self._last_heard) + self.timers.quiet
        return self._deadline

    def _greet(self, _: None, now: float) -> list[Event]:
        self._last_said = self._last_heard = now
        return [self._say("authenticate", self.local)] if self._authenticate else []

    def _send(self, event: Outgoing, now: float) -> list[Event]:
        if self.outstanding >= self.window:
            what = f"The subscriber left {self.outstanding} events without a receipt."
            return self._happens("surplus", VTPError("vtp-surplus", what, clause="VTP-34"), now)
        self.outstanding += 1
        self._waiting[event.ivorn] = self._waiting.get(event.ivorn, 0) + 1
        self._last_said = now
        return [event.send]

    def _tell(self, result: str, now: float) -> list[Event]:
        self._last_said = now
        return [self._say("authenticate", self.local, result=result)]

    def _heard(self, now: float) -> None:
        self._last_heard = now

    def _receipt(self, message: Transport, now: float) -> list[Event]:
        count = self._waiting.pop(message.origin, 0)
        if not count:
            return self._ignore(
                VTPError("vtp-unexpected", "A receipt is for no event that waits for one.", clause="VTP-22"),
                now,
            )
        if count > 1:
            self._waiting[message.origin] = count - 1
        self.outstanding -= 1
        return [Receipt("ack" if message.role == "ack" else "nak", message.origin, message.result)]

    def _alive(self, message: Transport, now: float) -> list[Event]:
        return [Alive(message.origin, message.response)]

    def _filters(self, message: Transport, now: float) -> list[Event]:
        self._asked = max(0.0, self._asked - (now - self._asked_at) / EACH) + 1
        self._asked_at = now
        if self._asked > MAX_ASKED:
            what = f"The subscriber authenticated more than {MAX_ASKED} times at once."
            return self._happens("surplus", VTPError("vtp-surplus", what, clause="VTP-51"), now)
        said = Wanted(message.xpaths, message.voevent_version, message.response, message.voevent_roles)
        if said == self._said_before:
            return []
        self._said_before = said
        return [said]

    def _check(self, _: None, now: float) -> list[Event]:
        self._deadline = now + self.timers.alive
        self._last_said = now
        return [self._say("iamalive", self.local)]

    def _silent(self, _: None, now: float) -> list[Event]:
        what = f"The subscriber said nothing for {self.timers.alive:g} s after an iamalive."
        return self._blame(VTPError("vtp-silent", what, clause="VTP-32"), now)
