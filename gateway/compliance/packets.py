"""Packets: what the rules that ask for rows say of alerts, counted.

Rules
1. Each alert is put to `Policy.release`, whose word holds. Which rule it was, and on how many rows, is asked of the
   conditions themselves.
2. An alert of a schema that is not released is read by the one that the manifest names, or the policy finds.
3. A refusal that the verdicts about its fields explain is not repeated.
"""

from __future__ import annotations

from collections import Counter

from gateway.compliance.advice import of_packets
from gateway.compliance.judge import Judge
from gateway.compliance.report import Verdict
from gateway.errors import AvroError, GatewayError, PolicyError, SchemaError
from gateway.model.alert import Alert
from gateway.model.rejected import Rejected
from gateway.policy.alerts.judge import NOT_RELEASED, nearest
from gateway.policy.rule import Decision
from gateway.schema.project import project

__all__ = ["Packets"]


class Packets:
    """The alerts of one file.

    file : its name, by which the manifest knows it
    explained : whether the verdicts about fields say already why an alert is refused
    """

    def __init__(self, judge: Judge, file: str, explained: bool) -> None:
        self.policy, self.audience, self.manifest = judge.policy, judge.audience, judge.manifest
        self.certain, self.explained = judge.certain, explained
        self.provenance = judge.manifest.of_packets(file)
        self.count = 0
        self.error: GatewayError | None = None
        self._packets: Counter[tuple[str, Decision]] = Counter()
        self._rows: Counter[tuple[str, Decision]] = Counter()

    def add(self, packet: Alert | Rejected) -> None:
        """Judge an alert, or remember why it is none."""
        if isinstance(packet, Rejected):
            self.error = self.error or packet.error
            return
        self.count += 1
        try:
            self._judge(packet)
        except AvroError as error:
            self.error = self.error or error.located(record=packet.provenance.position)

    def verdicts(self) -> list[Verdict]:
        """One verdict a rule that withholds packets, or rows of an array."""
        return [
            Verdict(
                f"{self._rows[place, decision]} rows of {place} in {many}" if place else many,
                "packets",
                "",
                decision,
                self.certain.get(decision.rule, "inferred"),
                of_packets(decision),
            )
            for (place, decision), number in self._packets.items()
            for many in [f"{number} of {self.count} packets"]
        ]

    def _judge(self, alert: Alert) -> None:
        schema = alert.schema
        if schema.key is None:
            target = self.manifest.schema or nearest(schema)
            if target is None:
                return  # rows of some other table; if it is declared to be alerts, its fields are refused as such
            try:
                alert = project(alert, target)[0]
            except SchemaError:
                self._withhold("", NOT_RELEASED)
                return
        held = self.policy.judge(alert.schema, self.provenance, self.audience).held(alert.payload)
        for one in held:
            self._withhold(one.field if one.rows else "", one.rule.decision, len(one.rows or ()))
        try:
            self.policy.release(alert, self.audience)
        except PolicyError as error:
            if not self.explained and all(one.rule.effect == "redact" for one in held):
                self._withhold("", Decision("refuse", "release", error.clause or "P25", error.message))

    def _withhold(self, place: str, decision: Decision, rows: int = 0) -> None:
        self._packets[place, decision] += 1
        self._rows[place, decision] += rows
