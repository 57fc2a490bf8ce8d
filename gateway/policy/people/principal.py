"""Who asks: a principal, and the audience that somebody belongs to at an instant.

Rules
1. Nobody is known until a token is verified (`gateway.policy.people.idtoken`): `ANONYMOUS` has no rights, no groups.
2. A right is the exact name of one data release (`gateway.model.audience`).
3. Rights end: at `expires` and later a principal is the public. Without `expires` there are no rights. Whoever
   delivers asks again at each delivery, so that a lapse shows at once (attack L23).
4. What is rendered, cached and logged depends on the `Audience` alone, which holds no personal data.
5. A group says who gets something, never what: each member sees what that member's own rights allow (clauses P05
   and P27). No right is added, shared or inherited.
6. Who is eligible for data rights is not decided here, nor from a name, an address or a group.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.model.audience import PUBLIC, Audience

__all__ = ["ANONYMOUS", "Principal", "renderings"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a service, as the issuer of a token vouched for it.

    data_rights : names of releases, in force until `expires`
    expires : an aware time
    groups : names of groups; a group may be named after a person, so they are as private as `subject`
    subject : the issuer's name for the principal

    Neither text nor pickle has what identifies somebody: `repr` and a copy in another process know rights alone.
    """

    data_rights: frozenset[str] = frozenset()
    expires: datetime | None = None
    groups: frozenset[str] = field(default=frozenset(), repr=False)
    subject: str = field(default="", repr=False)

    def audience_at(self, now: datetime) -> Audience:
        """The audience that this principal belongs to at `now`, an aware time (rule 3)."""
        return Audience(self.data_rights) if self.expires is not None and now < self.expires else PUBLIC

    def rights_at(self, now: datetime) -> frozenset[str]:
        """The rights that are in force at `now`, an aware time."""
        return self.audience_at(now).rights

    def __reduce__(self) -> tuple[object, ...]:
        return Principal, (self.data_rights, self.expires)


ANONYMOUS = Principal()
"""Whoever has shown nothing."""


def renderings(
    group: str, principals: Iterable[Principal], now: datetime
) -> dict[Audience, tuple[Principal, ...]]:
    """Which rendering of a delivery each member of a group gets: an audience, and the members that belong to it.

    Call it for every delivery: who joined or whose rights lapsed since is then seen as such. A member whose rights
    lapsed stays a member, and gets what the public sees.
    """
    found: dict[Audience, tuple[Principal, ...]] = {}
    for principal in principals:
        if group in principal.groups:
            audience = principal.audience_at(now)
            found[audience] = (*found.get(audience, ()), principal)
    return found
