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
from gateway.filters.xpath.functions import FUNCTIONS, Function, Takes
from gateway.filters.xpath.lexer import Token, echo, tokens
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
)  # fmt: skip

__all__ = ["MAX_LENGTH", "MAX_NESTING", "MAX_PREDICATES", "MAX_STEPS", "parse"]

MAX_LENGTH = 1000
"""Most characters of a filter: the longest that we have seen has 150."""

MAX_STEPS = 60
"""Most steps of all paths of a filter: a condition on one Param takes two or three."""

MAX_PREDICATES = 30
"""Most brackets of a filter: a condition on one Param takes one."""

MAX_NESTING = 8
"""How deep brackets and parentheses are nested at most, and how many operators such as ``+`` follow one another."""

AXES: dict[str, Axis] = {"child": "child", "attribute": "attribute", "self": "self", "parent": "parent"}
INSTEAD = {
    "name": "local-name()",
    "ends-with": "contains()",
    "matches": "contains()",
    "lower-case": "translate()",
    "upper-case": "translate()",
    "exists": "the path alone",
    "empty": "not()",
    "abs": "two comparisons",
    "sum": "count() or the values one by one",
}
"""What to write for a function that many try."""


def parse(text: str) -> Term:
    """The term that a text is.

    Raises FilterError (filter-syntax, filter-unsupported) and LimitError (limit-size, limit-depth).
    """
    if len(text) > MAX_LENGTH:
        raise LimitError("limit-size", f"The filter has {len(text)} characters; the limit is {MAX_LENGTH}.")
    term = _Parser(tokens(text)).whole()
    if len(str(term)) > MAX_LENGTH:
        raise LimitError(
            "limit-size", f"Written with spaces, the filter has more than {MAX_LENGTH} characters."
        )
    return term


