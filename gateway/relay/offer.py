"""An event that may go on, in the forms in which audiences get it.

Rules
1. For each audience there is one release, and for each audience and version one framed document: made when it is
   first asked for, and the same bytes for all who get it.
2. A release of which nothing is withheld is the author's document, bit for bit (VTP-05). Otherwise it is a new
   event, which the policy makes.
3. Who takes 2.0 only gets a 2.1 event as 2.0 (VTP-04). What 2.0 cannot say is a `Loss`, counted; an event that
   cannot be said in 2.0 at all is not sent. Older versions go on as they are.
4. What is larger than a frame may be is not sent either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

from gateway.codecs.voevent import decode, encode, to_version
from gateway.errors import GatewayError
from gateway.filters.xpath import EventTree
from gateway.model.audience import Audience
from gateway.model.voevent import VOEvent
from gateway.policy.release import Release
from gateway.vtp.broadcaster import Outgoing, outgoing
from gateway.vtp.messages import Packet

__all__ = ["Newest", "Offer"]

Newest = Literal["2.0", "2.1"]
"""The newest version that a peer takes."""


class Offer:
    """One event. `release` asks the policy on behalf of an audience; it raises GatewayError when nothing may be seen.

    counts : how often something was not sent, or not all of it, by reason: to be shared by all offers
    """

    def __init__(
        self,
        packet: Packet,
        release: Callable[[Packet, Audience], Release[VOEvent]],
        limit: int,
        counts: Counter[str],
    ) -> None:
        self.packet = packet
        self._release, self._limit, self._counts = release, limit, counts
        self._releases: dict[Audience, Release[VOEvent] | GatewayError] = {}
        self._forms: dict[tuple[Audience, Newest], Outgoing | None] = {}
        self._trees: dict[Audience, EventTree | None] = {}

    def release(self, audience: Audience) -> Release[VOEvent]:
        """What an audience may see of it. Raises GatewayError when that is nothing."""
        found = self._releases.get(audience)
        if found is None:
            try:
                found = self._release(self.packet, audience)
            except GatewayError as error:
                found = error
            self._releases[audience] = found
        if isinstance(found, GatewayError):
            raise found
        return found

    def tree(self, audience: Audience) -> EventTree | None:
        """What filters see of it, shared by all of an audience; None when it cannot be read, so that none matches."""
        if audience not in self._trees:
            try:
                self._trees[audience] = EventTree(self.release(audience))
            except GatewayError as error:
                self._counts[error.code] += 1
                self._trees[audience] = None
        return self._trees[audience]

    def form(self, audience: Audience, newest: Newest) -> Outgoing | None:
        """What is sent to those of an audience who take versions up to this one; None when nothing can be."""
        key = audience, newest
        if key not in self._forms:
            try:
                self._forms[key] = self._made(self.release(audience), newest)
            except GatewayError as error:
                self._counts[error.code] += 1
                self._forms[key] = None
        return self._forms[key]

    def _made(self, release: Release[VOEvent], newest: Newest) -> Outgoing:
        event = release.item
        if release.whole and event.original is not None and event.version <= newest:
            return outgoing(release.original(), event.ivorn, self._limit)
        if release.whole and event.original is not None:
            event = decode(release.original())
        # Nobody writes 1.1 any more: a redacted event of that version is a new one.
        event, losses = to_version(event, newest if event.version > newest else max(event.version, "2.0"))
        self._counts["loss"] += len(losses)
        return outgoing(encode(event), event.ivorn, self._limit)
