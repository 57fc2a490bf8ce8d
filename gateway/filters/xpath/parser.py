"""Text -> term: the part of XPath 1.0 that filters have.

Grammar
1. filter     = or;  or = and {"or" and};  and = comparison {"and" comparison}
2. comparison, sum and product are terms joined by the operators of `LEVELS`, from the left.
3. unary      = {"-"} (number | text | "(" or ")" | call | path)
4. call       = function "(" [or {"," or}] ")"
   What a path is says `gateway.filters.xpath.paths`.

Rules
5. What a function or operator takes is checked here. Numbers and truths do not become texts: XPath would have to say
   how a number is written, and engines differ.
6. Lengths, counts and depth have limits; the recursion here and in what comes after cannot go deeper than they say.
"""

from __future__ import annotations

import math

from gateway.errors import FilterError, LimitError
from gateway.filters.xpath.cursor import MAX_NESTING, check_length, unsupported
from gateway.filters.xpath.functions import FUNCTIONS, Takes
from gateway.filters.xpath.lexer import Token, echo
from gateway.filters.xpath.paths import Around, Paths
from gateway.filters.xpath.term import (
    LEVELS,
    SELF,
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

__all__ = ["parse"]

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


class _Parser(Paths):
    # Rules 1 to 3

    def whole(self) -> Term:
        term = self.level(0)
        if self.next.kind != "end":
            raise self.syntax("Here an operator or the end is expected")
        return term

    def nested(self, around: Around) -> Term:
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

    # Rules 4 and 5

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
        """Rule 5."""
        leads_to_values = isinstance(term, Path) and (term.values or (term == SELF and self.around.leaf))
        if takes in ("nodes", "elements") and kind(term) != "nodes":
            raise FilterError("filter-syntax", f"{name.text}() takes a path.", where=name.where)
        if takes == "elements" and leads_to_values:
            raise unsupported(f"{name.text}() takes elements only.", name)
        if takes == "text" and kind(term) not in ("nodes", "text"):
            raise unsupported(f"{name.text}() takes text, and numbers do not become text.", name)
