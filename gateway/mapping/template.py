"""The document around What: written once for each shape it can have, with marks where the packet's texts go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from gateway.codecs.voevent import encode
from gateway.codecs.voevent.write import escape_text
from gateway.mapping.facts import Facts, envelope
from gateway.mapping.plan import Plan
from gateway.model.voevent import Description, What

__all__ = ["Template"]

MAX_SHAPES = 1024
"""Most shapes kept. There are few: a role, texts that are there or not, and the number of citations."""

_TEXTS = ("ivorn", "date", "time", "ra", "dec", "radius", "designation")


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A document in pieces; `places` are those of the texts, in the order of `_TEXTS` and the citations."""

    pieces: list[bytes]
    places: list[int]
    what: int


class Template:
    """The envelope of one plan's events."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shapes: dict[tuple[object, ...], _Pieces] = {}

    def fill(self, facts: Facts, what: bytes) -> bytes:
        """The document with these facts and the lines of What."""
        shape = tuple([getattr(facts, name) is None for name in _TEXTS]), facts.role, facts.cites
        pieces = self.shapes.get(shape)
        if pieces is None:
            pieces = self._pieces(facts)
            if len(self.shapes) < MAX_SHAPES:
                self.shapes[shape] = pieces
        texts = [text for name in _TEXTS if (text := getattr(facts, name)) is not None]
        texts += [ivorn for _, ivorn in facts.citations]
        filled = list(pieces.pieces)
        for place, text in zip(pieces.places, texts, strict=True):
            filled[place] = escape_text(text).encode()
        filled[pieces.what] = what
        return b"".join(filled)

    def _pieces(self, facts: Facts) -> _Pieces:
        """The writer's document, cut at marks that stand for the texts."""
        names = [name for name in _TEXTS if getattr(facts, name) is not None]
        marks: dict[str, Any] = {name: f"@@{name}@@" for name in names}
        cited = [f"cited{i}" for i in range(len(facts.citations))]
        citations = tuple((cite, f"@@{name}@@") for cite, name in zip(facts.cites, cited, strict=True))
        marked = facts._replace(**marks, citations=citations)
        what = What((Description("@@what@@"),))
        document = encode(envelope(marked, self.plan.survey, self.plan.key, self.plan.settings, what))
        document = document.replace(b"    <Description>@@what@@</Description>\n", b"@@what@@")
        pieces = re.split(rb"@@(\w+)@@", document)
        place = {piece.decode(): i for i, piece in enumerate(pieces) if i & 1}
        return _Pieces(pieces, [place[name] for name in (*names, *cited)], place["what"])
