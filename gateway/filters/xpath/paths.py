"""Text -> path: the other half of the grammar in `gateway.filters.xpath.parser`.

Grammar
1. path       = "/" | ["/" | "//"] step {("/" | "//") step}
2. step       = "." | ".." | [axis "::" | "@"] test {"[" or "]"};  axis = child, descendant, attribute, self, parent
3. test       = name | "*" | "voe:" name | "voe:*" | "text()"

Rules
4. ``voe:`` is the namespace of the packet's root, whichever version that is. No other prefix is known, and attributes
   have none.
5. A position counts siblings, so it may be asked in the brackets of a child step only. An attribute or a text has
   nothing below it: a path ends there, and in its brackets there is only ``.`` and what begins with ``/``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from gateway.filters.xpath.cursor import Cursor, unsupported
from gateway.filters.xpath.lexer import Token, echo
from gateway.filters.xpath.term import SELF, Axis, Path, Step, Term, positional

__all__ = ["Around", "Paths"]

AXES: dict[str, Axis] = {
    "child": "child", "descendant": "child", "attribute": "attribute", "self": "self", "parent": "parent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Around:
    """Where a term stands: in the brackets of an attribute or text (`leaf`), in those of a child step (`siblings`)."""

    leaf: bool = False
    siblings: bool = False


class Paths(Cursor, ABC):
    """The half that reads paths; what is in their brackets reads whoever has the other half."""

    around = Around()

    @abstractmethod
    def nested(self, around: Around) -> Term:
        """A term in parentheses or brackets."""

    def path(self) -> Path:
        """A path (grammar 1)."""
        start = self.next
        root = self.takes("/", "//")
        steps = list[Step]()
        if (
            root is not None
            and root.text == "/"
            and not (self.next.kind == "name" or self.at("@", ".", ".."))
        ):
            self._add(steps, SELF.steps[0])
        else:
            self._step(steps, root)
        while slash := self.takes("/", "//"):
            if steps[-1].values:
                raise unsupported(
                    "An attribute or text ends a path; put the condition in the brackets of its element.",
                    slash,
                )
            self._step(steps, slash)
        path = Path(root is not None, tuple(steps))
        if self.around.leaf and root is None and path != SELF:
            raise unsupported("In the brackets of an attribute or text there is only `.`.", start)
        return path

    def _add(self, steps: list[Step], step: Step) -> None:
        self.count("steps")
        steps.append(step)

    def _step(self, steps: list[Step], slash: Token | None) -> None:
        """One more step; ``descendant::`` is what ``//`` is."""
        start, deep = self.next, slash is not None and slash.text == "//"
        axis = self._axis()
        below, dots = axis == "descendant", self.takes(".", "..") if axis is None else None
        if deep and (below or dots or axis in ("self", "parent")):
            raise unsupported("After `//` comes a name, `*`, `@` or `text()`.", start)
        if dots:
            self._add(steps, Step("self" if dots.text == "." else "parent", "node()"))
            return
        if below and slash is None:
            self._add(steps, SELF.steps[0])
        step = Step(AXES[axis or "child"], self._test(axis or "child"), (), deep or below)
        siblings = step.axis == "child" and not below
        brackets = self._brackets(Around(step.values, siblings))
        self._add(steps, Step(step.axis, step.test, brackets, step.deep))

    def _axis(self) -> str | None:
        if self.takes("@"):
            return "attribute"
        if self.second.text != "::":
            return None
        axis = self.take()
        self.take()
        if axis.text not in AXES:
            raise unsupported(f"Filters have no axis {echo(axis.text)}.", axis)
        return axis.text

    def _test(self, axis: str) -> str:
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

    def _brackets(self, around: Around) -> tuple[Term, ...]:
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
