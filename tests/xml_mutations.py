"""Bent documents: thousands of small changes to a valid XML document, to ask two schemas the same questions.

This is not a fuzzer: every document is well-formed, and the list is the same on each machine and each Python.

1. A *bend* is one change at one place: the number of an element, an action, and its arguments. Operators (the
   rows of `OPERATORS`) list bends.
2. Places are the first element of each path (`VOEvent/What/Param`); its brothers would repeat the question.
   The long list of odd values is tried at the first element of each name only, a short one at every place.
3. An operator lists all its bends, nothing is drawn by lot. So a hole in the list is a hole in an operator.
4. Pairs of bends are drawn, by `Random(seed).random()`: the one stream that Python promises never to change.
5. Each mutant is made from a fresh copy, and both bends of a pair count the elements of the unbent copy.
6. A document whose parts (children of the root) are all optional is asked about part by part: a mutant goes
   without the parts that it does not touch. It is the same question, asked three times faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import chain, product
from random import Random
from typing import Any, TypeVar

from lxml import etree
from odd_values import PROBES, TYPES, VALUES

PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
XML = "http://www.w3.org/XML/1998/namespace"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
FOREIGN = "urn:example:foreign"

T = TypeVar("T")
Element = etree._Element
ElementTree = etree._ElementTree


@dataclass(frozen=True)
class Bend:
    """One change that can be made to any fresh copy of the seed."""

    kind: str
    place: int
    action: Callable[..., object]
    arguments: tuple[Any, ...]


class Seed:
    """A valid document, its elements numbered in document order."""

    def __init__(self, document: bytes, parts_optional: bool = False) -> None:
        self.parts_optional = parts_optional
        self.root = etree.fromstring(document, PARSER)
        self.tree = self.root.getroottree()
        self.nodes = elements(self.root)
        self.paths = [path(node) for node in self.nodes]
        self.steps = [steps(node) for node in self.nodes]
        """The way to each element from the root."""
        self.places = firsts(range(len(self.nodes)), key=lambda i: self.paths[i])
        """The first element of each path."""
        self.below = self.places[1:]
        """The same without the root."""
        self.examples = {self.nodes[i].tag: i for i in firsts(self.places, key=lambda i: self.nodes[i].tag)}
        """The first element of each name."""
        self.attributes = [(i, name) for i in self.places for name in plain(self.nodes[i])]
        """Each attribute at each place."""
        self._having: dict[tuple[int, ...], ElementTree] = {}

    def having(self, parts: tuple[int, ...]) -> ElementTree:
        """The document with these parts alone (rule 6)."""
        if parts not in self._having:
            tree = deepcopy(self.tree)
            root = tree.getroot()
            root[:] = [root[position] for position in parts]
            self._having[parts] = tree
        return self._having[parts]

    def bent(self, *bends: Bend) -> bytes:
        """The document after the bends, in bytes."""
        ways, whole = [self.steps[bend.place] for bend in bends], self.tree
        if self.parts_optional and ways and all(ways):
            parts = tuple(sorted({way[0] for way in ways}))
            ways, whole = [(parts.index(way[0]), *way[1:]) for way in ways], self.having(parts)
        tree = deepcopy(whole)
        root = tree.getroot()
        nodes = [follow(root, way) for way in ways]
        for node, bend in zip(nodes, bends, strict=True):
            bend.action(node, *bend.arguments)
        return etree.tostring(tree, encoding="UTF-8")


@dataclass(frozen=True)
class Mutant:
    """A bent document, and what bends it."""

    kind: str
    source: Seed
    bends: tuple[Bend, ...]

    def __str__(self) -> str:
        return ", ".join(f"{bend.kind} {self.source.paths[bend.place]}" for bend in self.bends) or self.kind

    @property
    def document(self) -> bytes:
        """Made when it is asked for: a list of mutants is cheap."""
        return self.source.bent(*self.bends)


def mutants(source: Seed, pairs: int, seed: int = 2026) -> Iterator[Mutant]:
    """The seed itself, every single bend of it, then some pairs under the kind `pair`."""
    bends = {
        kind: [Bend(kind, i, action, arguments) for i, action, *arguments in operator(source)]
        for kind, operator in OPERATORS.items()
    }
    yield Mutant("seed", source, ())
    for bend in chain.from_iterable(bends.values()):
        yield Mutant(bend.kind, source, (bend,))

    stream = Random(seed)

    def draw(items: Sequence[T]) -> T:
        return items[int(stream.random() * len(items))]

    kinds = [kind for kind in bends if bends[kind]]
    for _ in range(pairs):
        yield Mutant("pair", source, (draw(bends[draw(kinds)]), draw(bends[draw(kinds)])))


# --- Operators: rows of (place, action, arguments...) ------------------------------------------------------
Rows = Iterator[tuple[Any, ...]]


def drop(seed: Seed) -> Rows:
    """Take an element away."""
    return ((i, remove) for i in seed.below)


def repeat(seed: Seed) -> Rows:
    """Put a copy beside an element; and one without attributes, which are in the way when one is an xs:ID."""
    return ((i, double, attributes) for i in seed.below for attributes in (True, False))


def reorder(seed: Seed) -> Rows:
    """Move an element past its next brother, to the front, to the end."""
    return ((i, move, steps, 0) for i in seed.below for steps in (1, -1000, 1000))


def adopt(seed: Seed) -> Rows:
    """Move an element up to its grandparent, and down into the brother before it."""
    return ((i, move, 0, generations) for i in seed.below for generations in (1, -1))


def graft(seed: Seed) -> Rows:
    """Put a copy of each kind of element into each kind of element."""
    return ((i, append, seed.nodes[model]) for i, model in product(seed.examples.values(), repeat=2))


def refill(seed: Seed) -> Rows:
    """Give an element every short sequence of the children that its kind is known to have."""
    children: dict[str, dict[str, Element]] = {}
    for node in seed.nodes[1:]:
        children.setdefault(node.getparent().tag, {}).setdefault(node.tag, node)
    for parent, known in children.items():
        longest = {1: 4, 2: 4, 3: 4, 4: 4, 5: 3}.get(len(known), 2)
        for length in range(longest + 1):
            for models in product(known.values(), repeat=length):
                yield seed.examples[parent], replace_children, models


def rename(seed: Seed) -> Rows:
    """Give an element a wrong name: unknown, in other case, one of its neighbours'."""
    for i in seed.places:
        name = local(seed.nodes[i])
        around = (seed.nodes[i].getnext(), seed.nodes[i].getparent())
        neighbours = [local(node) for node in around if is_element(node)]
        for wrong in ["Nothing", name.swapcase(), name[0].swapcase() + name[1:], name + "s", *neighbours]:
            yield i, call, etree.QName(etree.QName(seed.nodes[i]).namespace, wrong).text


