"""How a text stands in a Param or a table cell when it is not plain (docs/mapping.md).

text                              Param                                   cell
plain                             @value                                  itself
several lines, or space at an end Value element: attributes are folded    itself
characters that XML cannot carry  @utype avro:base64 and base64           \\b64: and base64
empty                             @value=""                               \\e, because an empty cell is null
starts with a backslash           @value                                  another backslash before it
"""

from __future__ import annotations

import base64
import re

from gateway.errors import AvroError, Where
from gateway.mapping.plan import BASE64, Column
from gateway.model.voevent import Param

__all__ = ["cell", "is_odd", "param", "text_of_cell", "text_of_param"]

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FOLDED = re.compile(r"[\t\n\r]|^ | $")


def is_odd(text: str) -> bool:
    """Whether a text cannot stand in an attribute as it is, however it is escaped."""
    if text.isprintable():  # which is a quick way to know that there is none of these except a space
        return text.startswith(" ") or text.endswith(" ")
    return bool(_ILLEGAL.search(text) or _FOLDED.search(text))


def param(column: Column, text: str) -> Param:
    """The Param for a text from outside."""
    if _ILLEGAL.search(text):
        return column.param(base64.b64encode(text.encode()).decode(), utype=BASE64)
    if _FOLDED.search(text):
        return column.param(None, element=text)
    return column.param(text)


def text_of_param(found: Param) -> str | None:
    """The text that `param` put into a Param; None when it has none. Raises AvroError (avro-value)."""
    text = found.text
    if text is None or found.utype != BASE64:
        return text
    return _decoded(text, found.name or "")


def cell(text: str) -> str:
    """The cell for a text from outside."""
    if _ILLEGAL.search(text):
        return "\\b64:" + base64.b64encode(text.encode()).decode()
    return "\\e" if not text else "\\" + text if text.startswith("\\") else text


def text_of_cell(text: str, name: str) -> str | None:
    """The text that `cell` put into a cell; None for an empty cell. Raises AvroError (avro-value)."""
    if not text:
        return None
    if text == "\\e":
        return ""
    if text.startswith("\\b64:"):
        return _decoded(text[5:], name)
    return text[1:] if text.startswith("\\\\") else text


def _decoded(text: str, name: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        raise AvroError("avro-value", "A text marked as base64 is not.", where=Where(path=name)) from None
