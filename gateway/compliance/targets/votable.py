"""VOTables in any serialisation: their FIELDs and PARAMs, and what is written around them (L15).

Rules
1. The document goes through the hardened parser, and its rows are passed over: FIELDs name the columns of TABLEDATA,
   BINARY and BINARY2 alike.
2. A table is known by its name, else its ID, else that of the file.
3. VALUES of a column (its smallest, its largest, its options) are statistics of it; its DESCRIPTION and LINK are
   documentation of it.
4. INFO, DESCRIPTION of a table and comments are free text, unless INFO is what the protocol says of the query
   (``QUERY_STATUS``). Data somewhere else are an address.
5. Rows of ``TAP_SCHEMA.columns`` are columns themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway import safexml
from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, column, free_text, link
from gateway.compliance.targets.xmlroot import local, root

__all__ = ["MAX_BYTES", "NAME", "fields", "recognise"]

NAME = "VOTable"
MAX_BYTES = 64 * 2**20
"""Largest VOTable in bytes. Columns do not depend on the number of rows: of a larger table send the first."""

_STATUS = ("OK", "OVERFLOW", "ERROR")


def recognise(start: bytes, name: str) -> bool:
    """By the root element."""
    return root(start) == "VOTABLE"


def fields(source: Source, manifest: Manifest) -> Content:
    """The columns of all tables. Raises XMLError and LimitError."""
    document = safexml.parse(source.data(MAX_BYTES), max_bytes=MAX_BYTES)
    return Content(_inside(document, source.stem))


def _inside(element: safexml.Element, table: str) -> Iterator[Surface]:
    """What is in a VOTABLE or RESOURCE."""
    for child in element:
        name = local(child.tag)
        if name in ("RESOURCE", "GROUP"):
            yield from _inside(child, table)
        elif name == "TABLE":
            yield from _of_table(child, str(child.get("name") or child.get("ID") or table))
        else:
            yield from _other(child, name, table)


def _of_table(element: safexml.Element, table: str) -> Iterator[Surface]:
    columns: list[str] = []
    for child in element:
        name = local(child.tag)
        if name == "FIELD":
            step = str(child.get("name") or child.get("ID") or f"COLUMN{len(columns) + 1}")
            columns.append(step)
            yield from _of_column(child, table, step)
        elif name == "GROUP":
            yield from _inside(child, table)
        elif name == "DATA":
            yield from _of_data(child, table, columns)
        else:
            yield from _other(child, name, table)


def _other(element: safexml.Element, name: str, table: str) -> Iterator[Surface]:
    line = safexml.line_of(element)
    if name == "PARAM":
        yield from _of_column(element, table, str(element.get("name") or element.get("ID") or "#PARAM"))
    elif name == "INFO":
        if not (
            element.get("name") == "QUERY_STATUS" and element.get("value") in _STATUS and not element.text
        ):
            yield free_text(table, "#INFO", line=line)
    elif name == "DESCRIPTION":
        yield free_text(table, "#DESCRIPTION", line=line)
    elif name == "LINK":
        yield link(str(element.get("href")), table, "#LINK", line=line)
    elif not name:
        yield free_text(table, "#comment", line=line)


def _of_column(element: safexml.Element, table: str, step: str) -> Iterator[Surface]:
    line = safexml.line_of(element)
    yield column(table, step, line=line)
    for child in element:
        name = local(child.tag)
        if name == "VALUES":
            yield column(table, step, sort="statistics", detail=name, line=safexml.line_of(child))
        elif name:
            yield column(table, step, sort="documentation", detail=name, line=safexml.line_of(child))


def _of_data(element: safexml.Element, table: str, columns: list[str]) -> Iterator[Surface]:
    for child in element.iter():
        name = local(child.tag)
        if name in ("STREAM", "TD") and child.get("href"):
            yield link(str(child.get("href")), table, f"#{name}", line=safexml.line_of(child))
        elif name == "FITS":
            yield free_text(table, "#FITS", line=safexml.line_of(child), sort="metadata")
        elif name in ("INFO", ""):
            yield from _other(child, name, table)
        elif name == "TR" and {"table_name", "column_name"} <= set(columns):
            cells = [str(cell.text or "").strip() for cell in child]
            row = dict(zip(columns, cells, strict=False))
            yield column(
                row.get("table_name", "").rpartition(".")[2],
                row.get("column_name", ""),
                line=safexml.line_of(child),
            )