def renamespace(seed: Seed) -> Rows:
    """Put an element into the namespace of the root, of nobody, of a stranger; then with all below it."""
    own = etree.QName(seed.root).namespace
    for i in seed.places:
        for namespace in (None, own, FOREIGN, own + "/", own.upper(), XSD):
            yield i, call, etree.QName(namespace, local(seed.nodes[i])).text
        yield i, call_all, own


def empty(seed: Seed) -> Rows:
    """Take away the children of an element, its first text, its attributes, everything."""
    for i in seed.places:
        yield i, replace_children, ()
        yield i, set_text, None
        yield i, clear_attributes
        yield i, Element.clear


def text(seed: Seed) -> Rows:
    """Put odd values into elements without children."""
    yield from ((i, set_text, value) for i in seed.places if not len(seed.nodes[i]) for value in PROBES)
    yield from ((i, set_text, v) for i in seed.examples.values() if not len(seed.nodes[i]) for v in VALUES)


def mixed(seed: Seed) -> Rows:
    """Words, spaces, comments, instructions where children are; children where words are."""
    for i in seed.places:
        for words in ("words", "\n", "\u00a0", "0"):
            yield i, prefix_text, words
            yield i, set_tail, words
        for guest in (etree.Comment("a comment"), etree.PI("an", "instruction"), etree.Element("b")):
            yield i, append, guest
            yield i, prepend, guest
        yield i, split_text


def drop_attribute(seed: Seed) -> Rows:
    """Take an attribute away."""
    return ((i, unset, name) for i, name in seed.attributes)


def rename_attribute(seed: Seed) -> Rows:
    """Write the name of an attribute in other case, or in a namespace."""
    own = etree.QName(seed.root).namespace
    for i, name in seed.attributes:
        for wrong in (name.swapcase(), name.capitalize(), f"{{{own}}}{name}", f"{{{FOREIGN}}}{name}"):
            yield i, rename_one, name, wrong


def attribute(seed: Seed) -> Rows:
    """Put odd values into attributes."""
    typical = firsts(seed.attributes, key=lambda at: (seed.nodes[at[0]].tag, at[1]))
    yield from ((i, Element.set, name, value) for (i, name), value in product(seed.attributes, PROBES))
    yield from ((i, Element.set, name, value) for (i, name), value in product(typical, VALUES))


def add_attribute(seed: Seed) -> Rows:
    """Give an element each attribute that any element has, and some that none has."""
    known = {name: node.get(name) for node in reversed(seed.nodes) for name in plain(node)}
    strange = {"nothing": "1", f"{{{FOREIGN}}}x": "1", f"{{{etree.QName(seed.root).namespace}}}name": "x"}
    strange |= {
        f"{{{XML}}}lang": "en",
        f"{{{XML}}}space": "preserve",
        f"{{{XML}}}base": "http://example.org/",
    }
    for i in seed.places:
        for name, value in (known | strange).items():
            if name not in seed.nodes[i].attrib:
                yield i, Element.set, name, value


