"""Whether a column that somebody made repeats a number of the same row that is withheld (clause P15, L16).

Rules
1. What a copy is, is said in one place for VOEvents and everything else: `gateway.policy.events.copies`.
2. Of a table one row proves nothing, for among many numbers one is like another by accident: a column is a copy when
   it repeats a withheld number in more than half of the rows in which it has a number. A document is one row.
3. The first `MAX_ROWS` rows are looked at, and only where there is something withheld and something made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from gateway.compliance.found import Found
from gateway.compliance.report import Verdict
from gateway.compliance.surface import Row
from gateway.model.fieldpath import FieldPath
from gateway.policy.events.copies import COPIED, Copies
from gateway.policy.events.judge import is_made
from gateway.policy.rule import Decision

__all__ = ["MAX_ROWS", "with_copies"]

MAX_ROWS = 200
"""Most rows of a table in which copies are looked for: what is a copy is one in every row."""

Judged = list[tuple[Found, Verdict]]


def with_copies(
    found: Judged, rows: Callable[[], Iterator[Row]], verdict: Callable[[Found, Decision], Verdict]
) -> Judged:
    """The verdicts, with those that are copies refused. Raises what reading the rows raises."""
    hidden = {one.surface.path for one, said in found if _is_field(one) and not said.decision.passes}
    made = {
        one.surface.path
        for one, said in found
        if _is_field(one) and said.decision.passes and is_made(one.label)
    } - hidden
    copied = _copied(hidden, made, rows()) if hidden and made else frozenset()
    return [
        (one, said) if one.surface.path not in copied else (one, verdict(_denied(one), COPIED))
        for one, said in found
    ]


def _is_field(one: Found) -> bool:
    return one.surface.sort == "field"


def _denied(one: Found) -> Found:
    return replace(one, surface=replace(one.surface, denied=COPIED))


def _copied(hidden: set[FieldPath], made: set[FieldPath], rows: Iterator[Row]) -> frozenset[FieldPath]:
    """Rule 2."""
    repeated: Counter[FieldPath] = Counter()
    seen: Counter[FieldPath] = Counter()
    for row in islice(rows, MAX_ROWS):
        copies = Copies(text for path in hidden for text in row.get(path, ()))
        for path in made & row.keys():
            if row[path]:
                seen[path] += 1
                repeated[path] += any(map(copies.in_text, row[path]))
    return frozenset(path for path, count in repeated.items() if 2 * count > seen[path])
