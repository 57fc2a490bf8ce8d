"""What a rule sees of a document, and what it says about it.

Rules of this file
1. Elements are named by their local name: VOEvent 1.1 puts parts of WhereWhen into the namespace of STC, 2.x
   only the root into one.
2. A path is an XPath without prefixes, ``/VOEvent/What/Param[3]/@unit``; an index is given where siblings
   share the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from gateway.model.finding import Severity
from gateway.model.voevent import Version
from gateway.safexml import Element

__all__ = ["Document", "Problem", "children", "content", "descendants", "has", "name_of", "path_of"]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed VOEvent whose version is known."""

    root: Element
    version: Version

    def all(self, *names: str) -> Iterator[Element]:
        """The elements of these local names, in document order."""
        return descendants(self.root, *names)


class Problem(NamedTuple):
    """One thing a rule found: the element, a sentence without payload values, the attribute if it is about
    one, and a severity if it differs from the rule's.
    """

    element: Element
    message: str
    attribute: str | None = None
    severity: Severity | None = None


def name_of(element: Element) -> str:
    """The local name; empty for comments and processing instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(parent: Element, *names: str) -> Iterator[Element]:
    """The child elements of these local names; all child elements when none is named."""
    return parent.iterchildren(*_tags(names))


def descendants(root: Element, *names: str) -> Iterator[Element]:
    """The elements below (and with) `root` of these local names; all elements when none is named."""
    return root.iter(*_tags(names))


@cache
def _tags(names: tuple[str, ...]) -> tuple[str, ...]:
    """lxml's way to ask for elements of any namespace; it skips the others without making Python objects."""
    return tuple(f"{{*}}{name}" for name in names) or ("*",)


def has(parent: Element, *names: str) -> bool:
    """Whether there is a child element of one of these local names (of any, when none is named)."""
    return next(children(parent, *names), None) is not None


def content(element: Element) -> str:
    """The text of an element without its comments and surrounding whitespace."""
    if not len(element):
        return (element.text or "").strip()
    return str(element.xpath("string()")).strip()


def path_of(element: Element, attribute: str | None = None) -> str:
    """Where an element or its attribute is (rule 2 above)."""
    steps = []
    for step in (element, *element.iterancestors()):
        before = sum(1 for _ in step.itersiblings(step.tag, preceding=True))
        alone = before == 0 and next(step.itersiblings(step.tag), None) is None
        steps.append(name_of(step) if alone else f"{name_of(step)}[{before + 1}]")
    return "/" + "/".join(reversed(steps)) + (f"/@{attribute}" if attribute else "")
