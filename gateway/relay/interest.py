"""What one connection takes of what is offered.

Rules
1. Whose connection it is says the audience, asked for each event, for rights end (`gateway.policy.people.principal`).
2. A role that it does not take never reaches it (VE-06): a test event is no observation. What a document says of its
   role is all that counts; other roles than the standard's four are none.
3. Filters see what the audience sees. A connection whose filter was refused takes nothing, and the operator's filter
   holds for everybody (`gateway.filters.xpath.subscription`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gateway.filters.xpath import FilterSet
from gateway.model.voevent import ROLES
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.relay.offer import Newest, Offer
from gateway.vtp.broadcaster import Outgoing

__all__ = ["Interest"]


@dataclass(slots=True)
class Interest:
    """One connection's wishes; they change when the peer says so.

    roles : those it takes
    filters : what it wants, and what the operator lets out
    """

    principal: Principal = ANONYMOUS
    newest: Newest = "2.0"
    roles: frozenset[str] = frozenset(ROLES)
    filters: FilterSet = field(default_factory=FilterSet, repr=False)

    def of(self, offer: Offer, now: datetime) -> Outgoing | None:
        """What of an offer goes to it at `now` (UTC), None when nothing does."""
        if offer.packet.role not in self.roles:
            return None
        audience = self.principal.audience_at(now)
        form = offer.form(audience, self.newest)
        if form is None or not self._chooses or self.filters.accepts(offer.tree(audience)):
            return form
        return None

    @property
    def _chooses(self) -> bool:
        """Whether there is a filter to ask. Reading a document for filters that are not there would be most of the
        work."""
        filters = self.filters
        return bool(filters.filters) or filters.blanket is not None or filters.reason is not None
