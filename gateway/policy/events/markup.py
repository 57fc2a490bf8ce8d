"""What a document has and the model does not: it goes on with the original bytes, so the policy has to see it.

Comments, processing instructions, attributes and elements that no VOEvent has, namespaces, text between elements. A
document is compared with the texts of its model; what the XSDs name, and where they are, is no news.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import cast

from gateway import resources, safexml
from gateway.model.voevent import NAMESPACES, VOEvent
from gateway.policy.events.elements import Slot

__all__ = ["markup"]

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_XLINK = "http://www.w3.org/1999/xlink"
_STC = "http://www.ivoa.net/xml/STC/stc-v1.30.xsd"
_PREFIXES = ("voe", "VOEvent", "xsi", "stc", "xlink", "xml")
_SCHEMAS = [f"http://www.ivoa.net/xml/VOEvent/VOEvent-v{version}.xsd" for version in NAMESPACES]


def markup(event: VOEvent, texts: Iterable[str]) -> tuple[Slot, ...]:
    """Each text of an event's document that is not among the texts of the event.

    Raises what `gateway.safexml.parse` raises.
    """
    if event.original is None:
        return ()
    known = _known().union(text.strip() for text in texts)
    root = safexml.parse(event.original)
    nodes = (*root.itersiblings(preceding=True), *root.iter(), *root.itersiblings())
    said = (text for node in nodes for text in _of_node(node, known))
    declared = (text for pair in safexml.namespaces(root) for text in pair)
    found = dict.fromkeys(text for text in (*said, *declared) if text.strip() not in known)
    return tuple(Slot(text, "prose") for text in found)


def _of_node(node: safexml.Element, known: frozenset[str]) -> list[str]:
    """What one node says: its text, unless it is made of what is known, its name, attributes, and what follows it."""
    said, tag = [node.tail or ""], cast(object, node.tag)
    if isinstance(tag, str):
        if len(node) == 0 or "".join(map(str, node.itertext())).strip() not in known:
            said.append(node.text or "")
        for name in (tag, *node.attrib):
            said += str(name).removeprefix("{").split("}")
        for name, value in node.attrib.items():
            said += str(value).split() if str(name).startswith(_XSI) else [str(value)]
    else:
        said += [node.text or "", getattr(node, "target", "")]
    return said


@cache
def _known() -> frozenset[str]:
    """What every document may say: names that the XSDs have, and namespaces and where their XSDs are."""
    folder = resources.schemas() / "voevent"
    names = {
        name
        for version in ("2.0", "2.1")
        for name in re.findall(r'name="(\w+)"', (folder / f"VOEvent-v{version}.xsd").read_text("utf-8"))
    }
    places = {*NAMESPACES, *NAMESPACES.values(), *_SCHEMAS, _XSI.strip("{}"), _XLINK, _STC, *_PREFIXES}
    return frozenset(names | places | {"", "version", "schemaLocation"})
