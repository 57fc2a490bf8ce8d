"""Filter: one expression, parsed, costed and compiled once, asked of many packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.filters.xpath.compiler import compiled
from gateway.filters.xpath.cost import Polynomial, bound
from gateway.filters.xpath.evaluation import Evaluation, Overspent
from gateway.filters.xpath.parser import parse
from gateway.filters.xpath.term import Term
from gateway.filters.xpath.tree import EventTree, Verdict, require_tree

__all__ = ["Filter"]


class Filter:
    """A subscriber's XPath expression. ``str(filter)`` is its canonical spelling, and parses to an equal filter.

    bound : the most that it costs for a packet, in units
    Raises FilterError (filter-syntax, filter-unsupported, filter-cost) and LimitError (limit-size, limit-depth).
    """

    __slots__ = ("_run", "_text", "bound", "term")

    def __init__(self, text: str) -> None:
        self.term: Term = parse(text)
        self.bound: Polynomial = bound(self.term)
        self._text = str(self.term)
        self._run: Callable[[Evaluation, Any], bool] = compiled(self.term)

    def verdict(self, tree: EventTree) -> Verdict:
        """What the filter says of a released event. The same for all who ask, so it is worked out once.

        Raises PolicyError (policy-unreleased) when this is not a `EventTree`.
        """
        require_tree(tree)
        known = tree.verdicts.get(self._text)
        if known is None:
            evaluation = Evaluation(tree)
            known = tree.verdicts[self._text] = self.evaluate(evaluation)
            tree.spent += evaluation.spent
        return known

    def evaluate(self, evaluation: Evaluation) -> Verdict:
        """What the filter says within a budget. Nothing that goes wrong is a match."""
        root = evaluation.tree.elements[0]
        try:
            return "match" if self._run(evaluation, root) else "no match"
        except Overspent:
            return "over budget"
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
            # The tests have never got here. If somebody does, the packet does not pass, and it is counted.
            return "error"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Filter({self._text!r})"
