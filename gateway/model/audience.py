"""Audience: for whom something is released, told by data rights alone and never by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PUBLIC", "Audience"]

TOKEN = re.compile(r"[a-z][a-z0-9.-]{0,31}\Z")
"""What names a release, such as ``dp0.2``."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Everyone who has data rights to these releases (``dp1``), the public when there are none.

    A token grants its release and nothing else: there is no prefix and no wildcard (clause P05).
    """

    rights: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rights", frozenset(token for token in self.rights if TOKEN.match(token)))

    @property
    def is_public(self) -> bool:
        """Whether it is everyone."""
        return not self.rights

    def __str__(self) -> str:
        return "rights:" + "+".join(sorted(self.rights)) if self.rights else "public"


PUBLIC = Audience()
