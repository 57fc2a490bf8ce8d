"""Policy: applies a profile to items. The only maker of `Release`.

Rules
1. Provenance is what the caller declared, for the whole item and perhaps for some of its fields. No declared
   origin: denied.
2. Alerts are decided field by field (`gateway.policy.alerts.judge`), VOEvents element by element
   (`gateway.policy.events.judge`). Who decides is kept for each schema, provenance and audience, until a clock of the
   profile has run out.
3. An alert that lost nothing keeps its bytes. A VOEvent that lost an element is a new event of the issuer
   (`gateway.policy.events.notice`); when its identity does not pass, or nothing else does, there is no release.
4. When nothing passes there is no release: PolicyError. A JSON notice goes on whole or not at all.
5. A document of which everything can be seen to pass need not be read (`gateway.policy.events.screen`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar, overload

from gateway.model.alert import Alert, AlertSchema
from gateway.model.audience import PUBLIC, Audience
from gateway.model.notice import Notice
from gateway.model.provenance import Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.alerts.judge import AlertJudge, read_by_released, refuse
from gateway.policy.events.judge import EventJudge, judged
from gateway.policy.events.notice import Issuer, reissued
from gateway.policy.events.notices import signs_of_value
from gateway.policy.events.screen import passes
from gateway.policy.profile import DEFAULT, Profile, load
from gateway.policy.release import Release, Seal
from gateway.policy.rule import Decision, Resource, strictest
from gateway.policy.verdict import UNDECLARED, Explanation, at, explain, passes_unseen
from gateway.safexml import Element

__all__ = ["MAX_CACHED", "Policy", "now"]

MAX_CACHED = 256
"""Most judges that are kept, of alerts and of events."""

_SEAL = Seal()
ISSUER = Issuer()

Judge = TypeVar("Judge", AlertJudge, EventJudge)


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


class Policy:
    """A profile in force. Keep one and use it for every item: its decisions are cached.

    clock : tells the time (UTC), for embargoes and release dates
    """

    def __init__(self, profile: Profile | str = DEFAULT, clock: Callable[[], datetime] = now) -> None:
        self.profile = load(profile) if isinstance(profile, str) else profile
        self.clock = clock
        self._alerts: dict[tuple[object, ...], AlertJudge] = {}
        self._events: dict[tuple[object, ...], EventJudge] = {}

    def explain(self, resource: Resource, provenance: Provenance, audience: Audience = PUBLIC) -> Explanation:
        """The decision about one thing, the rules that lost, and those that depend on a packet's rows."""
        return explain(self.profile, resource, at(provenance, resource.path), audience, self.clock())

    def decide(self, resource: Resource, provenance: Provenance, audience: Audience = PUBLIC) -> Decision:
        """The decision about one thing."""
        return self.explain(resource, provenance, audience).decision

    def passes_unseen(self, kind: str, provenance: Provenance, audience: Audience = PUBLIC) -> bool:
        """Whether whatever is of this kind passes, even what is too damaged to be looked into."""
        return passes_unseen(self.profile, kind, provenance, audience, self.clock())

    @overload
    def release(self, item: Alert, audience: Audience = PUBLIC) -> Release[Alert]: ...
    @overload
    def release(self, item: Notice, audience: Audience = PUBLIC) -> Release[Notice]: ...
    @overload
    def release(
        self, item: VOEvent, audience: Audience = PUBLIC, *, provenance: Provenance, issuer: Issuer = ISSUER
    ) -> Release[VOEvent]: ...

    def release(
        self,
        item: Alert | VOEvent | Notice,
        audience: Audience = PUBLIC,
        *,
        provenance: Provenance | None = None,
        issuer: Issuer = ISSUER,
    ) -> Release[Alert] | Release[VOEvent] | Release[Notice]:
        """What of an item the audience may see.

        provenance : of a VOEvent, whose document does not carry one; an alert or notice brings its own
        issuer : in whose name a VOEvent goes on of which something is withheld
        Raises PolicyError (policy-provenance, policy-withheld, policy-quarantine) when that is nothing, and AvroError
        for a damaged alert of which something must be taken away.
        """
        if isinstance(item, VOEvent):
            return self._event(item, audience, provenance or Provenance(), issuer)
        if isinstance(item, Notice):
            return self._notice(item, audience)
        return self._alert(item, audience)

    def release_whole(
        self, event: VOEvent, root: Element, audience: Audience = PUBLIC, *, provenance: Provenance
    ) -> Release[VOEvent] | None:
        """The release of an event whose document shows at a glance that nothing is withheld; None when it does not.

        A broker that passes on documents as they are asks this before it reads them: most pass.

        event : its `original` is the document; of the rest no more is needed than the identity, and no more is in the
            release than is given
        root : the document, parsed
        """
        judge = self.event_judge(provenance, audience)
        if event.original is None or not judge.passes_elements:
            return None
        if not passes(event.original, root, judge.passes_sign):
            return None
        return Release(event, audience, self.profile.id, self.profile.sha256, seal=_SEAL)

    def judge(self, schema: AlertSchema, provenance: Provenance, audience: Audience = PUBLIC) -> AlertJudge:
        """Who decides about alerts of a released schema."""
        # Asked for every packet: what makes a judge is made only when one is missing.
        key = schema, provenance.label, audience
        found = self._in_office(self._alerts, key)
        if found is None:
            found = AlertJudge(self.profile, schema, provenance, audience, self.clock())
            self._alerts[key] = found
        return found

    def _in_office(self, judges: dict[tuple[object, ...], Judge], key: tuple[object, ...]) -> Judge | None:
        judge = judges.get(key)
        if judge is not None and judge.until is not None and self.clock() >= judge.until:
            judge = None
        if judge is None and len(judges) >= MAX_CACHED:
            judges.clear()  # a stream of ever new schemas must not fill the memory
        return judge

    def _alert(self, alert: Alert, audience: Audience) -> Release[Alert]:
        beyond: tuple[str, ...] = ()
        if alert.schema.key is None:
            if not alert.provenance.parts():
                refuse(UNDECLARED)
            alert, beyond = read_by_released(alert)
        judge = self.judge(alert.schema, alert.provenance, audience)
        left = judge(alert.payload)
        if left is not None:
            alert = replace(alert, payload=left.payload)
        return Release(
            alert,
            audience,
            self.profile.id,
            self.profile.sha256,
            judge.withheld,
            judge.decisions,
            left.rows if left else 0,
            left.remade if left else 0,
            beyond,
            left.rules if left else {},
            _SEAL,
        )

    def _event(
        self, event: VOEvent, audience: Audience, provenance: Provenance, issuer: Issuer
    ) -> Release[VOEvent]:
        left, found = judged(event, self.event_judge(provenance, audience))
        decisions = tuple((element.path, decision) for element, decision in found)
        withheld = [decision for _, decision in decisions if not decision.passes]
        worst = strictest(withheld)
        identity, *rest = (decision for _, decision in decisions)
        nothing = not identity.passes or len(withheld) == len(rest)
        if withheld and (worst.effect != "redact" or nothing):
            refuse(worst)
        return Release(
            reissued(left, withheld, self.profile, audience, issuer) if withheld else event,
            audience,
            self.profile.id,
            self.profile.sha256,
            frozenset(path for path, decision in decisions if not decision.passes),
            decisions,
            rules=Counter(decision.rule for decision in withheld),
            seal=_SEAL,
        )

    def _notice(self, notice: Notice, audience: Audience) -> Release[Notice]:
        """All of it or nothing (`gateway.policy.events.notices`)."""
        judge = self.event_judge(notice.provenance, audience)
        worst = strictest(judge.of_signs(signs_of_value(notice.value)))
        if not worst.passes:
            refuse(worst)
        return Release(notice, audience, self.profile.id, self.profile.sha256, seal=_SEAL)

    def event_judge(self, provenance: Provenance, audience: Audience = PUBLIC) -> EventJudge:
        """Who decides about the elements of VOEvents."""
        key = provenance.label, audience
        found = self._in_office(self._events, key)
        if found is None:
            found = self._events[key] = EventJudge(self.profile, provenance, audience, self.clock())
        return found
