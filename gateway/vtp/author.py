"""The author of one event, connected to a broker: it sends the event and waits for the receipt (VTP-20 to 25).

Rules
1. One event per connection, as the standard has it (VTP-06): to send another, connect again.
2. An ack is delivery. So is the nak by which Comet says that it has seen the event before (VTP-25).
3. Any other nak is for good: the same event must not be sent again (VTP-24).
4. No receipt, for whatever reason, is a failure that may pass: the event may be sent again (VTP-23). The broker
   will know it by its bytes if it had it after all.
5. Only one event was sent, so a receipt is about it, whatever Origin it has; `Receipt.origin` tells.
"""

from __future__ import annotations

from gateway.errors import GatewayError, VTPError
from gateway.vtp.events import Close, Delivered, Event, Receipt, Send, Undelivered
from gateway.vtp.framing import MAX_FRAME, frame
from gateway.vtp.session import Session
from gateway.vtp.timers import TIMERS, Timers
from gateway.vtp.transport import Transport

__all__ = ["Author"]

_SEEN_BEFORE = "previously seen"


class Author(Session):
    """Sends one event. Events: `Send`, then `Delivered` or `Undelivered`, then `Close`; `Ignored`."""

    TABLE = """
        what happens                        | new              | waiting           | closed
        opened                              | send -> waiting  | !                 | !
        ack                                 | !                | taken -> closed   | .
        nak                                 | !                | refused -> closed | .
        iamalive, authenticate, other       | !                | ignore            | .
        voevent                             | !                | ignore            | .
        unreadable, broken, flood           | !                | failed -> closed  | .
        timer                               | !                | late -> closed    | .
        lost                                | lost -> closed   | lost -> closed    | .
        close                               | stop -> closed   | stop -> closed    | .
    """

    def __init__(self, payload: bytes, *, limit: int = MAX_FRAME, timers: Timers = TIMERS) -> None:
        """`payload` is the document to send. Raises VTPError (vtp-length) when it is larger than `limit`."""
        super().__init__(limit=limit, timers=timers)
        self._framed = frame(payload, limit)

    def _send(self, _: None, now: float) -> list[Event]:
        self._deadline = now + self.timers.receipt
        return [Send(self._framed)]

    def _taken(self, message: Transport, now: float) -> list[Event]:
        self._deadline = None
        return [Delivered(Receipt("ack", message.origin, message.result)), Close()]

    def _refused(self, message: Transport, now: float) -> list[Event]:
        self._deadline = None
        receipt = Receipt("nak", message.origin, message.result)
        if _SEEN_BEFORE in (message.result or "").lower():
            return [Delivered(receipt, duplicate=True), Close()]
        error = VTPError("vtp-refused", "The broker refuses the event.", clause="VTP-24")
        return [Undelivered(error, permanent=True, receipt=receipt), Close()]

    def _failed(self, error: GatewayError, now: float) -> list[Event]:
        return [Undelivered(error), *self._blame(error, now)]

    def _late(self, _: None, now: float) -> list[Event]:
        error = VTPError(
            "vtp-silent", f"The broker gave no receipt within {self.timers.receipt:g} s.", clause="VTP-21"
        )
        return self._failed(error, now)

    def _lost(self, _: None, now: float) -> list[Event]:
        self._deadline = None
        error = VTPError("vtp-lost", "The broker closed the connection before a receipt.", clause="VTP-21")
        return [Undelivered(error)]

    def _stop(self, error: GatewayError | None, now: float) -> list[Event]:
        gone = error or VTPError("vtp-lost", "The connection was closed before a receipt came.")
        return [Undelivered(gone), *self._end(error, now)]
