"""Comparisons with paths (XPath 1.0, section 3.4): one holds if it holds for one of the nodes.

That of two paths takes the time of their lengths, not of their product: it needs their texts as sets, their least and
greatest number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gateway.filters.xpath.evaluation import Evaluation, Item, Run
from gateway.filters.xpath.values import COMPARISONS, to_number

__all__ = ["of_paths", "with_number", "with_text"]


def with_text(name: str, texts: Run[Sequence[str]], text: Run[str]) -> Run[bool]:
    """A path is or is not some text."""
    if name == "=":
        return lambda run, item: text(run, item) in texts(run, item)

    def differs(run: Evaluation, item: Item) -> bool:
        other = text(run, item)
        return any(one != other for one in texts(run, item))

    return differs


def with_number(name: str, texts: Run[Sequence[str]], number: Run[float]) -> Run[bool]:
    """A path compares so with a number."""
    compare = COMPARISONS[name]

    def holds(run: Evaluation, item: Item) -> bool:
        other = number(run, item)
        return any(compare(run.number(one), other) for one in texts(run, item))

    return holds


def of_paths(name: str, one: Run[Sequence[str]], other: Run[Sequence[str]]) -> Run[bool]:
    """Two paths compare so."""
    decide = _DECIDE[name]

    def holds(run: Evaluation, item: Item) -> bool:
        texts, others = one(run, item), other(run, item)
        run.read(texts)
        run.read(others)
        return bool(texts and others) and decide(texts, others)

    return holds


def _least(texts: Sequence[str]) -> float:
    return min((x for x in map(to_number, texts) if not math.isnan(x)), default=math.nan)


def _greatest(texts: Sequence[str]) -> float:
    return max((x for x in map(to_number, texts) if not math.isnan(x)), default=math.nan)


_DECIDE: dict[str, Callable[[Sequence[str], Sequence[str]], bool]] = {
    "=": lambda texts, others: not set(texts).isdisjoint(others),
    "!=": lambda texts, others: len({*texts, *others}) > 1,
    "<": lambda texts, others: _least(texts) < _greatest(others),
    "<=": lambda texts, others: _least(texts) <= _greatest(others),
    ">": lambda texts, others: _greatest(texts) > _least(others),
    ">=": lambda texts, others: _greatest(texts) >= _least(others),
}
"""Whether a pair of them compares so; neither is empty."""
