"""The document around What: written once for each shape it can have, with marks where the packet's texts go."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

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
        self.shapes: dict[tuple[object, ...], tuple[list[bytes], int]] = {}

    def fill(self, facts: Facts, what: Iterable[bytes]) -> bytes:
        """The document with these facts and the lines of What."""
        given = facts.texts
        shape = facts.role, facts.cites, *[text is None for text in given]
        found = self.shapes.get(shape)
        if found is None:
            found = self._pieces(facts)
            if len(self.shapes) < MAX_SHAPES:
                self.shapes[shape] = found
        pieces, place = found
        texts = [text.encode() for text in given if text is not None]
        texts += [ivorn.encode() for _, ivorn in facts.citations]
        texts.insert(place, b"")
        filled = pieces.copy()
        filled[1::2] = texts
        filled[2 * place + 1 : 2 * place + 2] = what
        return b"".join(filled)

    def _pieces(self, facts: Facts) -> tuple[list[bytes], int]:
        """The writer's document, cut where the texts and What stand; and the place of What among the texts."""
        names = [name for name, text in zip(facts._fields, facts.texts, strict=False) if text is not None]
        cited = [f"cited{i}" for i in range(len(facts.citations))]
        marks: dict[str, Any] = {name: f"@@{name}@@" for name in names}
        citations = tuple((cite, f"@@{name}@@") for cite, name in zip(facts.cites, cited, strict=True))
        marked = facts._replace(**marks, citations=citations)
        what = What((Description("@@what@@"),))
        document = encode(envelope(marked, self.plan.survey, self.plan.key, self.plan.settings, what))
        document = document.replace(b"    <Description>@@what@@</Description>\n", b"@@what@@")
        pieces = re.split(rb"@@(\w+)@@", document)
        found = [piece.decode() for piece in pieces[1::2]]
        place = found.index("what")
        assert [*found[:place], *found[place + 1 :]] == [*names, *cited]  # `Facts` has them in this order
        return pieces, place
