"""The document around What: written once for each shape it can have, with marks where the packet's texts go."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.codecs.voevent import encode
from gateway.mapping.facts import Facts, envelope
from gateway.mapping.plan import Plan
from gateway.model.voevent import Description, What

__all__ = ["Template"]

MAX_SHAPES = 1024
"""Most shapes kept. There are few: a role, texts that are there or not, and the number of citations."""


class Template:
    """The envelope of one plan's events."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shapes: dict[tuple[object, ...], tuple[list[bytes], list[int], int]] = {}

    def fill(self, facts: Facts, what: Iterable[bytes]) -> bytes:
        """The document with these facts and the lines of What."""
        texts = [text.encode() for text in facts.texts if text is not None]
        shape = facts.role, facts.cites, *[text is None for text in facts.texts]
        found = self.shapes.get(shape)
        if found is None:
            found = self._pieces(facts)
            if len(self.shapes) < MAX_SHAPES:
                self.shapes[shape] = found
        pieces, places, place_of_what = found
        texts += [ivorn.encode() for _, ivorn in facts.citations]
        filled = pieces.copy()
        for place, text in zip(places, texts, strict=True):
            filled[place] = text
        filled[place_of_what : place_of_what + 1] = what
        return b"".join(filled)

    def _pieces(self, facts: Facts) -> tuple[list[bytes], list[int], int]:
        """The writer's document, cut at marks; the places of the texts and citations, and that of What."""
        marks = {
            name: f"@@{name}@@"
            for name, text in zip(facts._fields, facts.texts, strict=False)
            if text is not None
        }
        cited = [f"@@cited{i}@@" for i in range(len(facts.citations))]
        marked = facts._replace(**marks, citations=tuple(zip(facts.cites, cited, strict=True)))
        what = What((Description("@@what@@"),))
        document = encode(envelope(marked, self.plan.survey, self.plan.key, self.plan.settings, what))
        document = document.replace(b"    <Description>@@what@@</Description>\n", b"@@what@@")
        pieces = re.split(rb"(@@\w+@@)", document)
        places = [pieces.index(mark.encode()) for mark in (*marks.values(), *cited)]
        return pieces, places, pieces.index(b"@@what@@")
