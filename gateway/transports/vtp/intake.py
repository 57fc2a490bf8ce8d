"""Where authors bring events (VTP-20 to 25).

Rules
1. An event that was seen before is acknowledged and goes no further (VTP-25); what the relay refuses gets a nak
   with the reason; anything else is kept.
2. All that came in one turn of the loop is one commit. After it the receipts go out, and only then do the events:
   who has an ack can rely on it, and nobody waits for a slow subscriber. A turn ends early when it holds much.
3. When the disk fails, nobody gets a receipt: the authors try again (VTP-23).
4. A mistake of ours in one event is raised, and keeps none of the others that were acknowledged from going out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, ClassVar

from gateway.errors import GatewayError, OutputError
from gateway.relay import Offer, Relay, packet_of
from gateway.transports.vtp.access import Door
from gateway.transports.vtp.brake import Brake
from gateway.transports.vtp.loop import loop
from gateway.transports.vtp.peer import Peer
from gateway.transports.vtp.quoted import quoted
from gateway.transports.vtp.seen import Seen
from gateway.vtp import Packet, Receiver
from gateway.vtp.events import Event, Ignored, Received

__all__ = ["AuthorPeer", "Intake"]

log = logging.getLogger("gateway.vtp")

MAX_SETTLE = 0.05
"""Seconds after which what was broadcast is marked as done, when no other event comes that it could be written
with. A broker that dies in between broadcasts it again."""

MAX_TURN = 1 * 2**20
"""Bytes of events that are held before they are committed and broadcast: parsed they take eighteen times as much, and a
thousand authors can send the end of an event at once."""


class Intake:
    """Takes packets, from authors and from elsewhere. `give` gets every event that is to be broadcast.

    counts : `received`, and of these `accepted`, `duplicate`, `refused`
    failed : how many turns the disk did not take: what came in them was not accepted
    """

    def __init__(
        self,
        relay: Relay,
        seen: Seen,
        give: Callable[[Offer], None],
        *,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.relay, self.seen, self._give, self._wall = relay, seen, give, wall
        self.counts: Counter[str] = Counter()
        self.failed = 0
        self._turn: list[tuple[Packet, AuthorPeer | None, Offer | None, int | None]] = []
        self._held = 0
        self._due = False
        self._owed: list[tuple[Offer, int]] = []
        self._giving: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None

    def take(self, packet: Packet, author: AuthorPeer | None = None) -> None:
        """Rule 1. Without an author there is no receipt: raises GatewayError when the relay refuses the event."""
        self.counts["received"] += 1
        try:
            self._take(packet, author)
        except OutputError as error:
            self._end_turn()  # what failed is over with this turn, and not when the next event comes
            if author is None:
                raise
            log.error("%s: nothing can be kept: %s", author.name, error)
            author.close(error)
        except GatewayError as error:
            self.counts["refused"] += 1
            # The sentence may have names of elements in it, which are the author's: it is for nobody else.
            about = f"{error.code}, {error.clause}" if error.clause else error.code
            log.info("event %s is refused (%s)", packet.digest.hex()[:12], about)
            if author is None:
                raise
            author.answer(packet, quoted(str(error)))

    def _take(self, packet: Packet, author: AuthorPeer | None) -> None:
        if self.seen.knows(packet.digest):
            self.counts["duplicate"] += 1
            self._later(packet, author)
            return
        offer = self.relay.take(packet)
        number = self.seen.accept(packet.digest, packet.payload, self._wall())
        self.counts["accepted"] += 1
        self._later(packet, author, offer, number)

    def again(self) -> None:
        """Broadcast what was accepted and not broadcast before the last end."""
        for number, payload in self.seen.waiting():
            packet = packet_of(payload)
            try:
                offer = self.relay.take(packet)
            except GatewayError as error:
                log.warning(
                    "event %s was accepted and may not go on now: %s", packet.digest.hex()[:12], error
                )
                self.seen.done(number)
            else:
                self._later(packet, None, offer, number)

    def _later(
        self, packet: Packet, author: AuthorPeer | None, offer: Offer | None = None, number: int | None = None
    ) -> None:
        self._turn.append((packet, author, offer, number))
        self._held += len(packet.payload)
        if self._held > MAX_TURN:
            self.turn()
            self._pay()
        else:
            self._end_turn()

    def _end_turn(self) -> None:
        if not self._due:
            self._due = True
            loop().call_soon(self.turn)

    def turn(self) -> None:
        """Rule 2. Called by itself; by others when there is no other turn to come."""
        self._due, self._held = False, 0
        turn, self._turn = self._turn, []
        try:
            self.seen.commit()
        except OutputError as error:
            self.failed += 1
            log.error("nothing can be kept: %s", error)
            for _, author, _, _ in turn:
                if author is not None:
                    author.close(error)
            return
        for packet, author, _, _ in turn:
            if author is not None:
                author.answer(packet)
        self._owed += [
            (offer, number) for _, _, offer, number in turn if offer is not None and number is not None
        ]
        if self._owed and self._giving is None:
            # A timer, for what is written now goes out before timers run.
            self._giving = loop().call_later(0, self._pay)

    def _pay(self) -> None:
        """Broadcast what was acknowledged."""
        if self._giving is not None:
            self._giving.cancel()
            self._giving = None
        owed, self._owed = deque(self._owed), []
        if not owed:
            return
        try:
            while owed:
                offer, number = owed.popleft()
                self._give(offer)
                self.seen.done(number)
        finally:
            if owed:  # rule 4
                self._owed = [*owed, *self._owed]
                self._giving = loop().call_later(0, self._pay)
        if self._settling is None:
            self._settling = loop().call_later(MAX_SETTLE, self._settle)

    def _settle(self) -> None:
        self._settling = None
        self.turn()

    def close(self) -> None:
        """The last turn."""
        self.turn()
        self._pay()
        for timer in (self._giving, self._settling):
            if timer is not None:
                timer.cancel()
        self.seen.close()


class AuthorPeer(Peer[Receiver]):
    """The connection of an author."""

    HANDLERS: ClassVar[dict[type[Event], str]] = {Received: "_received", Ignored: "_ignored"}

    def __init__(
        self, peers: set[Peer[Any]], door: Door, number: int, intake: Intake, session: Callable[[], Receiver]
    ) -> None:
        super().__init__(peers, door, number)
        self._intake, self._session = intake, session

    def begun(self) -> Receiver:
        """See `Peer`. An author that does not read its receipts brings no more events."""
        self._brake = Brake(self.transport)
        return self._session()

    def finish(self) -> None:
        """See `Peer`."""
        self._brake.release()

    def answer(self, packet: Packet, refused: str | None = None) -> None:
        """The receipt."""
        if not self.closing:
            self.do(self.session.answer(packet, loop().time(), refused))

    def _received(self, event: Received) -> None:
        self._intake.take(event.packet, self)
