"""Model -> VOEvent XML in one canonical form: equal events give equal bytes, always.

The form
1. UTF-8; the declaration, then the root with prefix `voe` and its attributes version, ivorn, role (a
   missing role is written as observation: VE-04). Every line ends with a line feed.
2. One element a line, 2 spaces a level; attributes and children in the order of the table in `elements`.
3. An element with text alone is one line, its text verbatim; an element with nothing inside is self-closed;
   a table row is one line.
4. ``&``, ``<``, ``>`` are escaped everywhere, and so that a parser gives back the same text: ``"``, tab,
   line feed and carriage return in attributes, carriage return in text. Everything else stays as it is.
5. VOEvent 1.1 is not written. A part that 2.0 does not have is refused in a 2.0 event, not dropped:
   `versions` converts. Nothing else is judged or invented: an invalid event gives an invalid document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gateway.codecs.voevent.elements import VOEVENT, Shape, children
from gateway.errors import ConversionError, Where
from gateway.model.voevent import NAMESPACES, Version, VOEvent

__all__ = ["encode", "escape_attribute", "escape_text", "utf8"]

_SPECIAL_IN_TEXT = re.compile("[&<>\r]")
_SPECIAL_IN_ATTRIBUTES = re.compile('[&<>"\t\n\r]')
# The ampersand first, or what was made of the others would be escaped again. (`str.translate` would do all at once,
# fifty times slower.)
_REFERENCES = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"),
    ('"', "&quot;"), ("\t", "&#9;"), ("\n", "&#10;"),
)  # fmt: skip
_TEXT_REFERENCES = _REFERENCES[:4]
# Char of XML 1.0, production 2, turned round.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def encode(event: VOEvent) -> bytes:
    """The canonical document of a 2.0 or 2.1 event.

    Raises ConversionError (convert-version, convert-character).
    """
    version = event.version
    if version == "1.1":
        raise ConversionError(
            "convert-version", "VOEvent 1.1 is read but not written; convert the event to 2.0 or 2.1 first."
        )
    if event.role is None:
        event = replace(event, role="observation")
    attributes = f' xmlns:voe="{NAMESPACES[version]}"' + _attributes("VOEvent", VOEVENT, event, version)
    body = "".join(
        _element(tag, shape, value, version, "  ") + "\n" for tag, shape, value in children(VOEVENT, event)
    )
    return utf8(f'<?xml version="1.0" encoding="UTF-8"?>\n<voe:VOEvent{attributes}>\n{body}</voe:VOEvent>\n')


def escape_text(text: str) -> str:
    """Text as it stands between tags."""
    return _escaped(text, _TEXT_REFERENCES) if _SPECIAL_IN_TEXT.search(text) else text


def escape_attribute(text: str) -> str:
    """Text as it stands between the quotes of an attribute."""
    return _escaped(text, _REFERENCES) if _SPECIAL_IN_ATTRIBUTES.search(text) else text


def _escaped(text: str, references: Iterable[tuple[str, str]]) -> str:
    for character, reference in references:
        if character in text:
            text = text.replace(character, reference)
    return text


def utf8(document: str) -> bytes:
    """The bytes of a document. Raises ConversionError (convert-character) for what XML 1.0 cannot carry."""
    illegal = _ILLEGAL.search(document)
    if illegal:
        element = re.findall(r"<([\w:]+)", document[: illegal.start()])[-1]
        raise ConversionError(
            "convert-character",
            f"A text of {element} has the character U+{ord(illegal[0]):04X}, which XML cannot carry.",
            where=Where(path=element),
        )
    return document.encode("utf-8")


def _element(tag: str, shape: Shape, value: Any, version: Version, indent: str) -> str:
    if shape.since > version:
        raise _too_new(tag, shape.since, version)
    start = f"{indent}<{tag}{_attributes(tag, shape, value, version)}"
    if shape.text:
        body = escape_text(shape.get(value, shape.text))
    elif shape.inline:
        body = "".join(_element(*child, version, "") for child in children(shape, value))
    else:
        inner = indent + "  "
        body = "".join(_element(*child, version, inner) + "\n" for child in children(shape, value))
        body = body and f"\n{body}{indent}"
    return f"{start}>{body}</{tag}>" if body else f"{start}/>"


def _attributes(tag: str, shape: Shape, value: Any, version: Version) -> str:
    text = ""
    for attribute in shape.attributes:
        content = shape.get(value, attribute.field)
        if content is not None:
            if attribute.since > version:
                raise _too_new(f"{tag}/@{attribute.name}", attribute.since, version)
            text += f' {attribute.name}="{escape_attribute(content)}"'
    return text


def _too_new(part: str, since: Version, version: Version) -> ConversionError:
    return ConversionError(
        "convert-version",
        f"{part} exists from VOEvent {since} on and this event is {version}; convert it to {since}.",
        where=Where(path=part),
    )
