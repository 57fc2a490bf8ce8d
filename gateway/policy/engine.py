"""Policy: applies a profile to items. The only maker of `Release`.

Rules
1. Provenance is what the caller declared, for the whole item and perhaps for some of its fields. No declared
   origin: denied.
2. For an alert each leaf reachable from the root of its schema is decided, once a schema, provenance and audience, and
   again when a clock of the profile has run out. Rules with conditions are put to every packet.
3. A leaf that must be redacted is made blank in the released item, and a row is removed; a released alert that
   lost nothing keeps its bytes. A leaf that must be refused, or a condition that holds and refuses: no release.
4. When nothing passes there is no release: PolicyError.
5. A VOEvent is decided element by element. One that lost an element is a new event of the issuer
   (`gateway.policy.notice`); one whose identity does not pass is no event at all.
6. A packet whose schema is not a released one but bears the name of a released major version is read by the
   nearest released one, by structure; what that does not have stays behind (P25). Any other is refused.
7. An image says in its header where it is, so it is as restricted as the position of the trigger (P26).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import NoReturn, overload

from gateway.errors import AvroError, PolicyError, SchemaError
from gateway.model.alert import Alert, AlertSchema, SchemaKey
from gateway.model.audience import PUBLIC, Audience
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.conditions import Conditions, Held
from gateway.policy.events import EventJudge, judged
from gateway.policy.facts import STAMP
from gateway.policy.notice import Issuer, reissued
from gateway.policy.profile import DEFAULT, Profile, load
from gateway.policy.reach import stamps_of
from gateway.policy.release import Release, Seal
from gateway.policy.rule import Decision, Resource, Rule, strictest
from gateway.policy.stamps import Stamps
from gateway.policy.verdict import UNDECLARED, Explanation, at, changes, explain, passes_unseen
from gateway.schema import registry
from gateway.schema.project import project
from gateway.schema.raw import Raw
from gateway.schema.splice import Edit, Splicer, blanks

__all__ = ["MAX_CACHED", "NOT_RELEASED", "Policy", "nearest", "now"]

NOT_RELEASED = Decision(
    "refuse",
    "default-deny",
    "P25",
    "The schema that wrote this is not a released alert schema, so no field of it is known to be public.",
)

MAX_CACHED = 256
"""Most (schema, provenance, audience) whose decisions are kept."""

_SEAL = Seal()
ISSUER = Issuer()
_ROOT_NAME = re.compile(r"lsst\.v(\d+)_(\d+)\.alert\Z")


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Judged:
    """The decisions about a schema, until they change."""

    decisions: tuple[tuple[FieldPath, Decision], ...]
    withheld: frozenset[FieldPath]
    taken: Counter[str]
    refusal: Decision | None
    conditions: Conditions
    stamps: Stamps
    blank: Splicer | None
    until: datetime | None


class Policy:
    """A profile in force. Keep one and use it for every item: its decisions are cached.

    clock : tells the time (UTC), for embargoes and release dates
    """

    def __init__(self, profile: Profile | str = DEFAULT, clock: Callable[[], datetime] = now) -> None:
        self.profile = load(profile) if isinstance(profile, str) else profile
        self.clock = clock
        self._cache: dict[tuple[AlertSchema, tuple[object, ...], Audience], _Judged] = {}
        self._judges: dict[tuple[tuple[object, ...], Audience], EventJudge] = {}

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
    def release(
        self, item: VOEvent, audience: Audience = PUBLIC, *, provenance: Provenance, issuer: Issuer = ISSUER
    ) -> Release[VOEvent]: ...

    def release(
        self,
        item: Alert | VOEvent,
        audience: Audience = PUBLIC,
        *,
        provenance: Provenance | None = None,
        issuer: Issuer = ISSUER,
    ) -> Release[Alert] | Release[VOEvent]:
        """What of an item the audience may see.

        provenance : of a VOEvent, whose document does not carry one; an alert brings its own
        issuer : in whose name a VOEvent goes on of which something is withheld
        Raises PolicyError (policy-provenance, policy-withheld, policy-quarantine) when that is nothing, and AvroError
        for a damaged alert of which something must be taken away.
        """
        if isinstance(item, VOEvent):
            return self._event(item, audience, provenance or Provenance(), issuer)
        return self._alert(item, audience)

    # Alerts

    def _alert(self, alert: Alert, audience: Audience) -> Release[Alert]:
        beyond: tuple[str, ...] = ()
        if alert.schema.key is None:
            if not alert.provenance.parts():
                _refuse(UNDECLARED)
            alert, beyond = _read_by_released(alert)
        judged = self._judged(alert.schema, alert.provenance, audience)
        if judged.refusal is not None:
            _refuse(judged.refusal)
        taken, payload, rows, remade = judged.taken, alert.payload, 0, 0
        held = judged.conditions(payload) if judged.conditions else []
        edits: dict[str, Edit] = {}
        if judged.stamps:
            more, edits = judged.stamps(payload)
            held += more
        if held:
            worst = strictest([one.rule.decision for one in held])
            if worst.effect != "redact":
                _refuse(worst)
            remade, gone = len(edits), _gone(held)
            rows = sum(map(len, gone.values()))
            taken = taken.copy()
            for one in held:
                taken[one.rule.id] += len(one.rows or (1,))
            changes: dict[str, Edit | bytes] = {
                array: _without_rows(places) for array, places in gone.items()
            }
            payload = Splicer(alert.schema.root, changes | edits)(payload)
        if judged.blank is not None:
            payload = judged.blank(payload)
        if payload is not alert.payload:
            alert = replace(alert, payload=payload)
        return Release(
            alert,
            audience,
            self.profile.id,
            self.profile.sha256,
            judged.withheld,
            judged.decisions,
            rows,
            remade,
            beyond,
            taken,
            _SEAL,
        )

    def _judged(self, schema: AlertSchema, provenance: Provenance, audience: Audience) -> _Judged:
        key = schema, provenance.label, audience
        judged = self._cache.get(key)
        if judged is None or (judged.until is not None and self.clock() >= judged.until):
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()  # a stream of ever new schemas must not fill the memory
            judged = self._cache[key] = self._judge(schema, provenance, audience)
        return judged

    def _judge(self, schema: AlertSchema, provenance: Provenance, audience: Audience) -> _Judged:
        assert schema.key is not None
        moment = self.clock()
        version = schema.key.major, schema.key.minor
        decisions: list[tuple[FieldPath, Decision]] = []
        conditional: dict[Rule, None] = {}
        for path, _ in leaves(schema.root):
            found = explain(
                self.profile,
                Resource(schema.key.family, path, version),
                at(provenance, path),
                audience,
                moment,
            )
            decisions.append((path, found.decision))
            conditional |= dict.fromkeys(found.conditional)
        decisions = _with_positions(decisions, schema)
        withheld = frozenset(path for path, decision in decisions if not decision.passes)
        worst = strictest([decision for _, decision in decisions])
        refusal = (
            worst if worst.effect in ("refuse", "quarantine") or len(withheld) == len(decisions) else None
        )
        parts = [provenance, *(other for _, other in provenance.fields)]
        moments = [change for part in parts if (change := changes(self.profile, part, moment)) is not None]
        return _Judged(
            tuple(decisions),
            withheld,
            Counter(decision.rule for _, decision in decisions if not decision.passes),
            refusal,
            Conditions(schema, [rule for rule in conditional if not _is_about_stamps(rule)]),
            Stamps(schema, [rule for rule in conditional if _is_about_stamps(rule)]),
            Splicer(schema.root, blanks(schema.root, withheld)) if withheld else None,
            min(moments, default=None),
        )

    # VOEvents

    def _event(
        self, event: VOEvent, audience: Audience, provenance: Provenance, issuer: Issuer
    ) -> Release[VOEvent]:
        left, decisions = judged(event, self._event_judge(provenance, audience))
        withheld = [decision for _, decision in decisions if not decision.passes]
        worst = strictest(withheld)
        if withheld and (
            worst.effect != "redact" or len(withheld) == len(decisions) or not decisions[0][1].passes
        ):
            _refuse(worst)
        return Release(
            reissued(left, withheld, self.profile, audience, issuer) if withheld else event,
            audience,
            self.profile.id,
            self.profile.sha256,
            frozenset(path for path, decision in decisions if not decision.passes),
            tuple(decisions),
            rules=Counter(decision.rule for decision in withheld),
            seal=_SEAL,
        )

    def _event_judge(self, provenance: Provenance, audience: Audience) -> EventJudge:
        key, moment = (provenance.label, audience), self.clock()
        judge = self._judges.get(key)
        if judge is None or (judge.until is not None and moment >= judge.until):
            if len(self._judges) >= MAX_CACHED:
                self._judges.clear()
            judge = self._judges[key] = EventJudge(self.profile, provenance, audience, moment)
        return judge


def _refuse(decision: Decision) -> NoReturn:
    if decision.clause == UNDECLARED.clause and decision.rule.endswith(UNDECLARED.rule):
        raise PolicyError(
            "policy-provenance",
            "It is not declared where these data came from, so nothing is shown.",
            clause="P26",
        )
    code = "policy-quarantine" if decision.effect == "quarantine" else "policy-withheld"
    raise PolicyError(code, f"Refused by rule {decision.rule}: {decision.reason}", clause=decision.clause)


def _with_positions(
    decisions: list[tuple[FieldPath, Decision]], schema: AlertSchema
) -> list[tuple[FieldPath, Decision]]:
    """Rule 7."""
    found = dict(decisions)
    hidden = [
        found[path]
        for record, name in product(("diaSource", "candidate"), ("ra", "dec", "decl"))
        if (path := FieldPath((record, name))) in found and not found[path].passes
    ]
    if not hidden:
        return decisions
    worst, stamps = strictest(hidden), stamps_of(schema)
    return [(path, strictest([worst, one]) if path.top in stamps else one) for path, one in decisions]


def _is_about_stamps(rule: Rule) -> bool:
    return rule.where is not None and rule.where.fact == STAMP


def _gone(held: list[Held]) -> dict[str, set[int]]:
    """For each array the rows that any rule takes away."""
    gone: dict[str, set[int]] = {}
    for one in held:
        if one.rows is not None:
            gone.setdefault(one.field, set()).update(one.rows)
    return gone


def _without_rows(places: set[int]) -> Edit:
    def edit(raw: Raw) -> Raw:
        return [row for i, row in enumerate(raw) if i not in places]

    return edit


def _read_by_released(alert: Alert) -> tuple[Alert, tuple[str, ...]]:
    """Rule 6."""
    schema = nearest(alert.schema)
    if schema is None:
        _refuse(NOT_RELEASED)
    try:
        read, beyond = project(alert, schema)
    except (SchemaError, AvroError):
        _refuse(NOT_RELEASED)
    return replace(read, framing=alert.framing), beyond


def nearest(schema: AlertSchema) -> AlertSchema | None:
    """The released schema nearest to the one whose name a schema bears, of the same major version."""
    name = _ROOT_NAME.match(schema.name)
    if name is None:
        return None
    wanted = SchemaKey("lsst", int(name[1]), int(name[2]))
    released = registry.keys()
    same = [key for key in released if key.family == "lsst" and key.major == wanted.major]
    earlier = [key for key in same if key <= wanted]
    return registry.get(earlier[-1] if earlier else same[0]) if same else None
