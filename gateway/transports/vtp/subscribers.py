"""Who listens: the connections of subscribers, and what goes to each (VTP-30 to 36).

Rules
1. An event goes to all who take it (`gateway.relay.interest`), in the order in which events were accepted. All of
   one audience and version get the same bytes.
2. A subscriber that does not read has an `Outbox` and costs the others nothing.
3. It says its filters, the roles and the version that it takes in answer to our authenticate message, and each answer
   replaces the last. When a filter is refused it gets nothing and is told why; who does not read that is let go.
4. A nak gives up that one event (VTP-35).
5. The filters of one address have an allowance together (`gateway.filters.xpath.allowance`). When it is used up those
   of its connections that have filters get nothing for a while, and are told so. Socket files are for those whom the
   operator lets in, and have none.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from twisted.internet.interfaces import ITCPTransport

from gateway.errors import VTPError
from gateway.filters.xpath import Allowance, Allowances, Filter, FilterSet
from gateway.model.voevent import ROLES
from gateway.policy.people.principal import Principal
from gateway.relay import Interest, Offer
from gateway.relay.offer import Newest
from gateway.transports.vtp.access import Door, customer
from gateway.transports.vtp.loop import loop
from gateway.transports.vtp.outbox import MAX_QUEUE, Outbox, WhenFull
from gateway.transports.vtp.peer import Peer
from gateway.transports.vtp.spill import Disk
from gateway.vtp.broadcaster import Broadcaster, Outgoing
from gateway.vtp.events import Alive, Event, Ignored, Receipt, Wanted

__all__ = ["EVERYTHING", "PrincipalOf", "SubscriberPeer", "Subscribers", "Wishes"]

MAX_SEND_BUFFER = 256 * 1024
"""Bytes that the system keeps for a subscriber that does not read; left alone it keeps megabytes. As many go out
for each round trip, so it is enough for a megabyte a second to the other side of the Earth."""

PrincipalOf = Callable[[object], Principal]
"""Whose connection this is, told by its transport."""

log = logging.getLogger("gateway.vtp")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator grants every subscriber of an address.

    roles : of the events that go out there
    newest : the version for those who do not say which they take
    blanket : the filter that every event has to pass, whatever they ask for
    queue, when_full, folder : what waits for a slow one, see `Outbox`
    """

    roles: frozenset[str] = frozenset(ROLES)
    newest: Newest = "2.0"
    blanket: Filter | None = None
    queue: int = MAX_QUEUE
    when_full: WhenFull = "drop-oldest"
    folder: Path | None = None


EVERYTHING = Wishes()


class SubscriberPeer(Peer[Broadcaster]):
    """The connection of a subscriber. What it wants is known once it is known whose it is."""

    interest: Interest

    HANDLERS: ClassVar[dict[type[Event], str]] = {
        Wanted: "_wanted",
        Receipt: "_receipt",
        Alive: "_alive",
        Ignored: "_ignored",
    }

    def __init__(
        self,
        peers: set[Peer[Any]],
        door: Door,
        number: int,
        all_: Subscribers,
        wishes: Wishes,
        session: Callable[[], Broadcaster],
        principal_of: PrincipalOf,
    ) -> None:
        super().__init__(peers, door, number)
        self._all, self._wishes, self._session, self._principal_of = all_, wishes, session, principal_of
        self.outbox = Outbox(
            self._deliver,
            limit=wishes.queue,
            when_full=wishes.when_full,
            folder=wishes.folder,
            disk=all_.disk,
        )
        self.counts: Counter[str] = Counter()

    def begun(self) -> Broadcaster:
        """See `Peer`."""
        self.interest = Interest(
            self._principal_of(self.transport),
            self._wishes.newest,
            self._wishes.roles,
            FilterSet(blanket=self._wishes.blanket),
            self._allowance if self._host is not None else None,
        )
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # an event should not wait for the receipt of the one before
        handle = self.transport.getHandle()
        if isinstance(handle, socket.socket):  # with TLS it is OpenSSL's
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_SEND_BUFFER)
        self.transport.registerProducer(self.outbox, True)
        session = self._session()
        self._all.add(self)
        return session

    def over(self) -> None:
        """See `Peer`."""
        self._all.remove(self)

    def finish(self) -> None:
        """See `Peer`: without a producer, Twisted closes when all is written."""
        self.outbox.stopProducing()
        self.transport.unregisterProducer()
        self._all.remove(self)

    @property
    def ready(self) -> bool:
        """Whether it reads, and gives receipts for what it reads."""
        return not self.outbox.count and 2 * self.session.outstanding < self.session.window

    def give(self, offer: Offer, now: datetime) -> None:
        """Send what of an offer it takes, now or when it reads."""
        event = self.interest.of(offer, now)
        reason = self.interest.news()
        if reason is not None and not self.outbox.full:
            self._tell(reason)
        if event is not None and not self.outbox.put(event):
            self.close(VTPError("vtp-surplus", "The subscriber does not read, and its queue is full."))

    def _deliver(self, event: Outgoing) -> None:
        self.counts["sent"] += 1
        self.do(self.session.send(event, loop().time()))

    def _wanted(self, event: Wanted) -> None:
        """Rule 3."""
        self.interest.ask(event)
        reason = self.interest.news()
        if reason is not None and self.outbox.full:
            self.close(VTPError("vtp-surplus", "The subscriber asks for filters and reads no answer."))
        elif reason is not None:
            self._tell(reason)

    def _tell(self, reason: str) -> None:
        log.info("%s: filters are refused", self.name)
        self.do(self.session.tell(reason, loop().time()))

    def _allowance(self) -> Allowance:
        """What pays for its filters (rule 5)."""
        return self._all.allowances.of(customer(self._host or ""))

    def _receipt(self, event: Receipt) -> None:
        self.counts[event.kind] += 1

    def _alive(self, event: Alive) -> None:
        self.counts["alive"] += 1


class Subscribers:
    """All who listen.

    now : the time (UTC), at which rights are asked for
    arrived : called when somebody comes
    gone : what was counted of those who have left
    disk : the room for all that waits in files
    allowances : what filters may cost
    """

    def __init__(self, now: Callable[[], datetime], arrived: Callable[[], None]) -> None:
        self._now, self._arrived = now, arrived
        self._peers: dict[int, SubscriberPeer] = {}
        self.gone: Counter[str] = Counter()
        self.disk = Disk()
        self.allowances = Allowances(loop().time)

    def add(self, peer: SubscriberPeer) -> None:
        """Somebody has come."""
        self._peers[peer.number] = peer
        loop().call_soon(self._arrived)

    def remove(self, peer: SubscriberPeer) -> None:
        """Somebody has gone."""
        if self._peers.pop(peer.number, None) is not None:
            self.gone.update(peer.counts)
            self.gone["dropped"] += peer.outbox.dropped

    def give(self, offer: Offer) -> None:
        """Rule 1."""
        now = self._now()
        for peer in self:
            peer.give(offer, now)

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[SubscriberPeer]:
        return iter(list(self._peers.values()))  # whoever is given something may go
