"""Audience: for whom something is released, told by data rights alone and never by name.

A right is the exact name of one data release. ``dp0.1`` is not ``dp0.10``; nothing has a prefix, a wildcard or an
order (clauses P04, P05).
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from gateway.errors import SettingsError

__all__ = ["PUBLIC", "Audience"]

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