def instance_attribute(seed: Seed) -> Rows:
    """xsi:nil everywhere; xsi:type of the schema language, of the standard, of nobody."""
    for i in seed.places:
        for value in ("true", "false", "1", "maybe"):
            yield i, Element.set, f"{{{XSI}}}nil", value
        yield i, Element.set, f"{{{XSI}}}other", "x"
    for i in seed.examples.values():
        name = local(seed.nodes[i])
        up = [local(node) for node in (seed.nodes[i].getparent(),) if is_element(node)]
        for wanted in [name, *up, *TYPES]:
            yield i, set_type, wanted if ":" in wanted else f"{seed.root.prefix}:{wanted}"
        yield i, set_type, name
        yield i, set_type, "unbound:string"


OPERATORS: dict[str, Callable[[Seed], Rows]] = {
    operator.__name__.replace("_", "-"): operator
    for operator in (
        drop, repeat, reorder, adopt, graft, refill, rename, renamespace, empty, text, mixed,
        drop_attribute, rename_attribute, attribute, add_attribute, instance_attribute,
    )
}  # fmt: skip


# --- Actions: what is done to one element of a fresh copy. An earlier bend may have taken it out. ----------
def remove(node: Element) -> None:
    if (parent := node.getparent()) is not None:
        parent.remove(node)


def double(node: Element, attributes: bool) -> None:
    if node.getparent() is not None:
        copy = deepcopy(node)
        if not attributes:
            copy.attrib.clear()
        node.addnext(copy)


def move(node: Element, steps: int, generations: int) -> None:
    """Move among brothers by steps; or first to the grandparent (1), or into the brother before (-1)."""
    if (parent := node.getparent()) is not None:
        position = max(0, parent.index(node) + steps)
        new = {0: parent, 1: parent.getparent(), -1: node.getprevious()}[generations]
        if is_element(new):
            remove(node)
            new.insert(position, node)


def append(node: Element, model: Element) -> None:
    node.append(deepcopy(model))


def prepend(node: Element, model: Element) -> None:
    node.insert(0, deepcopy(model))


def replace_children(node: Element, models: Sequence[Element]) -> None:
    node[:] = [deepcopy(model) for model in models]


def call(node: Element, tag: str) -> None:
    node.tag = tag


def call_all(node: Element, namespace: str) -> None:
    for each in elements(node):
        each.tag = f"{{{namespace}}}{local(each)}"


def set_text(node: Element, value: str | None) -> None:
    node.text = value


def prefix_text(node: Element, words: str) -> None:
    node.text = words + (node.text or "")


def set_tail(node: Element, words: str) -> None:
    if node.getparent() is not None:
        node.tail = words


def split_text(node: Element) -> None:
    """Write a comment into the middle of the first text."""
    words, comment = node.text or "", etree.Comment(" - ")
    node.text, comment.tail = words[: len(words) // 2], words[len(words) // 2 :]
    node.insert(0, comment)


def clear_attributes(node: Element) -> None:
    node.attrib.clear()


def unset(node: Element, name: str) -> None:
    node.attrib.pop(name, None)


def rename_one(node: Element, name: str, wrong: str) -> None:
    node.set(wrong, node.attrib.pop(name, ""))


def set_type(node: Element, name: str) -> None:
    """Write xsi:type, and the prefix xs: where it can be seen."""
    typed = etree.Element(node.tag, dict(node.attrib), nsmap=node.nsmap | {"xs": XSD, "xsi": XSI})
    typed.set(f"{{{XSI}}}type", name)
    typed.text, typed.tail = node.text, node.tail
    typed[:] = list(node)
    if (parent := node.getparent()) is not None:
        parent.replace(node, typed)
    else:
        node.getroottree()._setroot(typed)


# --- Small helpers -----------------------------------------------------------------------------------------
def elements(root: Element) -> list[Element]:
    """All elements in document order, without comments and processing instructions."""
    return list(root.iter(etree.Element))


def is_element(node: Element | None) -> bool:
    """Is this an element, and not nothing, a comment or an instruction?"""
    return node is not None and isinstance(node.tag, str)


def local(node: Element) -> str:
    """The name without namespace."""
    return etree.QName(node).localname


def path(node: Element) -> str:
    """Local names from the root, such as `VOEvent/What/Param`."""
    return "/".join([local(up) for up in reversed([node, *node.iterancestors()])])


def steps(node: Element) -> tuple[int, ...]:
    """Positions among brothers, from the root to an element."""
    parent = node.getparent()
    return () if parent is None else (*steps(parent), parent.index(node))


def follow(root: Element, way: tuple[int, ...]) -> Element:
    """The element at the end of `steps`."""
    for position in way:
        root = root[position]
    return root


def plain(node: Element) -> list[str]:
    """The names of the attributes without namespace, in order of the document."""
    return [name for name in node.attrib if not name.startswith("{")]


def firsts(items: Iterable[T], key: Callable[[T], object]) -> list[T]:
    """The first item for each key, in order."""
    seen: dict[object, T] = {}
    for item in items:
        seen.setdefault(key(item), item)
    return list(seen.values())
