"""VE-10 and VE-11: Who (VOEvent 2.1 section 3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.codecs.voevent.rules.document import Document, Problem, content
from gateway.model.finding import Severity

__all__ = ["author", "date"]

_DATE_TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(Z|[+-]\d\d:\d\d)?\Z")


def date(document: Document) -> Iterator[Problem]:
    """VE-10."""
    for element in document.all("Date"):
        match = _DATE_TIME.match(content(element))
        if match is None:
            yield Problem(element, "The Date is not of the form yyyy-mm-ddThh:mm:ss.")
        elif match[1] not in (None, "Z"):
            yield Problem(element, "The Date has an offset; it is read as UTC.", severity=Severity.WARNING)


def author(document: Document) -> Iterator[Problem]:
    """VE-11."""
    for element in document.all("AuthorIVORN"):
        if not content(element).startswith("ivo://"):
            yield Problem(element, "The AuthorIVORN does not start with ivo://.")
