"""What a filter is made of: frozen values that print as XPath.

Rules
1. Every term prints in one canonical spelling, and `parser` reads that back as an equal term.
2. The kind of a term's value is known without a packet: XPath 1.0 without variables has no other.
3. ``//name`` is one step, `deep`: the children of that name of the nodes so far and of everything in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from gateway.filters.xpath.functions import FUNCTIONS, Kind

__all__ = [
    "ARITHMETIC", "LEVELS", "SELF", "Binary", "Call", "Joined", "Negative", "Number", "Path", "Step", "Term", "Text",
    "kind", "parts", "positional",
]  # fmt: skip

Axis = Literal["child", "attribute", "self", "parent"]

LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "div", "mod"),
)
"""The operators, from those that bind least; those of one level bind from the left."""

ARITHMETIC = (*LEVELS[4], *LEVELS[5])


@dataclass(frozen=True, slots=True)
class Text:
    """A text between quotes. It cannot hold both kinds of quotes."""

    value: str

    def __str__(self) -> str:
        return f"'{self.value}'" if '"' in self.value else f'"{self.value}"'


@dataclass(frozen=True, slots=True)
class Number:
    """A number without sign."""

    value: float

    def __str__(self) -> str:
        return repr(self.value).removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Negative:
    """A minus before a term."""

    term: Term

    def __str__(self) -> str:
        return f"-{_inside(self.term, len(LEVELS))}"


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison, or arithmetic."""

    operator: str
    left: Term
    right: Term

    def __str__(self) -> str:
        level = _level(self)
        return f"{_inside(self.left, level)} {self.operator} {_inside(self.right, level + 1)}"


@dataclass(frozen=True, slots=True)
class Joined:
    """Two or more terms joined by ``and`` or by ``or``."""

    operator: str
    terms: tuple[Term, ...]

    def __str__(self) -> str:
        level = _level(self)
        return f" {self.operator} ".join(_inside(term, level + 1) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `FUNCTIONS` with its arguments; a missing one that may be missing is `SELF`."""

    name: str
    arguments: tuple[Term, ...]

    def __str__(self) -> str:
        missing = FUNCTIONS[self.name].itself and self.arguments == (SELF,)
        return f"{self.name}({'' if missing else ', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Step:
    """From nodes to others: an axis, a test as it is spelled (``Param``, ``voe:VOEvent``, ``*``, ``text()``) and
    predicates. ``node()`` stands only in ``.`` and ``..``.
    """

    axis: Axis
    test: str
    predicates: tuple[Term, ...] = ()
    deep: bool = False

    def __str__(self) -> str:
        if self.test == "node()":
            return "." if self.axis == "self" else ".."
        prefix = {"child": "", "attribute": "@"}.get(self.axis, f"{self.axis}::")
        return prefix + self.test + "".join(f"[{predicate}]" for predicate in self.predicates)

    @property
    def positional(self) -> bool:
        """Whether a predicate asks for the position among siblings."""
        return any(map(positional, self.predicates))

    @property
    def values(self) -> bool:
        """Whether it leads to attributes or texts, and not to elements."""
        return self.axis == "attribute" or self.test == "text()"


@dataclass(frozen=True, slots=True)
class Path:
    """Steps, one at least, from the document (`absolute`) or from the node that the filter looks at. A mere ``/`` is
    ``/.``, after which no operator can be taken for a name.
    """

    absolute: bool
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        text = "/" if self.absolute and not self.steps[0].deep else ""
        for number, step in enumerate(self.steps):
            text += ("//" if step.deep else "/" if number else "") + str(step)
        return text

    @property
    def values(self) -> bool:
        """Whether it leads to attributes or texts."""
        return self.steps[-1].values


Term: TypeAlias = Text | Number | Negative | Binary | Joined | Call | Path

SELF = Path(False, (Step("self", "node()"),))
"""``.``: the node that the filter looks at."""


def kind(term: Term) -> Kind:
    """What the value of a term is (rule 2)."""
    match term:
        case Path():
            return "nodes"
        case Text():
            return "text"
        case Number() | Negative():
            return "number"
        case Binary():
            return "number" if term.operator in ARITHMETIC else "boolean"
        case Joined():
            return "boolean"
        case Call():
            return FUNCTIONS[term.name].gives


def parts(term: Term) -> Iterator[Term]:
    """The terms that a term is made of; what is in the brackets of a path is not among them."""
    match term:
        case Negative():
            yield term.term
        case Binary():
            yield from (term.left, term.right)
        case Joined():
            yield from term.terms
        case Call():
            yield from term.arguments


def positional(predicate: Term) -> bool:
    """Whether a predicate is about positions: ``[2]``, ``[last()]``, ``[position() < 3 and @a]``."""
    return kind(predicate) == "number" or _asks_position(predicate)


def _asks_position(term: Term) -> bool:
    if isinstance(term, Call) and term.name in ("position", "last"):
        return True
    return any(map(_asks_position, parts(term)))


def _level(term: Term) -> int:
    """The level of a term in `LEVELS`; what needs no parentheses is above all of them."""
    if isinstance(term, Binary | Joined):
        return next(level for level, operators in enumerate(LEVELS) if term.operator in operators)
    return len(LEVELS)


def _inside(term: Term, least: int) -> str:
    return f"({term})" if _level(term) < least else str(term)
