"""FilterSet: what one connection asked for, together with what its operator lets out at all.

Rules
1. A packet passes when the operator's filter matches, if there is one, and any of the connection's own, if it has some.
   No filter of a connection can widen what the operator's lets out.
2. One that is refused closes the whole set: nothing passes, and `reason` says why, until the subscriber sends filters
   that are good. (Comet lets everything through then.)
3. Each authenticate message makes a new set; it replaces the old one with all its filters.
4. Filters are read and asked at the cost of an `Allowance`, if there is one; when that is used up nothing passes.
5. What was decided is counted, so that an operator sees whom a filter starves, and who runs over the budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gateway.errors import GatewayError, LimitError
from gateway.filters.xpath.allowance import READING, Allowance
from gateway.filters.xpath.cursor import MAX_LENGTH
from gateway.filters.xpath.filter import Filter
from gateway.filters.xpath.tree import EventTree, require_tree

__all__ = ["MAX_FILTERS", "MAX_REASON", "FilterSet"]

MAX_FILTERS = 10
"""Most filters of one connection: together they cost at most so many times `MAX_COST` for a packet. A single filter can
say ``or``."""

MAX_REASON = 300
"""Most characters of the sentence that says why a filter was refused: it becomes the Result of a Transport message."""


@dataclass(frozen=True, slots=True)
class FilterSet:
    """The filters of a connection (rules 1 and 2).

    filters : the connection's own; without any it gets everything that the operator's filter lets out
    blanket : the operator's
    reason : why nothing passes, a sentence; None when the filters are good
    counts : how many packets passed (``match``), and how many did not: ``no match``, ``blanket``, ``over budget``,
        ``error``, ``refused``, ``used up``
    """

    filters: tuple[Filter, ...] = ()
    blanket: Filter | None = None
    reason: str | None = None
    counts: Counter[str] = field(default_factory=Counter, compare=False)

    def asking(self, texts: Iterable[str], allowance: Allowance | None = None) -> FilterSet:
        """The set of a connection that asks for these, under the same operator's filter. Never raises: see `reason`."""
        asked = list(texts)
        filters: list[Filter] = []
        reason = None
        try:
            if len(asked) > MAX_FILTERS:
                raise LimitError("limit-size", f"There are {len(asked)} filters; the limit is {MAX_FILTERS}.")
            for text in asked:
                if allowance is not None:
                    allowance.pay(READING * min(len(text), MAX_LENGTH))
                filters.append(Filter(text))
        except GatewayError as error:
            which = f"Filter {len(filters) + 1} of {len(asked)} is refused, so nothing is sent: "
            reason = f"{which}{error}"[:MAX_REASON]
        return replace(self, filters=() if reason else tuple(filters), reason=reason)

    def refusing(self, reason: str) -> FilterSet:
        """The set that lets nothing pass, for a reason."""
        return replace(self, filters=(), reason=reason)

    def accepts(self, tree: EventTree, allowance: Allowance | None = None) -> bool:
        """Whether a released event passes. Raises PolicyError (policy-unreleased) for anything else."""
        require_tree(tree)
        verdict = self._verdict(tree, allowance)
        self.counts[verdict] += 1
        return verdict == "match"

    def _verdict(self, tree: EventTree, allowance: Allowance | None) -> str:
        if self.blanket is not None and self.blanket.verdict(tree) != "match":
            return "blanket"
        if self.reason is not None:
            return "refused"
        if not self.filters:
            return "match"
        found = "no match"
        for one in self.filters:
            if allowance is not None and not allowance.is_open:
                return "used up"
            before = tree.spent
            verdict = one.verdict(tree)
            if allowance is not None:
                allowance.pay(tree.spent - before)
            if verdict == "match":
                return verdict
            found = verdict if verdict != "no match" else found
        return found
