"""VE-40 to VE-44: Why (VOEvent 2.1 section 3.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.codecs.voevent.rules.document import Document, Problem, children, content, descendants, name_of
from gateway.model.voevent_values import param_float

__all__ = ["assertions", "importance", "probability", "thesaurus"]

# The standard's own examples spell the thesaurus in four ways.
_UAT = re.compile(r"https?://(?:www\.)?(?:ivoa\.net/rdf/uat/?#[\w-]+|astrothesaurus\.org/uat/\d+)\Z")


def probability(document: Document) -> Iterator[Problem]:
    """VE-40."""
    return _fraction(document, "Inference", "probability")


def importance(document: Document) -> Iterator[Problem]:
    """VE-41."""
    return _fraction(document, "Why", "importance")


def _fraction(document: Document, name: str, attribute: str) -> Iterator[Problem]:
    for element in document.all(name):
        text = element.get(attribute)
        if text is not None and not 0.0 <= param_float(text) <= 1.0:
            yield Problem(element, f"The {attribute} is not a number from 0 to 1.", attribute)


def assertions(document: Document) -> Iterator[Problem]:
    """VE-43."""
    for why in children(document.root, "Why"):
        if next(descendants(why, "Concept", "Name"), None) is None:
            yield Problem(why, "Why has neither a Concept nor a Name.")


def thesaurus(document: Document) -> Iterator[Problem]:
    """VE-44 (2.1)."""
    for concept in document.all("Concept"):
        if not _UAT.match(content(concept)):
            message = (
                f"The {name_of(concept)} is not a term of the IVOA UAT, http://www.ivoa.net/rdf/uat#term."
            )
            yield Problem(concept, message)
