"""VE-51, VE-52 and VE-54: Citations (VOEvent 2.1 section 3.7)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.codecs.voevent.rules.document import Document, Problem, children, has

__all__ = ["CITES", "cite", "explanation", "kinds"]

CITES = ("followup", "supersedes", "retraction")


def cite(document: Document) -> Iterator[Problem]:
    """VE-51."""
    for element in document.all("EventIVORN"):
        if element.get("cite") is None:
            yield Problem(element, f"The EventIVORN has no cite; it is one of {', '.join(CITES)}.")


def kinds(document: Document) -> Iterator[Problem]:
    """VE-52."""
    for element in document.all("EventIVORN"):
        if element.get("cite", CITES[0]) not in CITES:
            yield Problem(element, f"The cite is not one of {', '.join(CITES)}.", "cite")


def explanation(document: Document) -> Iterator[Problem]:
    """VE-54. Two superseded events are a merger; superseding one and following it up is a split."""
    for citations in children(document.root, "Citations"):
        cites = [element.get("cite") for element in children(citations, "EventIVORN")]
        superseded = cites.count("supersedes")
        unusual = "retraction" in cites or superseded > 1 or (superseded and "followup" in cites)
        if unusual and not has(citations, "Description") and not has(document.root, "Description"):
            yield Problem(citations, "A retraction, merger or split has no Description that says why.")
