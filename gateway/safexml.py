"""The only XML parser: every untrusted document goes through `parse`.

Rules
1. Size is checked before anything else: bytes (`MAX_BYTES`), and the signs of elements and attributes
   (`MAX_MARKUP`), for a tree takes far more memory than its text.
2. The encoding must be one in which markup cannot hide: UTF-8, UTF-16 or an ASCII superset that libxml2
   reads byte for byte. (UTF-7 and the like could spell ``<!DOCTYPE`` in other bytes.)
3. Nothing but declaration, comments and processing instructions may come before the root element. A DTD is
   refused unread: VOEvent has none, and entities are how XML documents read files and exhaust memory.
4. The parser itself resolves no entities, loads nothing, opens no network and keeps libxml2's own limits
   (depth 256, 10 MB text nodes), each of which has the code of a limit here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from gateway.errors import GatewayError, LimitError, Where, XMLError

__all__ = ["MAX_BYTES", "Element", "line_of", "namespaces", "parse"]

Element = etree._Element

MAX_BYTES = 16 * 2**20
"""Largest document parsed: a full LSST alert with three cutouts inline is about 1 MB of XML."""

MAX_MARKUP = 500_000
"""Most ``<`` and ``=`` together, so that a tree stays below 130 MB (an element takes 120 bytes, an attribute 250):
the longest history of an LSST alert so far makes 100 000, and no other VOEvent that we know 1000."""

_ASCII_SUPERSETS = re.compile(r"(utf-?8|us-ascii|ascii|iso-?8859-?\d+|latin-?1|windows-125\d)\Z", re.I)
_UTF16 = re.compile(r"utf-16(le|be)?\Z", re.I)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
# Anything that may precede the root element, and then its "<" and first name byte.
_PROLOG = re.compile(rb"\s*(?>(?:<\?.*?\?>|<!--.*?-->)\s*)*+<([A-Za-z_:\x80-\xff])?", re.S)
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> Element:
    """The root element of an XML document.

    Raises `LimitError` (limit-size, limit-depth) and `XMLError` (xml-malformed, xml-dtd, xml-encoding).
    """
    if len(data) > max_bytes:
        raise LimitError("limit-size", f"The document has {len(data)} bytes; the limit is {max_bytes}.")
    if data.count(b"<") + data.count(b"=") > MAX_MARKUP:
        raise LimitError(
            "limit-size", f"The document has more than {MAX_MARKUP} signs of elements and attributes."
        )
    _check_prolog(data)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(error) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise XMLError("xml-dtd", "The document has a DTD, which is not accepted.")
    return root


_NO_DECODER = {etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING, etree.ErrorTypes.ERR_UNKNOWN_ENCODING}
_TOO_LARGE = {etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG}


def _refusal(error: etree.XMLSyntaxError) -> GatewayError:
    """What libxml2 objects to, by its codes; where one code says two things, by its words."""
    line, column = error.position
    where = Where(line=line, column=column)
    code = getattr(error, "code", None)  # not in the stubs of lxml
    if code in _NO_DECODER:
        return XMLError("xml-encoding", "The document declares an encoding that does not exist.", where=where)
    if error.msg.startswith("Excessive depth"):
        return LimitError("limit-depth", "The document is nested too deeply.", where=where)
    if code in _TOO_LARGE or error.msg.startswith("Comment too big"):
        return LimitError("limit-size", "A text or name of the document is too long.", where=where)
    return XMLError("xml-malformed", "The document is not well-formed XML.", where=where)


def _check_prolog(data: bytes) -> None:
    """Rules 2 and 3, before libxml2 sees a byte."""
    if data[:2] in _UTF16_BOMS or data[:4] in (b"<\0?\0", b"\0<\0?"):
        try:
            byte_order = "utf-16" if data[:2] in _UTF16_BOMS else ("utf-16-le" if data[0] else "utf-16-be")
            prolog, accepted = data.decode(byte_order).encode("utf-8"), _UTF16
        except UnicodeDecodeError:
            raise XMLError("xml-encoding", "The document starts as UTF-16 but is not valid UTF-16.") from None
    else:
        prolog, accepted = data.removeprefix(codecs.BOM_UTF8), _ASCII_SUPERSETS
    declared = _DECLARATION.match(prolog)
    if declared and not accepted.match(declared[1].decode("ascii")):
        raise XMLError("xml-encoding", "The document declares an encoding that is not accepted.")
    start = _PROLOG.match(prolog)
    if start is None:
        raise XMLError("xml-malformed", "The document has no root element.", where=Where(line=1))
    if start[1] is None:
        what = prolog[start.end() : start.end() + 8].upper()
        if what == b"!DOCTYPE":
            raise XMLError("xml-dtd", "The document has a DTD, which is not accepted.")
        raise XMLError(
            "xml-malformed", "The document does not start with a root element.", where=Where(line=1)
        )


def namespaces(root: Element) -> Iterator[tuple[str, str]]:
    """Prefix and name of each namespace that is declared anywhere, the prefix empty for a default one.

    `Element.nsmap` has all that are in force, so to ask each element takes the square of a document's length.
    """
    for _, declared in etree.iterwalk(root, events=("start-ns",)):
        prefix, name = cast(tuple[str, str], declared)
        yield prefix, name


def line_of(element: Any) -> int | None:
    """The line of an element in its document, from 1. The stubs of lxml leave the type of `sourceline` open."""
    line: int | None = element.sourceline
    return line
