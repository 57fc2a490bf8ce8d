"""Filters and packets to try them on.

released(document)     the tree of an event that anybody may see
truth(text, document)  what lxml says of a filter, by its own parser: the peer
filters(names)         a filter drawn from the grammar, as text, in one of its spellings; about one in two finds
                       something when `names` are those of the packet
packets()              a VOEvent with anything in it: mixed text, comments, CDATA, other namespaces, depth
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from hypothesis import strategies as st
from lxml import etree

from gateway.codecs.voevent import decode
from gateway.filters.xpath import EventTree
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy

EXTERNAL = Provenance(Origin.EXTERNAL)
POLICY = Policy(clock=lambda: datetime(2026, 11, 24, tzinfo=UTC))


HEAD = b'<VOEvent version="2.0" ivorn="ivo://example.org/a#b" role="test"><What>'
TAIL = b"</What></VOEvent>"
LONGEST = HEAD + b'<Param name="p" value="1.25" ucd="phot.mag" unit="mag" dataType="float"/>' * 1300 + TAIL
"""As long as VTP carries, and with as much in it as there is in most packets."""


def released(document: bytes) -> EventTree:
    """The tree of an event that anybody may see."""
    return EventTree(POLICY.release(decode(document), provenance=EXTERNAL))


def truth(text: str, root: etree._Element) -> bool:
    """What lxml says of a filter."""
    namespace = etree.QName(root).namespace or "urn:none"
    return etree.XPath(f"boolean({text})", namespaces={"voe": namespace})(root)


@dataclass(frozen=True, repr=False)  # Hypothesis would print all of them
class Names:
    """What filters speak of: names of elements and attributes, texts and numbers."""

    elements: tuple[str, ...] = ("What", "Param", "Group", "Description", "x", "voe:VOEvent", "voe:x", "y-z")
    attributes: tuple[str, ...] = ("name", "value", "role", "a.b")
    texts: tuple[str, ...] = ("", "a", " a  b ", "5", "-1.5", "x'y", 'x"y', "\u00e9", "a\tb", "observation")
    numbers: tuple[str, ...] = ("0", "1", "2", "5", ".5", "1.5", "3.", "1e2", "12.25", "1000000")

    @classmethod
    def of(cls, *documents: bytes) -> "Names":
        """Those that some packets have."""
        found = cls(), *(_names(etree.fromstring(document)) for document in documents)
        return cls(
            tuple(dict.fromkeys(name for names in found for name in names.elements)),
            tuple(dict.fromkeys(name for names in found for name in names.attributes)),
            tuple(dict.fromkeys(name for names in found for name in names.texts)),
            cls.numbers,
        )


def _names(root: etree._Element) -> Names:
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    texts = [value for one in elements for value in (*one.attrib.values(), one.text or "")]
    return Names(
        tuple(one.tag for one in elements if one.tag[0] != "{"),
        tuple(name for one in elements for name in one.attrib if name[0] != "{"),
        tuple(text for text in texts if len(text) < 60 and not ('"' in text and "'" in text)),
    )


@dataclass
class _Writer:
    """Writes a filter, level by level; `budget` keeps it finite."""

    draw: st.DrawFn
    names: Names
    budget: int = 9
    leaf: bool = False
    siblings: bool = False
    words: list[str] = field(default_factory=list)

    def pick(self, *options: str) -> str:
        return self.draw(st.sampled_from(options))

    def one(self, options: tuple[str, ...]) -> str:
        return self.draw(st.sampled_from(options))

    def chance(self, out_of: int) -> bool:
        return self.draw(st.integers(1, out_of)) == 1

    def term(self, kind: str) -> str:
        """A term whose value is of a kind; parentheses come and go."""
        self.budget -= 1
        text = getattr(self, kind)()
        return f"({text})" if self.chance(8) and kind != "nodes" else text

    def any(self) -> str:
        return self.term(self.pick("nodes", "nodes", "boolean", "number", "text"))

    def boolean(self) -> str:
        if self.budget <= 0:
            return self.pick("true()", "false()")
        match self.pick("compare", "compare", "compare", "join", "not", "string", "string", "boolean"):
            case "compare":
                compare = self.pick("=", "!=", "<", "<=", ">", ">=", "=", "=")
                space = self.pick("", " ", "  ")
                return (
                    f"({self.any()}){space}{compare}{space}({self.any()})"
                    if self.chance(9)
                    else self.plain(compare)
                )
            case "join":
                word = self.pick("and", "or")
                return f" {word} ".join(f"({self.any()})" for _ in range(self.draw(st.integers(2, 3))))
            case "not":
                return f"not({self.any()})"
            case "boolean":
                return f"boolean( {self.any()} )"
        return f"{self.pick('contains', 'starts-with')}({self.textual()},{self.textual()})"

    def plain(self, compare: str) -> str:
        return f"{self.term('nodes')}{compare}{self.term(self.pick('text', 'number', 'nodes'))}"

    def textual(self) -> str:
        return self.term(self.pick("nodes", "text"))

    def number(self) -> str:
        choices = ["literal", "count", "length", "number", "minus", "sum", "round"]
        match (
            self.pick(*choices, *(["position"] * 3 if self.siblings else []))
            if self.budget > 0
            else "literal"
        ):
            case "count":
                return f"count({self.term('nodes')})"
            case "length":
                return f"string-length({self.textual()})"
            case "number":
                return f"number({self.any()})"
            case "minus":
                return f"-{self.term('nodes')}"
            case "sum":
                return f"{self.term('number')} {self.pick('+', '-', '*', 'div', 'mod')} {self.term('nodes')}"
            case "round":
                return f"{self.pick('round', 'floor', 'ceiling')}({self.any()})"
            case "position":
                return self.pick("position()", "last()", "1", "2")
        return self.one(self.names.numbers)

    def text(self) -> str:
        choices = ["literal", "literal", "string", "normalize", "before", "substring", "translate", "concat"]
        match (
            self.pick(*choices, *([] if self.leaf else ["local", "local"])) if self.budget > 0 else "literal"
        ):
            case "string":
                return f"string({self.textual()})"
            case "normalize":
                return f"normalize-space({self.textual()})"
            case "before":
                return f"substring-{self.pick('before', 'after')}({self.textual()}, {self.textual()})"
            case "substring":
                length = f", {self.term('number')}" if self.chance(2) else ""
                return f"substring({self.textual()}, {self.term('number')}{length})"
            case "translate":
                return f"translate({self.textual()}, {self.textual()}, {self.textual()})"
            case "concat":
                return f"concat({self.textual()}, {self.textual()})"
            case "local":
                return self.pick("local-name()", "local-name(.)", "local-name(..)", "namespace-uri()")
        text = self.one(self.names.texts)
        return f"'{text}'" if '"' in text or (self.chance(2) and "'" not in text) else f'"{text}"'

    def nodes(self) -> str:
        start = self.pick("//", "//", "/", "", "") if self.budget > 0 or self.leaf else "."
        if self.leaf and start not in ("/", "//"):
            return "."
        if start == ".":
            return "."
        if start == "/" and self.chance(12):
            return "/"
        text, count = start, self.draw(st.integers(1, 3))
        for number in range(count):
            step = self.step(deep=text.endswith("//"), last=number == count - 1)
            text += step
            if step.startswith(("@", "attribute::", "text()")):
                break
            if number < count - 1:
                text += self.pick("/", "/", "//")
        return text

    def step(self, *, deep: bool, last: bool) -> str:
        axes = ["child", "child", "child", "attribute", "text"] if last else ["child"]
        axes += [] if deep else ["self", "parent", "descendant", "dot"]
        axis = self.pick(*axes)
        if axis == "dot":
            return self.pick(".", "..")
        name = self.pick("*", "voe:*", *self.names.elements)
        if axis == "attribute":
            name = self.pick("*", *self.names.attributes)
            return self.pick("@", "attribute::") + name + self.brackets(leaf=True, siblings=False)
        if axis == "text":
            return "text()" + self.brackets(leaf=True, siblings=True)
        prefix = self.pick("", "", "child::") if axis == "child" else f"{axis}::"
        return prefix + name + self.brackets(leaf=False, siblings=axis == "child")

    def brackets(self, *, leaf: bool, siblings: bool) -> str:
        text = ""
        while self.budget > 0 and self.chance(3):
            outside = self.leaf, self.siblings
            self.leaf, self.siblings = leaf, siblings
            text += (
                f"[{self.term(self.pick('boolean', 'boolean', 'nodes', *(['number'] if siblings else [])))}]"
            )
            self.leaf, self.siblings = outside
        return text


@st.composite
def filters(draw: st.DrawFn, names: Names) -> str:
    """A filter drawn from the grammar, as text."""
    return _Writer(draw, names).any()


def usual_filters(documents: list[bytes]) -> st.SearchStrategy[str]:
    """Conditions on what a packet has, as subscribers write them: most find something somewhere."""
    roots = [etree.fromstring(document) for document in documents]
    return st.integers(0, len(roots) - 1).flatmap(lambda number: _conditions(_Packet(roots[number])))


@dataclass(frozen=True, repr=False)
class _Packet:
    root: etree._Element


@st.composite
def _conditions(draw: st.DrawFn, packet: _Packet) -> str:
    elements = [
        one for one in packet.root.iterdescendants() if isinstance(one.tag, str) and one.tag[0] != "{"
    ]
    conditions = []
    for _ in range(draw(st.integers(1, 3))):
        one = draw(st.sampled_from(elements))
        above = one.getparent().tag
        path = f"//{one.tag}" if draw(st.booleans()) or above[0] == "{" else f"//{above}/{one.tag}"
        facts = [f"@{name}" for name in one.attrib if name[0] != "{"] + ["."]
        asked = []
        for fact in draw(st.lists(st.sampled_from(facts), min_size=1, max_size=2)):
            text = one.get(fact[1:], "") if fact != "." else "".join(one.itertext())
            number = draw(st.sampled_from(["0", "5", "-30.5", "600", "1e3", f"string-length({fact})"]))
            literal = "'x'" if len(text) > 80 or '"' in text else f'"{text}"'
            piece = literal[:1] + literal[1:-1][: draw(st.integers(1, 9))] + literal[-1:]
            asked += [
                draw(
                    st.sampled_from(
                        [
                            f"{fact}={literal}",
                            f"{fact}!={literal}",
                            f"{fact}>{number}",
                            f"{fact}<={number}",
                            f"contains({fact},{piece})",
                            f"starts-with({fact}, {piece})",
                            fact,
                        ]
                    )
                )
            ]
        conditions.append(f"{path}[{draw(st.sampled_from([' and ', ' or '])).join(asked)}]")
    text = draw(st.sampled_from([" and ", " or "])).join(conditions)
    return f"not({text})" if draw(st.integers(1, 5)) == 1 else text


_VALUES = ["5", " -1.5 ", "a", " a  b ", "x'y", "&quot;", "\u00e9", "1e2", "", "observation", ".5"]
_BITS = [*_VALUES, "\n", "&lt;", "<!--5-->", "<?a 5?>", "<![CDATA[5]]>", "<![CDATA[<x>]]>"]
_TAGS = ["Param", "Group", "Description", "x", "y-z", "voe:x", "o:x", "What"]
_ATTRIBUTES = ["name", "value", "a.b", "role", "o:name"]


def packets() -> st.SearchStrategy[bytes]:
    """VOEvents with anything in them that is well formed, each from a seed: a draw for each element takes too long."""
    return st.integers(0, 2**32 - 1).map(lambda seed: _packet(Random(seed)))


def _packet(random: Random) -> bytes:
    inside = "".join(_element(random, 4) for _ in range(random.randint(0, 4)))
    outside = random.choice(["", "<!--5--><?a b?>"])
    tag = random.choice(["VOEvent", "voe:VOEvent"])
    return (
        f'{outside}<{tag} xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" xmlns:o="urn:other" version="2.0" '
        f'ivorn="ivo://example.org/a#b" role="test"><x>{inside}</x></{tag}>{outside}'
    ).encode()


def _element(random: Random, depth: int) -> str:
    if not depth or random.random() < 0.4:
        return random.choice(_BITS)
    tag = random.choice(_TAGS)
    names = random.sample(_ATTRIBUTES, random.randint(0, 3))
    attributes = "".join(f' {name}="{random.choice(_VALUES)}"' for name in names)
    inside = "".join(_element(random, depth - 1) for _ in range(random.randint(0, 4)))
    return f"<{tag}{attributes}>{inside}</{tag}>"
