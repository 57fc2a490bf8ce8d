"""The decision about each element of a VOEvent, whoever wrote it.

Rules
1. An element passes when all that it is passes: itself, as a thing of kind `voevent`; as a `text`, when there is prose in
   it; as a `link`, for each address in it (`gateway.policy.signs`).
2. It comes from where the event comes from, unless something else is declared for it or for a part of it
   (`Provenance.fields`); of several declarations all hold.
3. A text that names an object of a data release comes from that release too, whatever else is declared (P26).
"""

from __future__ import annotations

from datetime import datetime

from gateway.model.audience import Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.elements import MARKUP, Element, Selection, declared, is_about
from gateway.policy.markup import markup
from gateway.policy.profile import Profile
from gateway.policy.rule import Decision, Resource, strictest
from gateway.policy.signs import BULK, signs
from gateway.policy.verdict import explain

__all__ = ["EventJudge", "judged"]


class EventJudge:
    """Decides about the elements of one event, or of many from one source."""

    def __init__(
        self, profile: Profile, provenance: Provenance, audience: Audience, moment: datetime
    ) -> None:
        """Raises SettingsError for a declaration that can be about no element."""
        self._profile, self._provenance = profile, provenance
        self._audience, self._moment = audience, moment
        self._declared = [(declared(pattern), other) for pattern, other in provenance.fields]

    def __call__(self, element: Element) -> Decision:
        """The decision about an element (rules 1 to 3)."""
        origin = self._origin(element)
        found = {
            sign
            for text, use in element.slots
            for sign in (
                (BULK,) if use == "grid" else signs(text, prose=use == "prose", address=use == "address")
            )
        }
        asked = {(Resource("voevent", element.path), origin)}
        asked |= {(sign.resource, origin) for sign in found}
        asked |= {
            (sign.resource, Provenance(Origin.DATA_RELEASE, sign.release)) for sign in found if sign.release
        }
        return strictest([self._decision(*one) for one in asked])

    def _origin(self, element: Element) -> Provenance:
        """Rule 2."""
        found = [other for pattern, other in self._declared if is_about(pattern, element)]
        if not found:
            return self._provenance
        return found[0] if len(found) == 1 else Provenance(inputs=tuple(found))

    def _decision(self, resource: Resource, origin: Provenance) -> Decision:
        return explain(self._profile, resource, origin, self._audience, self._moment).decision


def judged(event: VOEvent, judge: EventJudge) -> tuple[VOEvent, list[tuple[FieldPath, Decision]]]:
    """What passes of an event, and the decision about each of its elements."""
    selection = Selection(judge)
    left = selection(event)
    found = markup(event)
    if found:
        selection.decide(MARKUP, (), more=found)
    return left, selection.decisions
