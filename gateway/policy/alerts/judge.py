"""The decision about each field of an alert, and what of a packet is left.

Rules
1. Each leaf reachable from the root of a released schema is decided, once a schema. Rules with conditions are put to
   each packet.
2. A leaf that must be redacted is made blank, a row is removed, an image is made again; where nothing was taken away
   the payload is the same object. A leaf that must be refused, a condition that refuses, and when nothing passes:
   all of it is refused.
3. An image says in its header where it is, so it is as restricted as the position of the trigger (P26).
4. A packet whose schema is not a released one but bears the name of a released major version is read by the
   nearest released one, by structure; what that does not have stays behind (P25). Any other is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import NoReturn

from gateway.errors import AvroError, PolicyError, SchemaError
from gateway.model.alert import Alert, AlertSchema, SchemaKey
from gateway.model.audience import Audience
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Provenance
from gateway.policy.alerts.conditions import Conditions, Held
from gateway.policy.alerts.stamps import Stamps, is_about_stamps
from gateway.policy.profile import Profile
from gateway.policy.reach import stamps_of
from gateway.policy.rule import Decision, Resource, Rule, strictest
from gateway.policy.verdict import UNDECLARED, at, changes, explain
from gateway.schema import registry
from gateway.schema.project import project
from gateway.schema.raw import Raw
from gateway.schema.splice import Edit, Splicer, blanks

__all__ = ["NOT_RELEASED", "AlertJudge", "Left", "nearest", "read_by_released", "refuse"]

NOT_RELEASED = Decision(
    "refuse",
    "default-deny",
    "P25",
    "The schema that wrote this is not a released alert schema, so no field of it is known to be public.",
)

_ROOT_NAME = re.compile(r"lsst\.v(\d+)_(\d+)\.alert\Z")

Decided = tuple[tuple[FieldPath, Decision], ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a packet.

    rows, remade : how many rows were removed and images made again
    rules : how often each rule took something away
    """

    payload: bytes
    rows: int
    remade: int
    rules: Counter[str]


class AlertJudge:
    """Decides about the alerts of one schema that come from one place, until `until`.

    decisions : about each leaf
    withheld : the leaves that do not pass
    """

    def __init__(
        self,
        profile: Profile,
        schema: AlertSchema,
        provenance: Provenance,
        audience: Audience,
        moment: datetime,
    ) -> None:
        assert schema.key is not None
        version = schema.key.major, schema.key.minor
        found = {
            path: explain(
                profile, Resource(schema.key.family, path, version), at(provenance, path), audience, moment
            )
            for path, _ in leaves(schema.root)
        }
        rules: dict[Rule, None] = {}
        for one in found.values():
            rules |= dict.fromkeys(one.conditional)
        self.decisions = _with_positions({path: one.decision for path, one in found.items()}, schema)
        self.withheld = frozenset(path for path, decision in self.decisions if not decision.passes)
        self._rules = Counter(decision.rule for _, decision in self.decisions if not decision.passes)
        worst = strictest([decision for _, decision in self.decisions])
        hopeless = worst.effect != "pass" and worst.effect != "redact"
        self._refusal = worst if hopeless or len(self.withheld) == len(self.decisions) else None
        self._conditions = Conditions(schema, [rule for rule in rules if not is_about_stamps(rule)])
        self._stamps = Stamps(schema, [rule for rule in rules if is_about_stamps(rule)])
        self._root = schema.root
        self._blank = Splicer(schema.root, blanks(schema.root, self.withheld)) if self.withheld else None
        parts = [provenance, *(other for _, other in provenance.fields)]
        moments = [change for part in parts if (change := changes(profile, part, moment)) is not None]
        self.until = min(moments, default=None)

    def __call__(self, payload: bytes) -> Left | None:
        """What is left of a packet; None when that is all of it.

        Raises PolicyError when it is nothing, and AvroError for a damaged packet.
        """
        if self._refusal is not None:
            refuse(self._refusal)
        held, edits = self._held(payload)
        if not held and self._blank is None:
            return None
        rules, gone = self._rules, _gone(held)
        if held:
            worst = strictest([one.rule.decision for one in held])
            if worst.effect != "redact":
                refuse(worst)
            rules = rules.copy()
            for one in held:
                rules[one.rule.id] += len(one.rows or (1,))
            changed: dict[str, Edit | bytes] = {name: _without_rows(rows) for name, rows in gone.items()}
            payload = Splicer(self._root, changed | edits)(payload)
        if self._blank is not None:
            payload = self._blank(payload)
        return Left(payload, sum(map(len, gone.values())), len(edits), rules)

    def held(self, payload: bytes) -> list[Held]:
        """The rules whose conditions hold of a packet. Raises AvroError for a damaged one."""
        return self._held(payload)[0]

    def _held(self, payload: bytes) -> tuple[list[Held], dict[str, Edit]]:
        held = self._conditions(payload)
        if not self._stamps:
            return held, {}
        more, edits = self._stamps(payload)
        return held + more, edits


def _with_positions(found: dict[FieldPath, Decision], schema: AlertSchema) -> Decided:
    """Rule 3."""
    positions = (FieldPath(steps) for steps in product(("diaSource", "candidate"), ("ra", "dec", "decl")))
    hidden = [found[path] for path in positions if path in found and not found[path].passes]
    stamps = stamps_of(schema)
    return tuple(
        (path, strictest([*hidden, one]) if path.top in stamps else one) for path, one in found.items()
    )


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


def refuse(decision: Decision) -> NoReturn:
    """Raise the PolicyError that a decision is."""
    if decision.clause == UNDECLARED.clause and decision.rule.endswith(UNDECLARED.rule):
        raise PolicyError(
            "policy-provenance",
            "It is not declared where these data came from, so nothing is shown.",
            clause="P26",
        )
    code = "policy-quarantine" if decision.effect == "quarantine" else "policy-withheld"
    raise PolicyError(code, f"Refused by rule {decision.rule}: {decision.reason}", clause=decision.clause)


def read_by_released(alert: Alert) -> tuple[Alert, tuple[str, ...]]:
    """The alert in a released schema, and what stays behind (rule 4). Raises PolicyError."""
    schema = nearest(alert.schema)
    if schema is None:
        refuse(NOT_RELEASED)
    try:
        read, beyond = project(alert, schema)
    except (SchemaError, AvroError):
        refuse(NOT_RELEASED)
    return replace(read, framing=alert.framing), beyond


def nearest(schema: AlertSchema) -> AlertSchema | None:
    """The released schema nearest to the one whose name a schema bears: of its major version the last before it."""
    name = _ROOT_NAME.match(schema.name)
    if name is None:
        return None
    wanted = SchemaKey("lsst", int(name[1]), int(name[2]))
    first = replace(wanted, minor=0)
    earlier = [key for key in registry.keys() if first <= key <= wanted]  # noqa: SIM118 - a function, not a dict
    return registry.get(earlier[-1]) if earlier else None