@dataclass(frozen=True, slots=True)
class _Around:
    """Where a term stands: in the brackets of an attribute or text (`leaf`), in those of a child step (`siblings`)."""

    leaf: bool = False
    siblings: bool = False


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0
        self.steps = 0
        self.predicates = 0
        self.around = _Around()

    # Tokens

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def takes(self, *texts: str) -> Token | None:
        """The next token if it is one of these operators or symbols."""
        found = self.next.kind in ("operator", "symbol") and self.next.text in texts
        return self.take() if found else None

    def need(self, text: str) -> None:
        if not self.takes(text):
            raise self.syntax(f"Here {echo(text)} is expected")

    def syntax(self, what: str) -> FilterError:
        found = echo(self.next.text) if self.next.text else "the end"
        return FilterError("filter-syntax", f"{what}, and there is {found}.", where=self.next.where)

    # Rules 1 to 4

    def whole(self) -> Term:
        term = self.level(0)
        if self.next.kind != "end":
            raise self.syntax("Here an operator or the end is expected")
        return term

    def nested(self, around: _Around) -> Term:
        """A term in parentheses or brackets."""
        outside, self.around = self.around, around
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise LimitError(
                "limit-depth", f"Brackets are nested more than {MAX_NESTING} deep.", where=self.next.where
            )
        term = self.level(0)
        self.depth -= 1
        self.around = outside
        return term

    def level(self, number: int) -> Term:
        if number == len(LEVELS):
            return self.unary()
        terms, operators = [self.level(number + 1)], list[Token]()
        while operator := self.takes(*LEVELS[number]):
            operators.append(operator)
            terms.append(self.level(number + 1))
        if operators and number < 2:
            return Joined(operators[0].text, tuple(terms))
        term = terms[0]
        for operator, right in zip(operators, terms[1:], strict=True):
            term = Binary(operator.text, term, right)
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
        token = self.next
        following = self.tokens[self.at + 1 : self.at + 2]
        if token.kind == "number":
            return self.number()
        if token.kind == "text":
            return Text(self.take().text[1:-1])
        if self.takes("("):
            term = self.nested(self.around)
            self.need(")")
            if self.next.text in ("/", "//", "["):
                raise FilterError(
                    "filter-unsupported", "Nothing can follow a path in parentheses.", where=self.next.where
                )
            return term
        if token.kind == "name" and following and following[0].text == "(" and token.text != "text":
            return self.call()
        return self.path()

    def number(self) -> Number:
        token = self.take()
        value = float(token.text)
        if math.isinf(value):
            raise FilterError("filter-syntax", "The number is too large.", where=token.where)
        return Number(value)

    def call(self) -> Call:
        name = self.take()
        function = FUNCTIONS.get(name.text)
        if function is None:
            advice = f"; use {INSTEAD[name.text]}" if name.text in INSTEAD else ""
            raise FilterError(
                "filter-unsupported", f"Filters have no function {echo(name.text)}{advice}.", where=name.where
            )
        if function.compute is None and not self.around.siblings:
            raise FilterError(
                "filter-unsupported",
                f"{name.text}() can be asked only in the brackets of a child step, such as `Param[2]`.",
                where=name.where,
            )
        self.need("(")
        arguments = list[Term]()
        while not self.takes(")"):
            if arguments:
                self.need(",")
            arguments.append(self.argument(name, function, len(arguments)))
        if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
            raise FilterError(
                "filter-syntax", f"{name.text}() has another number of arguments.", where=name.where
            )
        if function.itself and not arguments:
            self.check(name, function.takes[0], SELF)
            arguments.append(SELF)
        return Call(name.text, tuple(arguments))

    def argument(self, name: Token, function: Function, number: int) -> Term:
        term = self.nested(self.around)
        if function.takes:
            self.check(name, function.takes[min(number, len(function.takes) - 1)], term)
        return term

    def check(self, name: Token, takes: Takes, term: Term) -> None:
        """Rule 9."""
        given = kind(term)
        if takes in ("nodes", "elements") and given != "nodes":
            raise FilterError("filter-syntax", f"{name.text}() takes a path.", where=name.where)
        if (
            takes == "elements"
            and isinstance(term, Path)
            and (term.values or (term == SELF and self.around.leaf))
        ):
            raise FilterError("filter-unsupported", f"{name.text}() takes elements only.", where=name.where)
        if takes == "text" and given not in ("nodes", "text"):
            raise FilterError(
                "filter-unsupported",
                f"{name.text}() takes text, and numbers do not become text.",
                where=name.where,
            )

    # Rules 5 to 8

    def path(self) -> Path:
        start = self.next
        root = self.takes("/", "//")
        steps = list[Step]()
        if root is None or root.text == "//" or self.at_step():
            self.step(steps, root)
            while slash := self.takes("/", "//"):
                if steps[-1].values:
                    raise FilterError(
                        "filter-unsupported",
                        "An attribute or text ends a path; put the condition in the brackets of its element.",
                        where=slash.where,
                    )
                self.step(steps, slash)
        path = Path(root is not None, tuple(steps))
        if self.around.leaf and root is None and path != SELF:
            raise FilterError(
                "filter-unsupported",
                "In the brackets of an attribute or text there is only `.`.",
                where=start.where,
            )
        return path

    def at_step(self) -> bool:
        return self.next.kind == "name" or self.next.text in ("@", ".", "..")

    def step(self, steps: list[Step], slash: Token | None) -> None:
        """One more step; ``descendant::`` is what ``//`` is, and perhaps two."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise LimitError(
                "limit-size", f"The filter has more than {MAX_STEPS} steps.", where=self.next.where
            )
        start, deep = self.next, slash is not None and slash.text == "//"
        axis: Axis = "child"
        if dots := self.takes(".", ".."):
            if deep:
                raise _after_double_slash(start)
            steps.append(Step("self" if dots.text == "." else "parent", "node()"))
            return
        descendant = False
        if self.takes("@"):
            axis = "attribute"
        elif self.next.kind == "name" and self.tokens[self.at + 1].text == "::":
            descendant = self.next.text == "descendant"
            if not descendant and self.next.text not in AXES:
                raise FilterError(
                    "filter-unsupported", f"Filters have no axis {echo(self.next.text)}.", where=start.where
                )
            axis = AXES.get(self.take().text, "child")
            self.take()
        if deep and (descendant or axis in ("self", "parent")):
            raise _after_double_slash(start)
        if descendant and slash is None:
            steps.append(SELF.steps[0])
        test = self.test(axis)
        plain = Step(axis, test, (), deep or descendant)
        siblings = axis == "child" and not descendant
        steps.append(Step(axis, test, self.brackets(plain.values, siblings), plain.deep))

    def test(self, axis: Axis) -> str:
        token = self.next
        if token.kind != "name":
            raise self.syntax("Here a name, `*`, `@` or `text()` is expected")
        self.take()
        prefix, colon, _ = token.text.partition(":")
        if colon and (prefix != "voe" or axis == "attribute"):
            raise FilterError(
                "filter-unsupported",
                f"The only prefix is `voe:`, of elements; for {echo(token.text)} use local-name().",
                where=token.where,
            )
        if self.next.text != "(":
            return token.text
        if token.text != "text" or axis != "child":
            raise FilterError(
                "filter-unsupported", f"Filters do not look for {echo(token.text)}() here.", where=token.where
            )
        self.take()
        self.need(")")
        return "text()"

    def brackets(self, leaf: bool, siblings: bool) -> tuple[Term, ...]:
        found = list[Term]()
        while bracket := self.takes("["):
            self.predicates += 1
            if self.predicates > MAX_PREDICATES:
                raise LimitError(
                    "limit-size", f"The filter has more than {MAX_PREDICATES} brackets.", where=bracket.where
                )
            predicate = self.nested(_Around(leaf, siblings))
            if positional(predicate) and not siblings:
                raise FilterError(
                    "filter-unsupported",
                    "A position counts siblings; it can be asked only in the brackets of a child step.",
                    where=bracket.where,
                )
            found.append(predicate)
            self.need("]")
        return tuple(found)


def _after_double_slash(token: Token) -> FilterError:
    return FilterError(
        "filter-unsupported", "After `//` comes a name, `*`, `@` or `text()`.", where=token.where
    )
