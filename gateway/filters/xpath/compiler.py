"""Term -> plain functions of an evaluation and the node that is looked at.

Rules
1. A term is compiled towards the kind that is wanted: its truth, its number, its text, its nodes or the texts of them.
   What XPath converts into what (sections 3.2 to 4.4) is decided then, once.
2. A path is evaluated step by step over all its nodes so far, in document order and each of them once. Whether it
   finds anything is known at the first node that it finds.
3. A comparison with a path holds if it holds for one of its nodes (`gateway.filters.xpath.comparisons`).
4. A node is a `Node`, or the text that an attribute or a text is; the parser has seen to it that nothing but its text
   is asked of the latter.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from gateway.filters.xpath.comparisons import of_paths, with_number, with_text
from gateway.filters.xpath.cost import weight
from gateway.filters.xpath.evaluation import Evaluation, Item, Run
from gateway.filters.xpath.functions import FUNCTIONS, Takes
from gateway.filters.xpath.steps import Stepper, stepper
from gateway.filters.xpath.term import (
    ARITHMETIC,
    Binary,
    Call,
    Joined,
    Negative,
    Number,
    Path,
    Term,
    Text,
    kind,
)
from gateway.filters.xpath.values import COMPARISONS, MIRRORED, divided, remainder

__all__ = ["compiled"]

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "div": divided,
    "mod": remainder,
}


def compiled(term: Term) -> Run[bool]:
    """Whether a term is true: a path that finds something, a number not 0 or NaN, a text that is not empty."""
    match term:
        case Joined():
            return _joined(term)
        case Binary() if term.operator not in ARITHMETIC:
            return _comparison(term)
        case Path():
            return _exists(term)
        case Call() if kind(term) == "boolean":
            return _call(term)
    if kind(term) == "number":
        number = _number(term)
        return lambda run, item: (value := number(run, item)) != 0 and not math.isnan(value)
    text = _text(term)
    return lambda run, item: text(run, item) != ""


def _joined(term: Joined) -> Run[bool]:
    runs = [compiled(part) for part in term.terms]
    decides = term.operator == "or"

    def joined(run: Evaluation, item: Item) -> bool:
        for one in runs:
            if one(run, item) is decides:
                return decides
        return not decides

    return joined


# Rule 1


def _number(term: Term) -> Run[float]:
    match term:
        case Number():
            value = term.value
            return lambda run, item: value
        case Negative():
            number = _number(term.term)
            return lambda run, item: -number(run, item)
        case Binary() if term.operator in ARITHMETIC:
            compute, left, right = _ARITHMETIC[term.operator], _number(term.left), _number(term.right)
            return lambda run, item: compute(left(run, item), right(run, item))
        case Call() if kind(term) == "number":
            return _call(term)
    if kind(term) == "boolean":
        truth = compiled(term)
        return lambda run, item: float(truth(run, item))
    text = _text(term)
    return lambda run, item: run.number(text(run, item))


def _text(term: Term) -> Run[str]:
    match term:
        case Text():
            value = term.value
            return lambda run, item: value
        case Path():
            return _first_text(term)
    assert isinstance(term, Call)
    return _call(term)


def _call(term: Call) -> Run[Any]:
    function = FUNCTIONS[term.name]
    if term.name == "position":
        return lambda run, item: run.position
    if term.name == "last":
        return lambda run, item: run.size
    takes = (*function.takes, *function.takes[-1:] * len(term.arguments))
    arguments = [_argument(what, part) for what, part in zip(takes, term.arguments, strict=False)]
    compute = function.compute
    assert compute is not None
    if "text" not in function.takes:
        return lambda run, item: compute(*[argument(run, item) for argument in arguments])

    def call(run: Evaluation, item: Item) -> Any:
        values = [argument(run, item) for argument in arguments]
        run.read(value for value in values if isinstance(value, str))
        return compute(*values)

    return call


def _argument(takes: Takes, term: Term) -> Run[Any]:
    if takes == "text":
        return _text(term)
    if takes == "number":
        return _number(term)
    if takes == "boolean":
        return compiled(term)
    assert isinstance(term, Path)
    return _nodes(term)


# Rule 2


def _steps(path: Path) -> list[Stepper]:
    return [
        stepper(step, [_predicate(term) for term in step.predicates], weight(step)) for step in path.steps
    ]


def _predicate(term: Term) -> Run[bool]:
    if kind(term) != "number":
        return compiled(term)
    number = _number(term)
    return lambda run, item: number(run, item) == run.position


def _nodes(path: Path) -> Run[list[Any]]:
    steps, absolute = _steps(path), path.absolute

    def nodes(run: Evaluation, item: Item) -> list[Any]:
        found = [run.tree.top if absolute else item]
        for step in steps:
            found = step.every(run, found)
        return found

    return nodes


def _exists(path: Path) -> Run[bool]:
    name = _own_attribute(path)
    if name is not None:
        return lambda run, item: name in item.attributes
    *first, last = _steps(path)
    absolute = path.absolute

    def exists(run: Evaluation, item: Item) -> bool:
        found = [run.tree.top if absolute else item]
        for step in first:
            found = step.every(run, found)
        return last.some(run, found)

    return exists


def _own_attribute(path: Path) -> str | None:
    """The name, if a path is no more than ``@name``: what most brackets ask."""
    if path.absolute or len(path.steps) != 1:
        return None
    step = path.steps[0]
    plain = step.axis == "attribute" and not step.deep and not step.predicates and step.test != "*"
    return step.test if plain else None


def _texts(path: Path) -> Run[Sequence[str]]:
    """The text of each node that a path finds."""
    name = _own_attribute(path)
    if name is not None:
        return lambda run, item: (item.attributes[name],) if name in item.attributes else ()
    nodes = _nodes(path)
    return lambda run, item: [
        node if isinstance(node, str) else run.text_of(node) for node in nodes(run, item)
    ]


def _first_text(path: Path) -> Run[str]:
    """The text of the first node that a path finds, or none."""
    name = _own_attribute(path)
    if name is not None:
        return lambda run, item: item.attributes.get(name, "")
    nodes = _nodes(path)

    def first_text(run: Evaluation, item: Item) -> str:
        found = nodes(run, item)
        if not found:
            return ""
        return found[0] if isinstance(found[0], str) else run.text_of(found[0])

    return first_text


# Rule 3


def _comparison(term: Binary) -> Run[bool]:
    left, right, name = term.left, term.right, term.operator
    compare, kinds = COMPARISONS[name], (kind(left), kind(right))
    if "boolean" in kinds:
        one, other = compiled(left), compiled(right)
        return lambda run, item: compare(one(run, item), other(run, item))
    if isinstance(left, Path) and isinstance(right, Path):
        return of_paths(name, _texts(left), _texts(right))
    if isinstance(right, Path):
        left, right, name = right, left, MIRRORED[name]
        compare = COMPARISONS[name]
    equality = name in ("=", "!=")
    if isinstance(left, Path):
        if equality and kind(right) == "text":
            return with_text(name, _texts(left), _text(right))
        return with_number(name, _texts(left), _number(right))
    if equality and "number" not in kinds:
        texts = _text(left), _text(right)
        return lambda run, item: compare(texts[0](run, item), texts[1](run, item))
    numbers = _number(left), _number(right)
    return lambda run, item: compare(numbers[0](run, item), numbers[1](run, item))
