"""Events: what a release would do with the VOEvents of a file, element by element.

Rules
1. Each event is taken apart by whoever would decide about its release (`gateway.policy.events.judge`), by the label
   that the manifest gives its elements. So a copy of a withheld number is found as well (L16).
2. Elements of one path about which the same is decided are one verdict; of a file with more than one event it says in
   how many.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gateway.compliance.found import Found
from gateway.compliance.judge import Judge
from gateway.compliance.manifest import Declared
from gateway.compliance.report import Verdict
from gateway.compliance.surface import Sort, Surface
from gateway.errors import GatewayError, LimitError, XMLError
from gateway.model.fieldpath import FieldPath
from gateway.model.rejected import Rejected
from gateway.model.voevent import VOEvent
from gateway.policy.events.copies import COPIED
from gateway.policy.events.elements import Element
from gateway.policy.events.judge import judged, signs_of
from gateway.policy.rule import Decision, Resource

__all__ = ["MAX_ELEMENTS", "Events"]

MAX_ELEMENTS = 100_000
"""Most elements of different names in the events of one file: those of one stream have the same few hundred."""

_SORTS: dict[str, Sort] = {"Description": "text", "Markup": "metadata", "Reference": "link"}


class Events:
    """The VOEvents of one file; `file` is its name, by which the manifest knows it."""

    def __init__(self, judge: Judge, file: str) -> None:
        self.judge = judge
        self.elements = judge.policy.event_judge(judge.manifest.of_events(file), judge.audience)
        self.count = 0
        self.error: GatewayError | None = None
        self._found: dict[tuple[FieldPath, Decision], Found] = {}
        self._counts: Counter[tuple[FieldPath, Decision]] = Counter()

    def add(self, event: VOEvent | Rejected) -> None:
        """Judge an event, or remember why it is none. Raises LimitError (limit-size)."""
        if isinstance(event, Rejected):
            self.error = self.error or event.error
            return
        self.count += 1
        try:
            _, decisions = judged(event, self.elements)
        except (XMLError, LimitError) as error:  # of the document that it was read from
            self.error = self.error or error
            return
        first = {(element.path, decision): element for element, decision in reversed(decisions)}
        for key in dict.fromkeys((element.path, decision) for element, decision in decisions):
            self._counts[key] += 1
            if key not in self._found:
                self._found[key] = self._of(first[key], key[1])
        if len(self._found) > MAX_ELEMENTS:
            raise LimitError("limit-size", f"The events have more than {MAX_ELEMENTS} different elements.")

    def verdicts(self) -> list[Verdict]:
        """One verdict a path and decision (rule 2)."""
        made = [(self.judge.verdict(found, key[1]), self._counts[key]) for key, found in self._found.items()]
        if self.count < 2:
            return [verdict for verdict, _ in made]
        return [
            replace(verdict, name=f"{verdict.name} in {count} of {self.count} events")
            for verdict, count in made
        ]

    def _of(self, element: Element, decision: Decision) -> Found:
        path = element.path
        resource = Resource("voevent", path)
        surface = Surface(
            path,
            resource,
            _SORTS.get(path.steps[-1], "field"),
            denied=COPIED if decision is COPIED else None,
            signs=frozenset(signs_of(element)),
        )
        return Found(surface, Declared(self.elements.origin(element)), resource)
