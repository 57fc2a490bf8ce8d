"""Policy: applies a profile to items. The only maker of `Release`.

Rules
1. Provenance is what the caller declared. No declared origin: denied.
2. A rule passes what it matches; what no rule passes falls to ``default-deny``. The order of rules is
   irrelevant.
3. For an alert each leaf reachable from the root of its schema is decided (clauses P01 and P25). A schema that
   is not released has no leaf that a rule about released schemas could pass.
4. When every leaf is denied there is no release: PolicyError.
5. Decisions are the same for all alerts of a schema and an origin, so they are made once and kept.
"""

from __future__ import annotations

from typing import overload

from gateway.errors import PolicyError
from gateway.model.alert import Alert, AlertSchema
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent
from gateway.policy.profile import Profile, load
from gateway.policy.release import Decision, Release

__all__ = ["DEFAULT_DENY", "MAX_CACHED", "NOT_RELEASED", "PUBLIC", "Policy"]

PUBLIC = "public"
"""The default audience: anyone, without any right."""

DEFAULT_DENY = Decision(
    "deny", "default-deny", "P25", "No rule of the profile says that this is public, so it is withheld."
)
NOT_RELEASED = Decision(
    "deny",
    "default-deny",
    "P25",
    "The schema that wrote this is not a released alert schema, so no field of it is known to be public.",
)

MAX_CACHED = 256
"""Most (schema, origin) pairs whose decisions are kept."""

Decisions = tuple[tuple[FieldPath | None, Decision], ...]


class Policy:
    """A profile in force. Keep one and use it for every item: its decisions are cached."""

    def __init__(self, profile: Profile | str = "packet-only") -> None:
        self.profile = load(profile) if isinstance(profile, str) else profile
        self._cache: dict[tuple[AlertSchema, Origin], tuple[Decisions, frozenset[FieldPath]]] = {}

    def decide(self, kind: str, provenance: Provenance) -> Decision:
        """The decision for one leaf or document.

        kind : ``released`` for a leaf reachable in a released alert schema, ``voevent`` for a document
        """
        for rule in self.profile.rules:
            if provenance.origin and rule.origin == provenance.origin.value and rule.schema == kind:
                return Decision(rule.effect, rule.id, rule.clause, rule.reason)
        return DEFAULT_DENY

    @overload
    def release(self, item: Alert, audience: str = PUBLIC) -> Release[Alert]: ...
    @overload
    def release(
        self, item: VOEvent, audience: str = PUBLIC, *, provenance: Provenance
    ) -> Release[VOEvent]: ...

    def release(
        self, item: Alert | VOEvent, audience: str = PUBLIC, *, provenance: Provenance | None = None
    ) -> Release[Alert] | Release[VOEvent]:
        """What of an item the audience may see.

        provenance : of a VOEvent, whose document does not carry one; an alert brings its own
        Raises PolicyError (policy-provenance, policy-withheld) when that is nothing.
        """
        if isinstance(item, VOEvent):
            decision = self.decide("voevent", self._declared(provenance))
            self._require(decision)
            return Release(
                item, audience, self.profile.id, self.profile.sha256, decisions=((None, decision),)
            )
        decisions, withheld = self._alert_decisions(item.schema, self._declared(item.provenance))
        if len(withheld) == len(decisions):
            self._require(decisions[0][1] if decisions else DEFAULT_DENY)
        return Release(item, audience, self.profile.id, self.profile.sha256, withheld, decisions)

    def _alert_decisions(
        self, schema: AlertSchema, provenance: Provenance
    ) -> tuple[Decisions, frozenset[FieldPath]]:
        assert provenance.origin is not None
        key = schema, provenance.origin
        if key not in self._cache:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()  # a stream of ever new schemas must not fill the memory
            decision = self.decide("released", provenance) if schema.key else NOT_RELEASED
            made = tuple((path, decision) for path, _ in leaves(schema.root))
            self._cache[key] = made, frozenset(path for path, found in made if not found.passes)
        return self._cache[key]

    @staticmethod
    def _declared(provenance: Provenance | None) -> Provenance:
        if provenance is None or provenance.origin is None:
            raise PolicyError(
                "policy-provenance",
                "It is not declared where these data came from, so nothing is shown.",
                clause="P26",
            )
        return provenance

    @staticmethod
    def _require(decision: Decision) -> None:
        if not decision.passes:
            raise PolicyError(
                "policy-withheld",
                f"Refused by rule {decision.rule}: {decision.reason}",
                clause=decision.clause,
            )
