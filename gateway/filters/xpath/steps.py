"""A step of a path -> functions from nodes to nodes.

Rules
1. Nodes are in document order and occur once, before a step and after it.
2. A step first lists the nodes that its axis and test find, which is one pass over the packet at most, then pays for
   these with all terms of its brackets, then asks the brackets.
3. Brackets that ask for positions are asked parent by parent, since positions count among siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from gateway.filters.xpath.evaluation import STEP, Evaluation
from gateway.filters.xpath.term import Step
from gateway.filters.xpath.tree import Node

__all__ = ["Stepper", "stepper"]

Nodes: TypeAlias = list[Any]
Find: TypeAlias = Callable[[Evaluation, Nodes], Nodes]
Predicate: TypeAlias = Callable[[Evaluation, Any], bool]

_in_order = attrgetter("place")


@dataclass(frozen=True, slots=True)
class Stepper:
    """A step: all the nodes that it leads to, or whether there is one."""

    every: Find
    some: Callable[[Evaluation, Nodes], bool]


def stepper(step: Step, predicates: Sequence[Predicate], weight: int) -> Stepper:
    """The functions of a step.

    predicates : its brackets, as functions
    weight : what a node costs that they are asked about
    """
    if step.positional:
        return _positional(step, predicates, weight)
    find = _finder(step)

    def listed(run: Evaluation, nodes: Nodes) -> Nodes:
        found = find(run, nodes)
        run.pay(STEP + len(nodes) + len(found) * weight)
        return found

    def every(run: Evaluation, nodes: Nodes) -> Nodes:
        found = listed(run, nodes)
        for predicate in predicates:
            found = [node for node in found if predicate(run, node)]
        return found

    def some(run: Evaluation, nodes: Nodes) -> bool:
        if not predicates:
            return bool(listed(run, nodes))
        *others, last = predicates
        found = listed(run, nodes)
        for predicate in others:
            found = [node for node in found if predicate(run, node)]
        return any(last(run, node) for node in found)

    return Stepper(every, some)


def _positional(step: Step, predicates: Sequence[Predicate], weight: int) -> Stepper:
    """Rule 3."""
    siblings = _child(step.test)

    def every(run: Evaluation, nodes: Nodes) -> Nodes:
        outside = run.position, run.size
        result: Nodes = []
        for parent in _with_all_inside(run, nodes) if step.deep else nodes:
            found = siblings(run, [parent])
            run.pay(STEP + len(found) * weight)
            for predicate in predicates:
                kept, run.size = [], len(found)
                for run.position, node in enumerate(found, start=1):
                    if predicate(run, node):
                        kept.append(node)
                found = kept
            result += found
        run.position, run.size = outside
        return result if step.values else sorted(result, key=_in_order)

    return Stepper(every, lambda run, nodes: bool(every(run, nodes)))


def _finder(step: Step) -> Find:
    match step.axis:
        case "child":
            return _inside(step.test) if step.deep else _child(step.test)
        case "attribute":
            return _attribute(step.test, step.deep)
        case "parent":
            return _parent(step.test)
    if step.test == "node()":
        return lambda run, nodes: nodes
    matches = _matcher(step.test)
    return lambda run, nodes: [node for node in nodes if matches(node.tag)]


def _matcher(test: str) -> Callable[[str], bool]:
    """Whether the tag of an element, not that of the document, which is empty, passes a test."""
    if test == "*":
        return bool
    if test == "voe:*":
        return lambda tag: tag.startswith("voe:")
    return test.__eq__


def _child(test: str) -> Find:
    if test == "text()":
        return lambda run, nodes: _texts(nodes)
    matches = _matcher(test)

    def child(run: Evaluation, nodes: Nodes) -> Nodes:
        children = [child for node in nodes for child in node.children]
        run.pay(len(children))
        found = [child for child in children if matches(child.tag)]
        if len(nodes) > 1:
            found.sort(key=_in_order)
        return found

    return child


def _inside(test: str) -> Find:
    """What ``//`` finds: children of the nodes and of whatever is in them."""
    if test == "text()":
        return lambda run, nodes: _texts(_with_all_inside(run, nodes))
    tag = None if test in ("*", "voe:*") else test
    matches = _matcher(test)

    def inside(run: Evaluation, nodes: Nodes) -> Nodes:
        found: list[Node] = []
        for node in _outermost(nodes):
            found += run.tree.below(node, tag)
        run.pay(len(found))
        return [node for node in found if matches(node.tag)] if test == "voe:*" else found

    return inside


def _attribute(name: str, deep: bool) -> Find:
    def attribute(run: Evaluation, nodes: Nodes) -> Nodes:
        elements = _with_all_inside(run, nodes) if deep else nodes
        if name == "*":
            return [value for element in elements for value in element.attributes.values()]
        return [element.attributes[name] for element in elements if name in element.attributes]

    return attribute


def _parent(test: str) -> Find:
    matches = _matcher(test)

    def parent(run: Evaluation, nodes: Nodes) -> Nodes:
        found = dict.fromkeys(node.parent for node in nodes if node.parent is not None)
        return sorted((node for node in found if test == "node()" or matches(node.tag)), key=_in_order)

    return parent


def _texts(nodes: list[Node]) -> list[str]:
    texts = [text for node in nodes for text in node.texts]
    if len(nodes) > 1:
        texts.sort()
    return [text for _, text in texts]


def _outermost(nodes: list[Node]) -> list[Node]:
    """Those that are in none of the others."""
    found: list[Node] = []
    for node in nodes:
        if not found or node.place >= found[-1].end:
            found.append(node)
    return found


def _with_all_inside(run: Evaluation, nodes: list[Node]) -> list[Node]:
    found: list[Node] = []
    for node in _outermost(nodes):
        found.append(node)
        found += run.tree.below(node, None)
    run.pay(len(found))
    return found
