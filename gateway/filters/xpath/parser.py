"""Text -> term: the part of XPath 1.0 that filters have.

Grammar
1. filter     = or;  or = and {"or" and};  and = comparison {"and" comparison}
2. comparison, sum and product are terms joined by the operators of `LEVELS`, from the left.
3. unary      = {"-"} (number | text | "(" or ")" | call | path)
4. call       = function "(" [or {"," or}] ")"
5. path       = "/" | ["/" | "//"] step {("/" | "//") step}
6. step       = "." | ".." | [axis "::" | "@"] test {"[" or "]"};  axis = child, descendant, attribute, self, parent
7. test       = name | "*" | "voe:" name | "voe:*" | "text()"

Rules
8. ``voe:`` is the namespace of the packet's root, whichever version that is. No other prefix is known, and attributes
   have none.
9. What a function or operator takes is checked here. Numbers and truths do not become texts: XPath would have to say
   how a number is written, and engines differ.
10. A position counts siblings, so it may be asked in the brackets of a child step only. An attribute or a text has
    nothing below it: a path ends there, and in its brackets there is only ``.`` and what begins with ``/``.
11. Lengths, counts and depth have limits; the recursion here and in what comes after cannot go deeper than they say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.errors import FilterError, LimitError
from gateway.filters.xpath.cursor import MAX_NESTING, Cursor, check_length, unsupported
from gateway.filters.xpath.functions import FUNCTIONS, Takes
from gateway.filters.xpath.lexer import Token, echo
from gateway.filters.xpath.term import (
    LEVELS,
    SELF,
    Axis,
    Binary,
    Call,
    Joined,
    Negative,
    Number,
    Path,
    Step,
    Term,
    Text,
    kind,
    positional,
)

__all__ = ["parse"]

AXES: dict[str, Axis] = {
    "child": "child", "descendant": "child", "attribute": "attribute", "self": "self", "parent": "parent",
}  # fmt: skip
INSTEAD = {
    "name": "local-name()",
    "ends-with": "contains()",
    "matches": "contains()",
    "lower-case": "translate()",
    "upper-case": "translate()",
    "exists": "the path alone",
    "empty": "not()",
    "abs": "two comparisons",
}
"""What to write for a function that many try."""


def parse(text: str) -> Term:
    """The term that a text is.

    Raises FilterError (filter-syntax, filter-unsupported) and LimitError (limit-size, limit-depth).
    """
    term = _Parser(text).whole()
    check_length(str(term))  # so that it can be parsed again
    return term


@dataclass(frozen=True, slots=True)
class _Around:
    """Where a term stands: in the brackets of an attribute or text (`leaf`), in those of a child step (`siblings`)."""

    leaf: bool = False
    siblings: bool = False


class _Parser(Cursor):
    around = _Around()

    # Rules 1 to 3

    def whole(self) -> Term:
        term = self.level(0)
        if self.next.kind != "end":
            raise self.syntax("Here an operator or the end is expected")
        return term

    def nested(self, around: _Around) -> Term:
        """A term in parentheses or brackets."""
        outside, self.around = self.around, around
        self.enter()
        term = self.level(0)
        self.leave()
        self.around = outside
        return term

    def level(self, number: int) -> Term:
        if number == len(LEVELS):
            return self.unary()
        terms, operators = [self.level(number + 1)], list[str]()
        while operator := self.takes(*LEVELS[number]):
            operators.append(operator.text)
            terms.append(self.level(number + 1))
        if operators and number < 2:
            return Joined(operators[0], tuple(terms))
        term = terms[0]
        for sign, right in zip(operators, terms[1:], strict=True):
            term = Binary(sign, term, right)
        inner, depth = term, 0
        while isinstance(inner, Binary) and inner.operator in LEVELS[number]:
            inner, depth = inner.left, depth + 1
        if depth > MAX_NESTING:
            raise LimitError(
                "limit-depth", f"More than {MAX_NESTING} operators follow one another.", where=self.next.where
            )
        return term

    def unary(self) -> Term:
        signs = 0
        while self.takes("-"):
            signs += 1
        term = self.primary()
        for _ in range(signs):
            # Of three minuses one is left, so that no number of them makes a term deep.
            twice = isinstance(term, Negative) and isinstance(term.term, Negative)
            term = term.term if isinstance(term, Negative) and twice else Negative(term)
        return term

    def primary(self) -> Term:
        if self.next.kind == "number":
            return self.number()
        if self.next.kind == "text":
            return Text(self.take().text[1:-1])
        if self.takes("("):
            term = self.nested(self.around)
            self.need(")")
            if self.at("/", "//", "["):
                raise unsupported("Nothing can follow a path in parentheses.", self.next)
            return term
        if self.next.kind == "name" and self.second.text == "(" and self.next.text != "text":
            return self.call()
        return self.path()

    def number(self) -> Number:
        token = self.take()
        value = float(token.text)
        if math.isinf(value):
            raise FilterError("filter-syntax", "The number is too large.", where=token.where)
        return Number(value)

    # Rules 4, 9 and 10

    def call(self) -> Call:
        name = self.take()
        function = FUNCTIONS.get(name.text)
        if function is None:
            advice = f"; use {INSTEAD[name.text]}" if name.text in INSTEAD else ""
            raise unsupported(f"Filters have no function {echo(name.text)}{advice}.", name)
        if function.compute is None and not self.around.siblings:
            raise unsupported(f"{name.text}() can be asked only in the brackets of a child step.", name)
        self.need("(")
        arguments = list[Term]()
        while not self.takes(")"):
            if arguments:
                self.need(",")
            arguments.append(self.nested(self.around))
        most = len(arguments) if function.most is None else function.most
        if not function.least <= len(arguments) <= most:
            raise FilterError(
                "filter-syntax", f"{name.text}() takes another number of arguments.", where=name.where
            )
        if function.itself and not arguments:
            arguments.append(SELF)
        for number, argument in enumerate(arguments):
            self.check(name, function.takes[min(number, len(function.takes) - 1)], argument)
        return Call(name.text, tuple(arguments))

    def check(self, name: Token, takes: Takes, term: Term) -> None:
        """Rule 9."""
        leads_to_values = isinstance(term, Path) and (term.values or (term == SELF and self.around.leaf))
        if takes in ("nodes", "elements") and kind(term) != "nodes":
            raise FilterError("filter-syntax", f"{name.text}() takes a path.", where=name.where)
        if takes == "elements" and leads_to_values:
            raise unsupported(f"{name.text}() takes elements only.", name)
        if takes == "text" and kind(term) not in ("nodes", "text"):
            raise unsupported(f"{name.text}() takes text, and numbers do not become text.", name)

    # Rules 5 to 8

    def path(self) -> Path:
        start = self.next
        root = self.takes("/", "//")
        steps = list[Step]()
        if (
            root is not None
            and root.text == "/"
            and not (self.next.kind == "name" or self.at("@", ".", ".."))
        ):
            self.add(steps, SELF.steps[0])
        else:
            self.step(steps, root)
        while slash := self.takes("/", "//"):
            if steps[-1].values:
                raise unsupported(
                    "An attribute or text ends a path; put the condition in the brackets of its element.",
                    slash,
                )
            self.step(steps, slash)
        path = Path(root is not None, tuple(steps))
        if self.around.leaf and root is None and path != SELF:
            raise unsupported("In the brackets of an attribute or text there is only `.`.", start)
        return path

    def add(self, steps: list[Step], step: Step) -> None:
        self.count("steps")
        steps.append(step)

    def step(self, steps: list[Step], slash: Token | None) -> None:
        """One more step; ``descendant::`` is what ``//`` is."""
        start, deep = self.next, slash is not None and slash.text == "//"
        axis = self.axis()
        below, dots = axis == "descendant", self.takes(".", "..") if axis is None else None
        if deep and (below or dots or axis in ("self", "parent")):
            raise unsupported("After `//` comes a name, `*`, `@` or `text()`.", start)
        if dots:
            self.add(steps, Step("self" if dots.text == "." else "parent", "node()"))
            return
        if below and slash is None:
            self.add(steps, SELF.steps[0])
        step = Step(AXES[axis or "child"], self.test(axis or "child"), (), deep or below)
        siblings = step.axis == "child" and not below
        brackets = self.brackets(_Around(step.values, siblings))
        self.add(steps, Step(step.axis, step.test, brackets, step.deep))

    def axis(self) -> str | None:
        if self.takes("@"):
            return "attribute"
        if self.second.text != "::":
            return None
        axis = self.take()
        self.take()
        if axis.text not in AXES:
            raise unsupported(f"Filters have no axis {echo(axis.text)}.", axis)
        return axis.text

    def test(self, axis: str) -> str:
        token = self.next
        if token.kind != "name":
            raise self.syntax("Here a name, `*`, `@` or `text()` is expected")
        self.take()
        prefix, colon, _ = token.text.partition(":")
        if colon and (prefix != "voe" or axis == "attribute"):
            raise unsupported(
                f"The only prefix is `voe:`, of elements; for {echo(token.text)} use local-name().", token
            )
        if not self.takes("("):
            return token.text
        if token.text != "text" or axis not in ("child", "descendant"):
            raise unsupported(f"Filters do not look for {echo(token.text)}() here.", token)
        self.need(")")
        return "text()"

    def brackets(self, around: _Around) -> tuple[Term, ...]:
        found = list[Term]()
        while bracket := self.takes("["):
            self.count("brackets")
            predicate = self.nested(around)
            if positional(predicate) and not around.siblings:
                raise unsupported(
                    "A position counts siblings; it can be asked only in the brackets of a child step.",
                    bracket,
                )
            found.append(predicate)
            self.need("]")
        return tuple(found)
