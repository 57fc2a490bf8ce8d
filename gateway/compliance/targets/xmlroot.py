"""Which XML document it is, told by the first bytes: formats ask for the name of the root element."""

from __future__ import annotations

import re

__all__ = ["SCHEMAS", "local", "root"]

SCHEMAS = ("http://www.ivoa.net/xml/", "http://www.w3.org/")
"""How the names and addresses of the schemas begin that every such document names."""

_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?>(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?[^>]*>)\s*)*+"
    rb"<(?:[\w.-]+:)?([\w.-]+)",
    re.S,
)


def root(start: bytes) -> str:
    """The name of the root element without its prefix; empty when these bytes do not show one.

    A DTD is passed over here, so that the parser can say that it is not accepted.
    """
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = start[: len(start) // 2 * 2].decode("utf-16", "replace").encode("utf-8")
    found = _ROOT.match(start)
    return found[1].decode("ascii", "replace") if found else ""


def local(tag: object) -> str:
    """The name of an element without its namespace; empty for a comment or processing instruction."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
