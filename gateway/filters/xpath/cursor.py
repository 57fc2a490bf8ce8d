"""A place among the tokens of a filter, and the counts that have limits."""

from __future__ import annotations

from gateway.errors import FilterError, LimitError
from gateway.filters.xpath.lexer import Token, echo, tokens

__all__ = ["MAX_LENGTH", "MAX_NESTING", "MAX_PREDICATES", "MAX_STEPS", "Cursor", "unsupported"]

MAX_LENGTH = 1000
"""Most characters of a filter: the longest that we have seen has 150."""

MAX_STEPS = 60
"""Most steps of all paths of a filter: a condition on one Param takes two or three."""

MAX_PREDICATES = 30
"""Most brackets of a filter: a condition on one Param takes one."""

MAX_NESTING = 8
"""How deep brackets and parentheses are nested at most, and how many operators such as ``+`` follow one another."""


class Cursor:
    """Raises FilterError (filter-syntax) and LimitError (limit-size, limit-depth)."""

    def __init__(self, text: str) -> None:
        check_length(text)
        self._tokens = tokens(text)
        self._at = 0
        self._left = {"steps": MAX_STEPS, "brackets": MAX_PREDICATES}
        self._depth = 0

    @property
    def next(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    @property
    def second(self) -> Token:
        """The one after it; the end is after the end."""
        return self._tokens[min(self._at + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next token, and go on."""
        self._at += 1
        return self._tokens[self._at - 1]

    def takes(self, *texts: str) -> Token | None:
        """The next token if it is one of these operators or symbols."""
        return self.take() if self.at(*texts) else None

    def at(self, *texts: str) -> bool:
        """Whether the next token is one of these operators or symbols."""
        return self.next.kind in ("operator", "symbol") and self.next.text in texts

    def need(self, text: str) -> None:
        """Take this symbol."""
        if not self.takes(text):
            raise self.syntax(f"Here {echo(text)} is expected")

    def syntax(self, what: str) -> FilterError:
        """The error that something is expected here."""
        found = echo(self.next.text) if self.next.text else "the end"
        return FilterError("filter-syntax", f"{what}, and there is {found}.", where=self.next.where)

    def count(self, what: str) -> None:
        """One of the ``steps`` or ``brackets`` more."""
        self._left[what] -= 1
        if self._left[what] < 0:
            raise LimitError("limit-size", f"The filter has too many {what}.", where=self.next.where)

    def enter(self) -> None:
        """One level deeper, until `leave`."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise LimitError(
                "limit-depth", f"Brackets are nested more than {MAX_NESTING} deep.", where=self.next.where
            )

    def leave(self) -> None:
        """One level up."""
        self._depth -= 1


def check_length(text: str) -> None:
    """Raise LimitError when a filter is too long."""
    if len(text) > MAX_LENGTH:
        raise LimitError("limit-size", f"The filter has {len(text)} characters; the limit is {MAX_LENGTH}.")


def unsupported(message: str, token: Token) -> FilterError:
    """The error that filters do not have this."""
    return FilterError("filter-unsupported", message, where=token.where)
