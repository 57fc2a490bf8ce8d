"""What a filter can cost, before it sees a packet: a polynomial in the size of the packet.

Rules
1. A cost is what an `Evaluation` is paid. n is the size of a packet, d its depth (`tree`). For each term there
   are two bounds: of one evaluation, and of evaluations at each node of a packet, once.
2. A step costs `STEP`, for each of n nodes if it is about positions; it lists nodes three times at most, and pays its
   weight for each that it finds. Its brackets are asked once at each of them.
3. What begins at the node itself and goes down finds a node from as many starts as that node has ancestors: from one if
   there is no ``//``, from d otherwise. What begins with ``/`` or goes up is paid again at each of n nodes: only that
   raises the degree.
4. Reading the texts of a path costs n if they are attributes or texts, and twice n d if they are those of elements,
   which lie in one another. Whatever takes a text pays for the length that it may have.
5. A filter of a degree above `MAX_DEGREE` is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.errors import FilterError
from gateway.filters.xpath.evaluation import STEP
from gateway.filters.xpath.term import Path, Step, Term, Text, kind, parts
from gateway.filters.xpath.tree import TEXT_UNIT

__all__ = ["MAX_DEGREE", "Polynomial", "bound", "weight"]

MAX_DEGREE = 2
"""Highest power of the packet's size that the cost of a filter may grow with. Two is a path that begins with ``/`` in
the brackets of another one."""


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Powers of n and d -> their coefficient."""

    terms: tuple[tuple[tuple[int, int], int], ...] = ()

    @property
    def degree(self) -> int:
        """The highest power of n."""
        return max((n for (n, _), _ in self.terms), default=0)

    def __add__(self, other: Polynomial) -> Polynomial:
        if not (self.terms and other.terms):
            return self if self.terms else other
        return _collected([*self.terms, *other.terms])

    def __mul__(self, other: Polynomial) -> Polynomial:
        return _collected([((n + m, d + e), a * b) for (n, d), a in self.terms for (m, e), b in other.terms])

    def at(self, size: int, depth: int) -> int:
        """The value for a packet."""
        return sum(factor * size**n * depth**d for (n, d), factor in self.terms)

    def __str__(self) -> str:
        return " + ".join(f"{factor}{_power('n', n)}{_power('d', d)}" for (n, d), factor in self.terms) or "0"


def _collected(terms: list[tuple[tuple[int, int], int]]) -> Polynomial:
    sums: dict[tuple[int, int], int] = {}
    for powers, factor in terms:
        sums[powers] = sums.get(powers, 0) + factor
    return Polynomial(tuple(sorted(sums.items(), reverse=True)))


def _power(name: str, power: int) -> str:
    return f" {name}" + (f"^{power}" if power > 1 else "") if power else ""


def _number(value: int) -> Polynomial:
    return Polynomial((((0, 0), value),) if value else ())


N = Polynomial((((1, 0), 1),))
D = Polynomial((((0, 1), 1),))
NONE = Polynomial()

Costs: TypeAlias = tuple[Polynomial, Polynomial]
"""Of one evaluation, and of one at each node (rule 1)."""


def weight(step: Step) -> int:
    """What a node costs that the brackets of a step are asked about: itself and each of their terms."""
    return 1 + sum(map(_terms, step.predicates))


def bound(term: Term) -> Polynomial:
    """The most that one evaluation of a filter costs. Raises FilterError (filter-cost) when that grows too fast."""
    cost = _costs(term)[0]
    if cost.degree > MAX_DEGREE:
        raise FilterError(
            "filter-cost",
            f"The cost grows with the power {cost.degree} of the packet's size; the limit is {MAX_DEGREE}.",
        )
    return cost


def _terms(term: Term) -> int:
    return 1 + sum(map(_terms, parts(term))) + (len(term.steps) if isinstance(term, Path) else 0)


def _costs(term: Term) -> Costs:
    if isinstance(term, Path):
        return _path(term)
    once = each = NONE
    for part in parts(term):
        for one, all_ in (_costs(part), _reading(part)):
            once, each = once + one, each + all_
    return once, each


def _path(path: Path) -> Costs:
    """Rules 2 and 3."""
    once = NONE
    for step in path.steps:
        once += _number(STEP) + _number(3 + STEP + weight(step)) * N
        for predicate in step.predicates:
            once += _costs(predicate)[1]
    return once, _starts(path) * (once + _number(len(path.steps) * STEP) * N)


def _starts(path: Path) -> Polynomial:
    """From how many nodes a path finds the same node at most."""
    if path.absolute or any(step.axis == "parent" for step in path.steps):
        return N
    return D if any(step.deep for step in path.steps) else _number(1)


def _reading(term: Term) -> Costs:
    """Rule 4."""
    if isinstance(term, Path):
        once = N if term.values else _number(2) * N * D
        return once, _starts(term) * once
    if isinstance(term, Text):
        length = _number(1 + len(term.value) // TEXT_UNIT)
        return length, N * length
    once = each = NONE
    if kind(term) == "text":
        for part in parts(term):
            one, all_ = _reading(part)
            once, each = once + one, each + all_
    return once, each
