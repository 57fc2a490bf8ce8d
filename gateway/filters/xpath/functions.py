"""The functions that filters may use: a table. What is not in it is refused.

Rules
1. A parameter of kind ``text``, ``number`` or ``boolean`` takes what can become one (`parser`); ``nodes`` takes a
   path, ``elements`` a path that ends in elements.
2. `least` parameters must be given; a missing one that `itself` speaks of is the node that the filter looks at.
3. What has no `compute` asks how far the evaluation is: `compiler` knows it.
4. None takes more time than the length of its texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from gateway.filters.xpath.tree import Node
from gateway.filters.xpath.values import half_up, rounded, spaces_normalized, substring, translated

__all__ = ["FUNCTIONS", "Function", "Kind", "Takes"]

Kind = Literal["nodes", "boolean", "number", "text"]
Takes = Literal["nodes", "elements", "boolean", "number", "text"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of XPath 1.0 (section 4).

    takes : the kind of each parameter
    gives : the kind of the value
    least : how many must be given
    most : how many may be given; None for any number, each of the last kind
    itself : whether a missing parameter is the node that the filter looks at
    """

    takes: tuple[Takes, ...]
    gives: Kind
    compute: Callable[..., Any] | None
    least: int
    most: int | None
    itself: bool = False


def _function(
    takes: tuple[Takes, ...], gives: Kind, compute: Callable[..., Any] | None, *, optional: int = 0
) -> Function:
    return Function(takes, gives, compute, len(takes) - optional, len(takes))


def _of_itself(takes: Takes, gives: Kind, compute: Callable[..., Any]) -> Function:
    return Function((takes,), gives, compute, 0, 1, itself=True)


def _local_name(nodes: Sequence[Node]) -> str:
    return nodes[0].local if nodes else ""


def _namespace(nodes: Sequence[Node]) -> str:
    return nodes[0].namespace if nodes else ""


def _before(text: str, mark: str) -> str:
    return text.partition(mark)[0] if mark and mark in text else ""


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2] if mark else text


FUNCTIONS: dict[str, Function] = {
    "count": _function(("nodes",), "number", len),
    "position": _function((), "number", None),
    "last": _function((), "number", None),
    "local-name": _of_itself("elements", "text", _local_name),
    "namespace-uri": _of_itself("elements", "text", _namespace),
    "string": _of_itself("text", "text", str),
    "concat": Function(("text",), "text", lambda *texts: "".join(texts), 2, None),
    "starts-with": _function(("text", "text"), "boolean", str.startswith),
    "contains": _function(("text", "text"), "boolean", str.__contains__),
    "substring-before": _function(("text", "text"), "text", _before),
    "substring-after": _function(("text", "text"), "text", _after),
    "substring": _function(("text", "number", "number"), "text", substring, optional=1),
    "string-length": _of_itself("text", "number", len),
    "normalize-space": _of_itself("text", "text", spaces_normalized),
    "translate": _function(("text", "text", "text"), "text", translated),
    "boolean": _function(("boolean",), "boolean", bool),
    "not": _function(("boolean",), "boolean", lambda value: not value),
    "true": _function((), "boolean", lambda: True),
    "false": _function((), "boolean", lambda: False),
    "number": _of_itself("number", "number", float),
    "floor": _function(("number",), "number", partial(rounded, math.floor)),
    "ceiling": _function(("number",), "number", partial(rounded, math.ceil)),
    "round": _function(("number",), "number", half_up),
}
"""By name, in the order of the Recommendation."""
