"""What an XSD declares, as plain sentences that two differently written schemas can be compared by.

It knows the part of the schema language that the schemas in use need, and refuses the rest. Order and number
it does not see: mutants do. But no mutant sees the default of an attribute, and this does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from xml_mutations import PARSER, XSD, Element, elements, is_element, local

INVISIBLE = {"sequence", "choice", "all", "simpleContent", "annotation", "documentation"}


class Declarations:
    """The types of a schema: children, attributes and words of each."""

    def __init__(self, xsd: Path) -> None:
        self._schema = etree.parse(xsd, PARSER).getroot()
        self.facts: set[str] = set()
        """Such as `Who/Date: xs:dateTime`, `Param/@dataType: dataType, default string`, `dataType = int`."""
        self._type_of: dict[tuple[str, str], str] = {}
        for node in self._schema:
            if is_element(node) and local(node) in ("element", "complexType", "simpleType"):
                self._declare("", node) if local(node) == "element" else self._read(node.get("name"), node)

    def _declare(self, owner: str, element: Element) -> None:
        name = element.get("name")
        kind = element.get("type") or f"{owner}/{name}"
        self._type_of[owner, name] = kind
        self.facts.add(f"{owner}/{name}: {kind}")
        if element.get("type") is None:
            self._read(kind, element[-1])

    def _read(self, owner: str, holder: Element) -> None:
        for node in self._below(holder):
            match local(node):
                case "element":
                    self._declare(owner, node)
                case "attribute":
                    kind, name = node.get("type"), node.get("name")
                    rest = [f", {key} {node.get(key)}" for key in ("default", "fixed") if node.get(key)]
                    required = ", required" if node.get("use") == "required" else ""
                    self._type_of[owner, "@" + name] = kind
                    self.facts.add(f"{owner}/@{name}: {kind}{required}{''.join(rest)}")
                case "extension" | "restriction":
                    self.facts.add(f"{owner}: from {node.get('base')}")
                    self._read(owner, node)
                case "enumeration":
                    self.facts.add(f"{owner} = {node.get('value')}")
                case "minInclusive" | "maxInclusive":
                    self.facts.add(f"{owner}: {local(node)} {float(node.get('value'))}")
                case strange:
                    raise ValueError(f"xs:{strange} in {owner}: teach {__name__} to read it")

    def _below(self, holder: Element) -> Iterator[Element]:
        """The declarations below a node; groups opened."""
        for node in holder:
            if not is_element(node):
                continue
            if node.get("ref"):
                (group,) = self._schema.findall(f"{{{XSD}}}{local(node)}[@name='{node.get('ref')}']")
                yield from self._below(group)
            elif local(node) in INVISIBLE:
                yield from self._below(node)
            else:
                yield node

    def used_by(self, root: Element) -> set[str]:
        """What a valid document makes use of: elements, attributes, and the words of lists."""
        words: set[tuple[str, str]] = set()
        kinds: dict[Element, str] = {}
        used: set[tuple[str, str]] = set()
        for node in elements(root):
            owner = kinds.get(node.getparent(), "")
            kinds[node] = kind = self._type_of[owner, local(node)]
            used.add((owner, local(node)))
            words.add((kind, (node.text or "").strip()))
            for name, value in node.attrib.items():
                if (kind, "@" + name) in self._type_of:
                    used.add((kind, "@" + name))
                    words.add((self._type_of[kind, "@" + name], value))
        return {f"{owner}/{name}" for owner, name in used} | {f"{kind} = {word}" for kind, word in words}

    def unused(self, used: set[str]) -> set[str]:
        """The elements, attributes and words that are declared here and not in `used`."""
        declared = {f"{owner}/{name}" for owner, name in self._type_of}
        return (declared | {fact for fact in self.facts if " = " in fact}) - used
