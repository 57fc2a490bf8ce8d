"""VOSI tables (``/tables`` of a TAP service): the columns that the service offers, and what can be told of any other
text in the document."""

from __future__ import annotations

from collections.abc import Iterator

from gateway import safexml
from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, free_text
from gateway.compliance.targets.xmlroot import SCHEMAS, local, root
from gateway.policy.events.signs import signs

__all__ = ["NAME", "fields", "recognise"]

NAME = "VOSI tables"


def recognise(start: bytes, name: str) -> bool:
    """By the root element."""
    return root(start) in ("tableset", "table")


def fields(source: Source, manifest: Manifest) -> Content:
    """The columns of all tables. Raises XMLError and LimitError."""
    return Content(_surfaces(safexml.parse(source.data(safexml.MAX_BYTES))))


def _surfaces(document: safexml.Element) -> Iterator[Surface]:
    for table in document.iter():
        if local(table.tag) != "table":
            continue
        name = _name(table).rpartition(".")[2]
        for child in table:
            if local(child.tag) == "column":
                yield column(name, _name(child), line=safexml.line_of(child))
    if any(signs(text) for text in _said(document)):
        yield free_text("#text", text="\n".join(_said(document)))


def _said(document: safexml.Element) -> Iterator[str]:
    """Texts, comments and attributes, but for addresses of the IVOA's and W3C's own schemas."""
    for node in (*document.itersiblings(preceding=True), *document.iter(), *document.itersiblings()):
        said = [
            node.text,
            node.tail,
            *(part for value in node.attrib.values() for part in str(value).split()),
        ]
        yield from (str(text) for text in said if text and not str(text).startswith(SCHEMAS))


def _name(element: safexml.Element) -> str:
    return next((str(child.text or "").strip() for child in element if local(child.tag) == "name"), "")
