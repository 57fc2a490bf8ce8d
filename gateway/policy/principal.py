"""Who asks: a principal, and the audience that somebody belongs to at an instant.

Rules
1. Nobody is known until a token is verified (`gateway.policy.idtoken`): `ANONYMOUS` has no rights, no groups.
2. A right is the exact name of one data release. ``dp0.1`` is not ``dp0.10``; nothing has a prefix, a wildcard or
   an order (clauses P04, P05).
3. Rights end: at `expires` and later a principal is the public. Without `expires` there are no rights. Whoever
   delivers asks again at each delivery, so that a lapse shows at once (attack L23).
4. What is rendered, cached and logged depends on the `Audience` alone, which holds no personal data.
5. A group says who gets something, never what: each member sees what that member's own rights allow (clauses P05
   and P27). No right is added, shared or inherited.
6. Who is eligible for data rights is not decided here, nor from a name, an address or a group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from gateway.errors import SettingsError

__all__ = ["ANONYMOUS", "PUBLIC", "Audience", "Principal", "renderings"]

_RELEASE = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
_PREFIX = "rights:"


@dataclass(frozen=True, slots=True)
class Audience:
    """All who see the same: everybody with exactly these rights. Its text is ``public`` or ``rights:dp0.2+dp1``.

    The text is the same for the same rights, whatever their order, so it can key a cache (attack L21). Raises
    SettingsError (settings-value) for a right that cannot be the name of a release.
    """

    rights: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not all(map(_RELEASE.fullmatch, self.rights)):
            raise SettingsError(
                "settings-value",
                "The name of a data release has letters and digits, with single dots, dashes or underscores "
                "between them, such as dp0.2.",
            )

    @classmethod
    def parse(cls, text: str) -> Audience:
        """The audience of a text, for options and configuration. Raises SettingsError (settings-value)."""
        if text == str(PUBLIC):
            return PUBLIC
        if not text.startswith(_PREFIX):
            raise SettingsError(
                "settings-value",
                "An audience is `public`, or `rights:` and releases joined by `+`, such as `rights:dp0.2+dp1`.",
            )
        return cls(frozenset(text.removeprefix(_PREFIX).split("+")))

    def covers(self, required: AbstractSet[str]) -> bool:
        """Whether these rights are enough for something that needs `required`, all of them."""
        return required <= self.rights

    def __str__(self) -> str:
        return _PREFIX + "+".join(sorted(self.rights)) if self.rights else "public"


PUBLIC = Audience()
"""Anyone, without any right."""


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
