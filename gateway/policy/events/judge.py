"""The decision about each element of a VOEvent, whoever wrote it.

Rules
1. An element passes when all that it is passes: itself, as a thing of kind `voevent`; as a `text`, when there is
   prose in it; as a `link`, for each address in it (`gateway.policy.events.signs`).
2. It comes from where the event comes from, unless something else is declared for it or for a part of it
   (`Provenance.fields`); of several declarations all hold.
3. A text that names an object of a data release comes from that release too, whatever else is declared (P26).
4. An annotation, a derived product or what a user made may not repeat a number that is withheld (P15, L16).
5. Decisions are kept, but no path is, for its steps may be what somebody may not see: a decision depends on a path
   only by which patterns of the profile it matches.
"""

from __future__ import annotations

from datetime import datetime

from gateway.errors import AvroError, PolicyError
from gateway.model.alert import AlertSchema
from gateway.model.audience import Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.alerts.judge import AlertJudge
from gateway.policy.events.copies import COPIED, Copies
from gateway.policy.events.elements import MARKUP, Element, Selection, declared, is_about
from gateway.policy.events.markup import markup
from gateway.policy.events.signs import BULK, Sign, asked, signs
from gateway.policy.pattern import OTHER_KINDS, PathPattern
from gateway.policy.profile import Profile
from gateway.policy.rule import DEFAULT_DENY, Decision, Resource, strictest
from gateway.policy.verdict import all_pass, changes, explain

__all__ = ["EventJudge", "is_made", "judged", "signs_of"]

_PACKET = Provenance(Origin.ALERT)
_MADE = (Origin.BROKER_ANNOTATION, Origin.DDP, Origin.USER)
MAX_KNOWN = 4096
"""Most decisions that a judge keeps: a profile has few patterns, and events name few releases."""


class EventJudge:
    """Decides about the elements of events that come from one place, until `until`.

    passes_elements : whether any element passes, whatever it is, unless there is a sign in it
    """

    def __init__(
        self, profile: Profile, provenance: Provenance, audience: Audience, moment: datetime
    ) -> None:
        """Raises SettingsError for a declaration that can be about no element."""
        self._profile, self._provenance = profile, provenance
        self._audience, self._moment = audience, moment
        self._declared = [(declared(pattern), other) for pattern, other in provenance.fields]
        self._patterns = {kind: _patterns(profile, kind) for kind in OTHER_KINDS}
        self._known: dict[tuple[object, ...], Decision] = {}
        self._packets: dict[AlertSchema, AlertJudge] = {}
        named = [Provenance(Origin.DATA_RELEASE, token) for one in profile.judges for token in one.releases]
        parts = [provenance, *(other for _, other in provenance.fields), *named, _PACKET]
        moments = [change for part in parts if (change := changes(profile, part, moment)) is not None]
        self.until = min(moments, default=None)
        self.passes_elements = not provenance.fields and all_pass(
            profile, "voevent", provenance, audience, moment
        )

    def __call__(self, element: Element) -> Decision:
        """The decision about an element (rules 1 to 3)."""
        return strictest([self._decision(*one) for one in self.asked(element)])

    def asked(self, element: Element) -> set[tuple[Resource, Provenance]]:
        """Everything that the profile is asked about an element."""
        origin = self.origin(element)
        return {(Resource("voevent", element.path), origin)} | asked(signs_of(element), origin)

    def passes_sign(self, sign: Sign) -> bool:
        """Whether a sign passes in an event of which nothing else is declared (rule 1)."""
        return sign.release is None and self._decision(sign.resource, self._provenance).passes

    def of_signs(self, found: set[Sign]) -> list[Decision]:
        """The decisions about something that is no VOEvent and goes on whole, and about the signs in it: it is asked
        about as any element of one is, and when elements are not all alike nobody can say which it would be."""
        whole = {(Resource("voevent", FieldPath(("What",))), self._provenance)}
        decisions = [self._decision(*one) for one in whole | asked(found, self._provenance)]
        return decisions if self.passes_elements else [*decisions, DEFAULT_DENY]

    def passes_packet(self, schema: AlertSchema, payload: bytes) -> bool:
        """Whether all of an alert that an event has inline passes."""
        judge = self._packets.get(schema)
        if judge is None:
            judge = AlertJudge(self._profile, schema, _PACKET, self._audience, self._moment)
            self._packets[schema] = judge
        try:
            return judge(payload) is None
        except (PolicyError, AvroError):
            return False

    def origin(self, element: Element) -> Provenance:
        """Where an element comes from (rule 2)."""
        found = [other for pattern, other in self._declared if is_about(pattern, element)]
        if not found:
            return self._provenance
        return found[0] if len(found) == 1 else Provenance(inputs=tuple(found))

    def _decision(self, resource: Resource, origin: Provenance) -> Decision:
        matched = [pattern.matches(resource.path) for pattern in self._patterns[resource.kind]]
        key = resource.kind, origin.label, *matched
        decision = self._known.get(key)
        if decision is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            found = explain(self._profile, resource, origin, self._audience, self._moment)
            decision = self._known[key] = found.decision
        return decision


def _patterns(profile: Profile, kind: str) -> tuple[PathPattern, ...]:
    """The paths by which rules about a kind tell things apart."""
    return tuple(
        dict.fromkeys(
            pattern
            for judge in profile.judges
            for rule in judge.rules
            if any(one.kind == kind for one in rule.kinds)
            for pattern in rule.paths
            if pattern.steps
        )
    )


def signs_of(element: Element) -> set[Sign]:
    """What can be told of the texts of an element."""
    return {
        sign
        for text, use in element.slots
        for sign in (
            (BULK,) if use == "grid" else signs(text, prose=use == "prose", address=use == "address")
        )
    }


def is_made(origin: Provenance) -> bool:
    """Whether it is what somebody made of something, and not the author's own."""
    return any(part.origin in _MADE for part in origin.parts())


def judged(event: VOEvent, judge: EventJudge) -> tuple[VOEvent, list[tuple[Element, Decision]]]:
    """What passes of an event, and the decision about each of its elements."""
    selection = Selection(judge, judge.passes_packet)
    left = selection(event)
    found = markup(event, selection.texts)
    if found:
        selection.decide(MARKUP, (), more=found)
    made = [
        element
        for element, decision in selection.elements
        if decision.passes and is_made(judge.origin(element))
    ]
    hidden = [element for element, decision in selection.elements if not decision.passes]
    copies = Copies(slot.text for element in hidden for slot in element.slots) if made else None
    copied = {id(one) for one in made if copies and any(copies.in_text(slot.text) for slot in one.slots)}
    return left, [
        (element, COPIED if id(element) in copied else decision) for element, decision in selection.elements
    ]
