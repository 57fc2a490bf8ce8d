"""What a document has and the model does not: it goes on with the original bytes, so the policy has to see it.

Comments, processing instructions, attributes and elements that no VOEvent has, namespaces, text between elements. A
document is compared with the texts of its model; what the XSDs name, and where they are, is no news.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from gateway import resources, safexml
from gateway.model.voevent import NAMESPACES, VOEvent
from gateway.policy.elements import Slot, texts

__all__ = ["markup"]

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XLINK = "http://www.w3.org/1999/xlink"
_STC = "http://www.ivoa.net/xml/STC/stc-v1.30.xsd"
_PREFIXES = (None, "", "voe", "VOEvent", "xsi", "stc", "xlink", "xml")
_SCHEMAS = [f"http://www.ivoa.net/xml/VOEvent/VOEvent-v{version}.xsd" for version in NAMESPACES]


def markup(event: VOEvent) -> tuple[Slot, ...]:
    """Each text of an event's document that is not one of the event. Raises what `gateway.safexml.parse` raises."""
    if event.original is None:
        return ()
    known = {slot.text.strip() for slot in texts(event)} | _known()
    root = safexml.parse(event.original)
    found = dict.fromkeys(
        text
        for node in (*root.itersiblings(preceding=True), *root.iter(), *root.itersiblings())
        for text in _of_node(node, known)
    )
    return tuple(Slot(text, "prose") for text in found if text.strip() not in known)


def _of_node(node: safexml.Element, known: set[str]) -> Iterator[str]:
    """The texts of one node, its name and attributes."""
    yield node.tail or ""
    if not isinstance(node.tag, str):
        yield node.text or ""
        yield getattr(node, "target", "")
        return
    if "".join(map(str, node.itertext())).strip() not in known:
        yield node.text or ""
    for name in (node.tag, *map(str, node.attrib)):
        yield from name.removeprefix("{").split("}")
    for name, value in node.attrib.items():
        yield from str(value).split() if str(name).startswith(f"{{{_XSI}}}") else (str(value),)
    parent = node.getparent()
    for prefix, namespace in node.nsmap.items() if parent is None or parent.nsmap != node.nsmap else ():
        yield "" if prefix in _PREFIXES else str(prefix)
        yield namespace


@cache
def _known() -> frozenset[str]:
    """What every document may say: names that the XSDs have, and namespaces and where their XSDs are."""
    folder = resources.schemas() / "voevent"
    names = {
        name
        for version in ("2.0", "2.1")
        for name in re.findall(r'name="(\w+)"', (folder / f"VOEvent-v{version}.xsd").read_text("utf-8"))
    }
    places = {*NAMESPACES, *NAMESPACES.values(), *_SCHEMAS, _XSI, _XLINK, _STC}
    return frozenset(names | places | {"", "version", "schemaLocation"})
