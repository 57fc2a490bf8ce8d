"""A released event as filters see it: the data model of XPath 1.0 (section 5), read once for all filters.

Rules
1. Only what the policy released becomes a tree: the original bytes of a whole release, otherwise those of
   the new event. What is withheld is in neither.
2. Elements are known by their tag: ``Param`` has no namespace, ``voe:VOEvent`` that of the root (any version),
   ``{uri}name`` another one, which no test can name.
3. Attributes and texts are their values. Comments and processing instructions are not there; text on both sides of one
   is two texts, as everywhere in XPath.
4. `place` numbers the elements in document order, and those below one are the places up to its `end`: whatever is deep
   inside is a slice.
5. `size` is what costs are polynomials of: elements, attributes, texts and every `TEXT_UNIT` characters count one.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Literal, NoReturn, TypeAlias

from gateway import safexml
from gateway.codecs.voevent import encode
from gateway.errors import PolicyError
from gateway.model.voevent import VOEvent
from gateway.policy.release import Release, require_release

__all__ = ["TEXT_UNIT", "EventTree", "Node", "Verdict", "require_tree"]

Verdict: TypeAlias = Literal["match", "no match", "over budget", "error"]
"""What a filter says of a packet. Only ``match`` lets it pass."""

TEXT_UNIT = 8
"""So many characters of text cost as much as a node: about what Python reads in the time that a node takes."""


class Node:
    """An element, or the document itself, whose tag is empty and whose only child is the root.

    texts : (place among all texts, text) of the text directly in it
    """

    __slots__ = ("attributes", "children", "end", "namespace", "parent", "place", "tag", "texts")

    def __init__(
        self, tag: str, namespace: str, attributes: dict[str, str], place: int, parent: Node | None
    ) -> None:
        self.tag = tag
        self.namespace = namespace
        self.attributes = attributes
        self.place = place
        self.end = place + 1
        self.parent = parent
        self.children: list[Node] = []
        self.texts: list[tuple[int, str]] = []

    @property
    def local(self) -> str:
        """The name without its namespace."""
        return self.tag.rpartition("}")[2].rpartition(":")[2]


class EventTree:
    """The elements of a released event.

    elements : in document order, the root first
    verdicts : what filters said of it, by their text; equal filters of many subscribers are asked once
    spent : units that all this has cost
    Raises PolicyError (policy-unreleased) for anything else than a release, XMLError, LimitError and ConversionError.
    """

    __slots__ = ("_named", "depth", "elements", "namespace", "size", "spent", "top", "verdicts")

    def __init__(self, release: Release[VOEvent]) -> None:
        require_release(release)
        data = release.original() if release.whole and release.item.original else encode(release.item)
        root = safexml.parse(data)
        self.namespace = root.tag[1:].partition("}")[0] if root.tag.startswith("{") else ""
        self.verdicts: dict[str, Verdict] = {}
        self.spent = 0
        self.elements: list[Node] = []
        self._named: dict[str, list[Node]] = {}
        self.depth = 1
        self.top = Node("", "", {}, -1, None)
        texts: list[str] = []
        self._grow(root, self.top, 2, texts)
        self.top.end = len(self.elements)
        attributes = [value for element in self.elements for value in element.attributes.values()]
        characters = sum(map(len, texts)) + sum(map(len, attributes))
        self.size = 1 + len(self.elements) + len(attributes) + len(texts) + characters // TEXT_UNIT

    def _grow(self, element: Any, parent: Node, depth: int, texts: list[str]) -> None:
        """Add an element and all in it (no deeper than `safexml` allows); `texts` are all those so far."""
        tag: str = element.tag
        namespace = ""
        if tag[0] == "{":
            namespace, _, local = tag[1:].partition("}")
            tag = f"voe:{local}" if namespace == self.namespace else tag
        node = Node(tag, namespace, dict(element.items()), len(self.elements), parent)
        parent.children.append(node)
        self.elements.append(node)
        self._named.setdefault(tag, []).append(node)
        if depth > self.depth:
            self.depth = depth
        if text := element.text:
            node.texts.append((len(texts), text))
            texts.append(text)
        for child in element:
            if isinstance(child.tag, str):
                self._grow(child, node, depth + 1, texts)
            if text := child.tail:
                node.texts.append((len(texts), text))
                texts.append(text)
        node.end = len(self.elements)

    def __reduce__(self) -> NoReturn:
        # Like a release, it would outlive the decision.
        raise PolicyError("policy-unreleased", "A released event cannot be stored; keep it and decide again.")

    def below(self, node: Node, tag: str | None) -> list[Node]:
        """The elements inside a node that have a tag; with None all of them. In document order."""
        if tag is None:
            return self.elements[node.place + 1 : node.end]
        named = self._named.get(tag, [])
        if node is self.top:
            return named
        first = bisect_left(named, node.place + 1, key=_place)
        return named[first : bisect_left(named, node.end, lo=first, key=_place)]


def require_tree(value: object) -> None:
    """Raise PolicyError (policy-unreleased) unless this is what the policy released."""
    if type(value) is not EventTree:
        raise PolicyError("policy-unreleased", "A filter is asked only about what the policy released.")


def _place(node: Node) -> int:
    return node.place
