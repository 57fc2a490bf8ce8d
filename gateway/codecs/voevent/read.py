"""VOEvent XML -> model, for documents as they are found in the world.

Rules
1. The version is that of the root's namespace; a root without a namespace is taken at its `version`
   attribute (such packets exist). Below the root, elements are known by their local names: 1.1 puts STC
   namespaces there.
2. What the standard does not have is passed over; `check` reports it. Comments and processing instructions
   are passed over, CDATA is text, and text is kept verbatim: the text of an element is all the text inside
   it.
3. What the model cannot hold is an error: a second child where the standard has one, no ivorn, a Value2
   without C2.
"""

from __future__ import annotations

from typing import Any

from gateway import safexml
from gateway.codecs.voevent.elements import TEXT, VOEVENT, Many, Shape
from gateway.errors import VOEventError, Where
from gateway.model.voevent import NAMESPACES, Version, VOEvent

__all__ = ["decode"]

_VERSIONS: dict[str, Version] = {namespace: version for version, namespace in NAMESPACES.items()}


def decode(data: bytes, root: safexml.Element | None = None) -> VOEvent:
    """The VOEvent in a document (VOEvent 1.1, 2.0 or 2.1), with the document's bytes as its `original`.

    root : the document as `gateway.safexml` parsed it, when that is at hand
    Raises XMLError and LimitError (see `gateway.safexml`) and VOEventError (voevent-root, voevent-structure).
    """
    root = safexml.parse(data) if root is None else root
    version = _version(root)
    return VOEvent(**(_values(root, "VOEvent", VOEVENT) | {"version": version, "original": data}))


def _version(root: safexml.Element) -> Version:
    """Rule 1."""
    namespace, _, name = str(root.tag).rpartition("}")
    declared = root.get("version")
    if name == "VOEvent":
        if namespace[1:] in _VERSIONS:
            return _VERSIONS[namespace[1:]]
        for version in NAMESPACES:
            if not namespace and declared == version:
                return version
    raise VOEventError(
        "voevent-root",
        "The root element is not a VOEvent of version 1.1, 2.0 or 2.1.",
        where=_line(root),
        clause="VE-01",
    )


def _values(element: safexml.Element, tag: str, shape: Shape) -> dict[str, Any]:
    """The values of an element by their names in the model."""
    values: dict[str, Any] = {known.field: element.get(known.name) for known in shape.attributes}
    if shape.text:
        values[shape.text] = _text(element)
    items: dict[str, list[Any]] = {part.field: [] for part in shape.children if isinstance(part, Many)}
    for child in element if shape.children else ():
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if name not in shape.by_tag:
            continue
        part, inner = shape.by_tag[name]
        value = _text(child) if inner is TEXT else inner.make(_values(child, name, inner))
        if isinstance(part, Many):
            items[part.field].append(value)
        elif part.field in values:
            raise _misfit(child, f"{tag} has a second {name}, and a VOEvent has at most one there.")
        else:
            values[part.field] = value
    for required in shape.required:
        if values.get(required) is None:
            raise _misfit(element, f"{tag} has no {required}, without which it says nothing.")
    return values | {field: tuple(found) for field, found in items.items()}


def _text(element: safexml.Element) -> str:
    return "".join(map(str, element.itertext())) if len(element) else element.text or ""


def _misfit(element: safexml.Element, message: str) -> VOEventError:
    return VOEventError("voevent-structure", message, where=_line(element))


def _line(element: safexml.Element) -> Where:
    return Where(line=safexml.line_of(element))
