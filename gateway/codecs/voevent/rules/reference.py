"""VE-61: Reference (VOEvent 2.1 section 3.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.codecs.voevent.rules.document import Document, Problem
from gateway.model.finding import Severity

__all__ = ["media"]

_NAME = r"[A-Za-z0-9!#$&^_.+-]+"
_MEDIA_TYPE = re.compile(rf"{_NAME}/{_NAME}(?:\s*;.*)?\Z", re.S)


def media(document: Document) -> Iterator[Problem]:
    """VE-61."""
    for element in document.all("Reference"):
        if not _MEDIA_TYPE.match(element.get("mimetype", "text/plain")):
            message = "The mimetype is not a media type such as image/fits."
            yield Problem(element, message, "mimetype", Severity.WARNING)
        if element.get("type") is not None:
            message = "The type of a Reference is deprecated; use mimetype and meaning."
            yield Problem(element, message, "type", Severity.NOTE)
