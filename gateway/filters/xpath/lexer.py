"""Tokens of XPath 1.0 (section 3.7).

Rules
1. ``*`` multiplies, and ``and``, ``or``, ``div`` and ``mod`` are operators, where something to operate on came before;
   elsewhere they are names. A hyphen belongs to the name that it stands in.
2. Names are ASCII, as all those of VOEvent are. A prefix belongs to its name.
3. A message quotes at most `MAX_ECHO` characters of what the user wrote, and of these only printable ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.errors import FilterError, Where

__all__ = ["MAX_ECHO", "Token", "echo", "tokens"]

MAX_ECHO = 24
"""Most characters of a filter that a message repeats: enough to find the place."""

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_TOKEN = re.compile(
    rf"""(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
       | (?P<text>"[^"]*"|'[^']*')
       | (?P<name>{_NAME}(?::(?:{_NAME}|\*))?)
       | (?P<operator>!=|<=|>=|[=<>+-])
       | (?P<symbol>::|\.\.|//|[/.@()\[\],*])""",
    re.X,
)
_SPACE = re.compile("[ \t\r\n]*")
_WORDS = ("and", "or", "div", "mod")
_ENDS = (")", "]", ".", "..")
"""Symbols that a term can end with (rule 1)."""
_UNSUPPORTED = {
    "|": "Filters have no union of paths; write `or` between them.",
    "$": "Filters have no variables; write the value.",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a filter and the column, from 1, in which it begins.

    kind : ``number``, ``text``, ``name``, ``operator``, ``symbol``; the last one is the ``end``
    """

    kind: str
    text: str
    column: int

    @property
    def where(self) -> Where:
        """The place for an error."""
        return Where(column=self.column)


def echo(text: str) -> str:
    """What of the user's own text a message may repeat (rule 3)."""
    printable = "".join(character if " " <= character <= "~" else "?" for character in text[:MAX_ECHO])
    return f"`{printable}`" if len(text) <= MAX_ECHO else f"`{printable}...`"


def tokens(text: str) -> list[Token]:
    """The tokens of a filter, the end among them. Raises FilterError (filter-syntax, filter-unsupported)."""
    found: list[Token] = []
    at = _after_space(text, 0)
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unknown(text, at)
        found.append(_token(match, found))
        at = _after_space(text, match.end())
    return [*found, Token("end", "", len(text) + 1)]


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _token(match: re.Match[str], before: list[Token]) -> Token:
    text, column = match[0], match.start() + 1
    last = before[-1] if before else Token("operator", "", 0)
    operates = last.kind in ("number", "text", "name") or last.text in _ENDS
    if text in _WORDS or text == "*":
        return Token("operator" if operates else "name", text, column)
    return Token(str(match.lastgroup), text, column)


def _unknown(text: str, at: int) -> FilterError:
    where = Token("symbol", "", at + 1).where
    character = text[at]
    if character in _UNSUPPORTED:
        return FilterError("filter-unsupported", _UNSUPPORTED[character], where=where)
    if character in "\"'":
        return FilterError("filter-syntax", "The quotes that begin here do not end.", where=where)
    return FilterError("filter-syntax", f"XPath has no {echo(character)}.", where=where)
