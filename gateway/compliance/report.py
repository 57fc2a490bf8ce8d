"""Report: what came of a check. Names of fields and rules, and never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import GatewayError
from gateway.model.audience import Audience
from gateway.policy.rule import EFFECTS, Decision, Effect

__all__ = ["Report", "TargetReport", "Verdict", "count"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one thing.

    name : how people call it, such as ``DiaSource.ra (VALUES)``
    kind : what the policy took it for, such as ``lsst/11.0`` or ``table``
    origin : what is declared, such as ``data-release dp1``
    certainty : of the rule: who read its source
    advice : what to change; empty when it passes
    """

    name: str
    kind: str
    origin: str
    decision: Decision
    certainty: str
    advice: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class TargetReport:
    """One file.

    format : what it was read as; empty when it is of none that is known
    schemas : of alerts, (name, SHA-256 of the canonical form) of those that wrote them
    packets : how many alerts there are
    error : why it could not be read, or not to its end
    """

    name: str
    format: str = ""
    verdicts: Sequence[Verdict] = ()
    schemas: Sequence[tuple[str, str]] = ()
    packets: int = 0
    error: GatewayError | None = None

    @property
    def effect(self) -> Effect:
        """The strictest of all verdicts."""
        return max((verdict.decision.effect for verdict in self.verdicts), key=EFFECTS.index, default="pass")

    @property
    def found(self) -> list[Verdict]:
        """The verdicts about what does not pass."""
        return [verdict for verdict in self.verdicts if not verdict.decision.passes]


@dataclass(frozen=True, slots=True)
class Report:
    """All files, and by which rules they were judged.

    at : the moment for which it was decided, UTC
    manifest_sha256 : empty where nothing was declared
    """

    profile: str
    title: str
    profile_sha256: str
    audience: Audience
    at: datetime
    manifest_sha256: str
    targets: Sequence[TargetReport]

    @property
    def effect(self) -> Effect:
        """The strictest of all verdicts."""
        return max((target.effect for target in self.targets), key=EFFECTS.index, default="pass")

    @property
    def exit_code(self) -> int:
        """0 when everything passes, 1 when something is withheld, 2 when a file could not be read."""
        if any(target.error for target in self.targets):
            return 2
        return int(self.effect != "pass")

    @property
    def conclusion(self) -> str:
        """The verdict in one sentence."""
        unread = sum(target.error is not None for target in self.targets)
        held = sum(bool(target.found) for target in self.targets)
        parts = []
        if unread:
            parts.append(f"{count(unread, 'file')} could not be read")
        if held:
            parts.append(f"{count(held, 'file')} would show what this audience may not see")
        return f"{' and '.join(parts)}." if parts else "This audience may see everything in these files."

    @property
    def tally(self) -> dict[str, int]:
        """How many files there are, how many could not be read, and how many verdicts of each effect."""
        found = Counter(verdict.decision.effect for target in self.targets for verdict in target.verdicts)
        return {
            "targets": len(self.targets),
            "unreadable": sum(target.error is not None for target in self.targets),
            **{effect: found[effect] for effect in EFFECTS},
        }


def count(number: int, what: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
