"""VOTables in any serialisation: their FIELDs and PARAMs, and what is written around them (L15).

Rules
1. The document goes through the hardened parser. FIELDs name the columns of TABLEDATA, BINARY and BINARY2 alike; of
   the first the cells are looked at as well, the others are passed over.
2. A table is known by its name, else its ID, else that of the file.
3. VALUES of a column (its smallest, its largest, its options) are statistics of it; its DESCRIPTION and LINK are
   documentation of it.
4. INFO, DESCRIPTION of a table and comments are free text, unless INFO is what the protocol says of the query
   (``QUERY_STATUS``). Data somewhere else are an address.
5. Rows of ``TAP_SCHEMA.columns`` are columns themselves.
6. Whatever else there is, is looked at: the attributes of every element, namespaces that are none of the IVOA's, text
   between elements, elements where they do not belong, and cells that are in no column.
7. A table has as many rows as TABLEDATA or `nrows` says. An array of many numbers in a cell can be an image, and so can
   columns of numbers that say the same of themselves (L14).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from gateway import safexml
from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Row, Sort, Surface, column, free_text, link
from gateway.compliance.targets.xmlroot import SCHEMAS, local, root
from gateway.model.fieldpath import FieldPath
from gateway.policy.events.signs import Sign, bulk, signs

__all__ = ["MAX_BYTES", "NAME", "fields", "recognise"]

NAME = "VOTable"
MAX_BYTES = 64 * 2**20
"""Largest VOTable in bytes. Columns do not depend on the number of rows: of a larger table send the first."""

# Elements in which there is no text, and such as say in what frame positions and times are.
_OF_ELEMENTS = ("VOTABLE", "RESOURCE", "TABLE", "GROUP", "FIELD", "PARAM", "DATA", "TABLEDATA", "TR")
_OF_DATA = ("DATA", "TABLEDATA", "TR", "TD", "BINARY", "BINARY2", "STREAM")
_FRAMES = ("COOSYS", "TIMESYS", "FIELDref", "PARAMref")
# Attributes that have a surface of their own, and elements all of whose attributes have.
_ELSEWHERE = {("PARAM", "value"), ("STREAM", "href"), ("TD", "href")}
_SAID_WHOLE = ("INFO", "LINK", "DESCRIPTION", "VALUES", "MIN", "MAX", "OPTION")
_STATUS = ("OK", "OVERFLOW", "ERROR")
_NUMBERS = ("short", "int", "long", "float", "double", "unsignedByte", "floatComplex", "doubleComplex")


def recognise(start: bytes, name: str) -> bool:
    """By the root element."""
    return root(start) == "VOTABLE"


def fields(source: Source, manifest: Manifest) -> Content:
    """The columns of all tables. Raises XMLError and LimitError."""
    document = safexml.parse(source.data(MAX_BYTES), max_bytes=MAX_BYTES)
    return Content(_surfaces(document, source.stem), rows=lambda: _rows(document, source.stem))


def _surfaces(document: safexml.Element, table: str) -> Iterator[Surface]:
    yield from _inside(document, table)
    for beside in (*document.itersiblings(preceding=True), *document.itersiblings()):
        yield from _other(beside, "", table)
    for element in document.iter("{*}*"):
        line = safexml.line_of(element)
        if any(signs(text) for text in _attributes(element)):
            yield free_text(table, "#attributes", text=" ".join(_attributes(element)), line=line)
        if local(element.tag) in (*_OF_ELEMENTS, *_FRAMES):
            between = [str(text or "").strip() for text in (element.text, *(child.tail for child in element))]
            if any(between):
                yield free_text(table, "#text", text=" ".join(between), line=line)
        if local(element.tag) in _FRAMES:
            for child in element:
                yield from _other(child, local(child.tag), table)


def _attributes(element: safexml.Element) -> list[str]:
    """Texts of the attributes and namespaces of an element, but for addresses of the IVOA's and W3C's own schemas.

    What stands where its own surface is made of it, a value or address, is not among them.
    """
    parent = element.getparent()
    known = parent.nsmap if parent is not None else {}
    said = [str(uri) for prefix, uri in element.nsmap.items() if known.get(prefix) != uri]
    for name, value in element.attrib.items():
        if str(name).startswith("{"):
            said += [str(name)[1:].replace("}", " "), *str(value).split()]
        elif (local(element.tag), str(name)) not in _ELSEWHERE and local(element.tag) not in _SAID_WHOLE:
            said += [str(name), str(value)]
    return [text for text in said if not text.startswith(SCHEMAS)]


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
    names = _names(element)
    cells = _cells(element)
    nrows = str(element.get("nrows"))
    count = len(cells) or (int(nrows) if _COUNT.fullmatch(nrows) else None)
    number = 0
    for child in element:
        name = local(child.tag)
        if name == "FIELD":
            own = {sign for _, row in cells if number < len(row) for sign in signs(row[number])}
            yield from _of_column(child, table, names[number], count, own)
            number += 1
        elif name == "GROUP":
            yield from _inside(child, table)
        elif name == "DATA":
            yield from _of_data(child, table)
            beyond = [cell for _, row in cells for cell in row[len(names) :]]
            if beyond:
                yield free_text(table, "#cells", text=" ".join(beyond), line=safexml.line_of(child))
        else:
            yield from _other(child, name, table)
    if {"table_name", "column_name"} <= set(names):
        for line, row in cells:
            said = dict(zip(names, row, strict=False))
            name = said.get("table_name", "").rpartition(".")[2]
            yield column(name, said.get("column_name", ""), line=line, rows=None)


_COUNT = re.compile(r"[0-9]{1,18}")


def _names(table: safexml.Element) -> list[str]:
    """The columns of a table."""
    found = [child for child in table if local(child.tag) == "FIELD"]
    return [str(one.get("name") or one.get("ID") or f"COLUMN{n}") for n, one in enumerate(found, 1)]


def _cells(table: safexml.Element) -> list[tuple[int | None, list[str]]]:
    """(line, cells) of the rows of TABLEDATA."""
    return [
        (
            safexml.line_of(row),
            ["".join(map(str, cell.itertext())).strip() for cell in row if local(cell.tag) == "TD"],
        )
        for row in table.iter("{*}TR")
    ]


def _rows(document: safexml.Element, stem: str) -> Iterator[Row]:
    """The texts in each row, by the names that the columns have in their verdicts."""
    for table in document.iter("{*}TABLE"):
        name = str(table.get("name") or table.get("ID") or stem)
        paths = [FieldPath((name, step)) for step in _names(table)]
        for _, row in _cells(table):
            yield {path: [cell] for path, cell in zip(paths, row, strict=False) if cell}


def _other(element: safexml.Element, name: str, table: str) -> Iterator[Surface]:
    line = safexml.line_of(element)
    if name == "PARAM":
        yield from _of_column(element, table, str(element.get("name") or element.get("ID") or "#PARAM"))
    elif name == "INFO":
        if not (
            element.get("name") == "QUERY_STATUS" and element.get("value") in _STATUS and not element.text
        ):
            yield free_text(table, "#INFO", text=_said(element), line=line)
    elif name == "LINK":
        yield link(str(element.get("href")), table, "#LINK", line=line)
    elif name not in _FRAMES:
        yield free_text(table, f"#{name or 'comment'}", text=_said(element), line=line)


def _said(element: safexml.Element) -> str:
    """All that an element, or a comment, says."""
    if not local(element.tag):
        return str(element.text or "")
    return " ".join([*map(str, element.attrib.values()), *map(str, element.itertext())])


def _of_column(
    element: safexml.Element, table: str, step: str, rows: int | None = 1, found: set[Sign] | None = None
) -> Iterator[Surface]:
    line = safexml.line_of(element)
    own = {*signs(str(element.get("value", ""))), *(found or ()), *bulk(_size(element))}
    said = tuple(element.get(key) for key in ("ucd", "unit", "datatype", "utype", "arraysize"))
    alike = said if element.get("datatype") in _NUMBERS else None
    yield column(table, step, line=line, rows=rows, found=own, alike=alike)
    for child in element:
        name = local(child.tag)
        sort: Sort = "statistics" if name == "VALUES" else "documentation"
        beside = signs(_said(child)) | (
            signs(str(child.get("href")), address=True) if name == "LINK" else set()
        )
        yield column(
            table,
            step,
            sort=sort,
            detail=name or "comment",
            line=safexml.line_of(child),
            rows=rows,
            found=beside,
        )


def _size(element: safexml.Element) -> float:
    """How many numbers there can be in a cell: an array without limit is as large as what is in it."""
    if element.get("datatype") not in _NUMBERS:
        return 0
    return math.prod(int(side) for side in _COUNT.findall(str(element.get("arraysize", ""))))


def _of_data(element: safexml.Element, table: str) -> Iterator[Surface]:
    for child in element.iter():
        name = local(child.tag)
        if name in ("STREAM", "TD") and child.get("href"):
            yield link(str(child.get("href")), table, f"#{name}", line=safexml.line_of(child))
        elif name == "FITS":
            yield free_text(table, "#FITS", line=safexml.line_of(child), sort="metadata")
        elif name not in _OF_DATA:
            yield from _other(child, name, table)
