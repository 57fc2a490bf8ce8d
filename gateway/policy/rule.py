"""Rule: what it matches, what follows, and why; and Decision, what came of all rules for one thing.

Rules
1. Effects, from the mildest to the strictest: ``pass``; ``redact``, the element is left out and the rest goes on;
   ``refuse``, nothing of the item goes on; ``quarantine``, refused, and somebody should look at it.
2. Of all rules that match, the strictest effect wins; of several with that effect, the first id in the alphabet.
   When none matches it is `DEFAULT_DENY`. So the order of rules never matters, a rule that denies
   beats any that allows, and adding one that denies never shows more.
3. A rule that passes matches a thing for good: by what it is, where it comes from, for whom, from when on. Only
   a rule that denies may ask for facts of a row, and what is not known is as bad as what is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin
from gateway.policy.facts import Condition
from gateway.policy.moment import Moment
from gateway.policy.pattern import KindRange, PathPattern

__all__ = ["ALL", "DEFAULT_DENY", "EFFECTS", "Decision", "Effect", "Resource", "Rule", "strictest"]

Effect = Literal["pass", "redact", "refuse", "quarantine"]
EFFECTS: tuple[Effect, ...] = ("pass", "redact", "refuse", "quarantine")


ALL = FieldPath(())
"""The path of a thing as a whole."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What is decided about: a leaf of an alert, an element of a VOEvent, a column, a file of pixels, an address.

    kind : the family of an alert's schema, or one of `gateway.policy.pattern.OTHER_KINDS`
    path : the field, the element, or the table and its column; empty for a thing as a whole
    version : major and minor version of an alert's schema
    objects : of how many objects a table has rows, when that is known
    """

    kind: str
    path: FieldPath = ALL
    version: tuple[int, int] | None = None
    objects: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one thing, by which rule, and why; without any value of it.

    rule : the id of the rule, ``default-deny`` when none matched; of a profile that is the meet of others with that
        profile before it (``seed-2018/ppdb-rows``)
    """

    effect: Effect
    rule: str
    clause: str
    reason: str

    @property
    def passes(self) -> bool:
        """Whether the audience may see it."""
        return self.effect == "pass"

    @property
    def rank(self) -> tuple[int, str]:
        """Orders decisions by rule 2: the strictest first."""
        return -EFFECTS.index(self.effect), self.rule


DEFAULT_DENY = Decision(
    "redact", "default-deny", "P25", "No rule of the profile says that this is public, so it is withheld."
)


def strictest(decisions: list[Decision]) -> Decision:
    """Rule 2."""
    return min(decisions, key=lambda decision: decision.rank, default=DEFAULT_DENY)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a profile.

    origins, kinds, paths : it matches what is of one of each
    releases : and belongs to one of these releases; empty for any, or none
    rights : it matches only for people who have data rights to the release
    handled : it matches only what did not come straight from the survey
    start, end : it matches from this moment on, until that one
    where : it matches only rows, or tables, of which this holds
    line : where it begins in its file
    """

    id: str
    effect: Effect
    origins: tuple[Origin, ...]
    kinds: tuple[KindRange, ...]
    paths: tuple[PathPattern, ...]
    clause: str
    source: str
    certainty: str
    reason: str
    releases: tuple[str, ...] = ()
    rights: bool = False
    handled: bool = False
    start: Moment | None = None
    end: Moment | None = None
    where: Condition | None = None
    line: int = 0

    def __hash__(self) -> int:
        return hash(self.id)  # that of all its parts would be most of the work of a decision

    def covers(self, resource: Resource) -> bool:
        """Whether it speaks of a thing like this, wherever that comes from."""
        return any(kind.matches(resource.kind, resource.version) for kind in self.kinds) and any(
            path.matches(resource.path) for path in self.paths
        )

    @property
    def decision(self) -> Decision:
        """What follows from it."""
        return Decision(self.effect, self.id, self.clause, self.reason)
