"""Which bytes of a payload are the event: from the ``<`` of its start tag to its last ``>`` (VTP-41).

Two payloads carry the same event when these bytes are equal. What stands around the element (the declaration,
comments, processing instructions) does not count, and nothing is made equal that is not: an event in UTF-16 is
another than the same text in UTF-8.

Rules
1. The payload is well-formed XML without a DTD: `gateway.safexml` has parsed it. So before the element there are
   only the declaration, comments and processing instructions, and after it only comments and processing
   instructions.
2. In such a document the element ends at the last ``>`` unless that ends a comment (``-->``) or an instruction
   (``?>``), for an end tag ends with the name VOEvent and a start tag without content with ``/>``. If it does, the
   markup is gone through from the front: what a comment, an instruction, a CDATA section or a quoted value contains
   is not looked at.
3. In all encodings that are accepted but UTF-16, markup is its ASCII bytes. UTF-16 is looked at one character a
   byte.
"""

from __future__ import annotations

import codecs
import hashlib
import re

__all__ = ["digest", "element"]

_BEFORE = re.compile(rb"\s*+(?>(?:<\?.*?\?>|<!--.*?-->)\s*+)*+", re.S)
_MARKUP = re.compile(
    rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|(?P<tag><(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>)", re.S
)
_BLANK = b" \t\r\n"
_NOT_ASCII = re.compile(r"[^\0-\x7f]")
_UTF16 = (
    (codecs.BOM_UTF16_LE, 2, "utf-16-le"),
    (codecs.BOM_UTF16_BE, 2, "utf-16-be"),
    (b"<\0", 0, "utf-16-le"),
    (b"\0<", 0, "utf-16-be"),
)


def element(payload: bytes) -> slice:
    """Where the root element of a document is. The document must be one that `gateway.safexml.parse` has taken."""
    for start, skipped, encoding in _UTF16:
        if payload.startswith(start):
            text = payload[skipped:].decode(encoding)
            found = _in_ascii(_NOT_ASCII.sub("x", text).encode("ascii"))
            first, last = (len(text[:place].encode(encoding)) for place in (found.start, found.stop))
            return slice(skipped + first, skipped + last)
    if payload.startswith(codecs.BOM_UTF8):
        found = _in_ascii(payload[len(codecs.BOM_UTF8) :])
        return slice(found.start + len(codecs.BOM_UTF8), found.stop + len(codecs.BOM_UTF8))
    return _in_ascii(payload)


def digest(payload: bytes, where: slice | None = None) -> bytes:
    """SHA-256 of the element's bytes. `where` is what `element` gave, when that is at hand."""
    return hashlib.sha256(memoryview(payload)[where or element(payload)]).digest()


def _in_ascii(document: bytes) -> slice:
    before = _BEFORE.match(document)
    start = before.end() if before else 0
    end = len(document.rstrip(_BLANK))
    if document.endswith((b"-->", b"?>"), 0, end):
        end = max(match.end("tag") for match in _MARKUP.finditer(document, start))
    return slice(start, end)
