"""One evaluation: a filter, a packet, and how much it may still cost.

Rules
1. Costs are counted in units; a unit is about one term asked of one node, or `TEXT_UNIT` characters of text.
2. They are paid before the work is done: a step pays for all the nodes it is about to look at and all the terms of its
   brackets, so an evaluation stops before it has cost more than `MAX_COST`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from gateway.filters.xpath.tree import TEXT_UNIT, EventTree, Node
from gateway.filters.xpath.values import to_number

__all__ = ["MAX_COST", "STEP", "Evaluation", "Item", "Overspent", "Run"]

MAX_COST = 50_000
"""Most that a filter may cost for one packet: some 10 ms. A condition on a Param costs 900 for a packet of 9 kB, and
12 000 for the longest that VTP carries."""

STEP = 4
"""What a step costs besides its nodes."""


MAX_NUMERAL = 64
"""Longest text that is read as a number for the price of its term: alerts write at most 25 characters."""


Value = TypeVar("Value")
Item: TypeAlias = Any
"""What is looked at: a `Node`, or the text that an attribute or a text is."""
Run: TypeAlias = Callable[["Evaluation", Item], Value]
"""A term, compiled: what it is for an evaluation and what is looked at."""


class Overspent(Exception):
    """The budget does not suffice for what comes next."""


class Evaluation:
    """What is left of the budget, and the position that the innermost brackets ask for."""

    __slots__ = ("budget", "left", "position", "size", "tree")

    def __init__(self, tree: EventTree, budget: int = MAX_COST) -> None:
        self.tree = tree
        self.budget = self.left = budget
        self.position = 1
        self.size = 1

    @property
    def spent(self) -> int:
        """What it has cost so far. What would have been too much was not done."""
        return min(self.budget, self.budget - self.left)

    def pay(self, units: int) -> None:
        """Raises Overspent."""
        self.left -= units
        if self.left < 0:
            raise Overspent

    def read(self, texts: Iterable[str]) -> None:
        """Pay for reading all of some texts."""
        self.pay(sum(map(len, texts)) // TEXT_UNIT)

    def number(self, text: str) -> float:
        """The number that a text is, or NaN. Long ones are paid for."""
        if len(text) > MAX_NUMERAL:
            self.read((text,))
        return to_number(text)

    def text_of(self, node: Node) -> str:
        """The text of an element: all the text in it, in order. What is not in one piece is paid for."""
        if not node.children and len(node.texts) < 2:
            return node.texts[0][1] if node.texts else ""
        inside = self.tree.elements[max(node.place, 0) : node.end]
        self.pay(len(inside))
        pieces = [piece for one in inside for piece in one.texts]
        self.pay(len(pieces))
        pieces.sort()
        self.read(text for _, text in pieces)
        return "".join(text for _, text in pieces)
