"""VOEvents: the elements that carry something (L09, L10).

Until the policy lists the elements of an event itself, this is a thin list: Params, Fields and Groups by their
names, and the kinds of text that there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway import safexml
from gateway.codecs.voevent import decode
from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, link
from gateway.compliance.targets.xmlroot import local, root

__all__ = ["NAME", "fields", "recognise"]

NAME = "VOEvent"

_NAMED = ("Param", "Field", "Group", "Table")


def recognise(start: bytes, name: str) -> bool:
    """By the root element."""
    return root(start) == "VOEvent"


def fields(source: Source, manifest: Manifest) -> Content:
    """The elements of the event. Raises XMLError, VOEventError and LimitError."""
    data = source.data(safexml.MAX_BYTES)
    decode(data)
    return Content(_surfaces(safexml.parse(data), ()))


def _surfaces(element: safexml.Element, steps: tuple[str, ...]) -> Iterator[Surface]:
    for child in element:
        name = local(child.tag)
        line = safexml.line_of(child)
        own = str(child.get("name") or f"#{name}") if name in _NAMED else name or "#comment"
        inner = (*steps, own)
        uri = child.get("uri") or child.get("href")
        if uri is not None and (found := link(str(uri), *inner, line=line)).denied:
            yield found
        if name in ("Param", "Field", "Reference", "Description", "") or not len(child):
            yield column(*inner, kind="voevent", line=line)
        if name:
            yield from _surfaces(child, inner)
