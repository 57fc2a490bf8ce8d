"""What one connection takes of what is offered.

Rules
1. Whose connection it is says the audience, asked for each event, for rights end (`gateway.policy.people.principal`).
2. A role that it does not take never reaches it (VE-06): a test event is no observation. What a document says of its
   role is all that counts; other roles than the standard's four are none.
3. Filters see what the audience sees. A connection whose filter was refused takes nothing, and the operator's filter
   holds for everybody (`gateway.filters.xpath.subscription`).
4. A peer may ask for roles, a version and filters, anew at any time; what it asked for before is void. It gets no role
   that the operator does not grant, and nothing at all while what it asks for cannot be understood.
5. The filters of one address have an allowance together. While that is used up those of its connections that have
   filters take nothing; what they ask for in that time is read when it is over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import get_args

from gateway.errors import FilterError
from gateway.filters.xpath import Allowance, FilterSet
from gateway.filters.xpath.allowance import PAUSE
from gateway.model.voevent import ROLES
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.relay.offer import Newest, Offer
from gateway.vtp.broadcaster import Outgoing
from gateway.vtp.events import Wanted

__all__ = ["Interest"]

_VERSIONS: dict[str | None, Newest] = {version: version for version in get_args(Newest)}
_NO_ROLE = str(FilterError("filter-unsupported", f"A role is one of {', '.join(ROLES)}; nothing is sent."))
_USED_UP = str(
    FilterError(
        "filter-cost",
        "The filters of this address have used up its share of the broker's time: who has filters there gets nothing "
        f"for {PAUSE:g} s.",
    )
)


class Interest:
    """One connection's wishes, within what the operator grants: `roles`, and the `newest` version for who does not say.

    filters : what it wants, and what the operator lets out
    allowance : gives that of its address; None where nobody has to be reckoned with
    """

    def __init__(
        self,
        principal: Principal = ANONYMOUS,
        newest: Newest = "2.0",
        roles: frozenset[str] = frozenset(ROLES),
        filters: FilterSet | None = None,
        allowance: Callable[[], Allowance] | None = None,
    ) -> None:
        self.principal, self.newest, self.roles = principal, newest, roles
        self.filters = filters or FilterSet()
        self._granted, self._usual, self._allowance = roles, newest, allowance
        self._unread: tuple[str, ...] = ()
        self._closings = 0
        self._news: str | None = None

    def ask(self, wanted: Wanted) -> None:
        """Rule 4."""
        self.newest = _VERSIONS.get(wanted.version, self._usual)
        self.roles = self._granted & frozenset(wanted.roles or ROLES)
        self._unread = wanted.xpaths
        if not set(wanted.roles) <= set(ROLES):
            self._unread, self._news = (), _NO_ROLE
            self.filters = self.filters.refusing(_NO_ROLE)
        elif wanted.xpaths:
            self.filters = self.filters.refusing(_USED_UP)
            self._read()
        else:
            self.filters = self.filters.asking(())

    def of(self, offer: Offer, now: datetime) -> Outgoing | None:
        """What of an offer goes to it at `now` (UTC), None when nothing does."""
        if offer.packet.role not in self.roles:
            return None
        audience = self.principal.audience_at(now)
        form = offer.form(audience, self.newest)
        if form is None or not self._chooses:
            return form
        if self._unread:
            self._read()
        tree = offer.tree(audience)
        takes = tree is not None and self.filters.accepts(tree, self._pays)
        self._notice()
        return form if takes else None

    def news(self) -> str | None:
        """What the peer has to be told, once: why it gets nothing."""
        news, self._news = self._news, None
        return news

    @property
    def used_up(self) -> bool:
        """Whether its filters are refused for now (rule 5)."""
        return self._pays is not None and not self._pays.is_open

    @property
    def _chooses(self) -> bool:
        """Whether there is a filter to ask. Reading a document for filters that are not there would be most of the
        work."""
        filters = self.filters
        return bool(filters.filters) or filters.blanket is not None or filters.reason is not None

    @property
    def _pays(self) -> Allowance | None:
        """The allowance, when there are filters that cost something."""
        return self._allowance() if self._allowance and (self.filters.filters or self._unread) else None

    def _read(self) -> None:
        """Rule 5, for what it asks for."""
        pays = self._pays
        if pays is None or pays.is_open:
            asked, self._unread = self._unread, ()
            self.filters = self.filters.asking(asked, pays)
            self._news = self.filters.reason
        self._notice()

    def _notice(self) -> None:
        pays = self._pays
        if pays is not None and not pays.is_open and self._closings != pays.closings:
            self._closings, self._news = pays.closings, _USED_UP
