"""The main job, shown on a simulated visit or on real files: alerts become VOEvents, are checked, and come
back the same."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.codecs.voevent.check import check
from gateway.errors import GatewayError
from gateway.mapping.fast import Minter
from gateway.mapping.minted import CORE_LIMIT
from gateway.mapping.restore import alert_of
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.finding import Severity
from gateway.policy.engine import Policy
from gateway.schema.registry import get
from gateway.simulate import visit

__all__ = ["Step", "run", "simulated"]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what happened. `good` is None for a step that is no test."""

    what: str
    items: int
    seconds: float
    size: int
    good: bool | None
    note: str

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds if self.seconds else 0.0


def simulated(count: int, schema: str = "lsst/11.0", seed: int = 0) -> Iterator[Alert]:
    """The alerts of a simulated visit."""
    return visit(count, seed=seed, schema=get(schema))


def run(alerts: Iterable[Alert], source: str) -> Iterator[Step]:
    """Do the main job on the alerts, a step at a time. The events are test events of the example authority."""
    watch = _Watch()
    packets = list(alerts)
    size = sum(len(alert.payload) for alert in packets)
    yield watch.step(source, len(packets), size, None, _kinds(packets))
    policy = Policy()
    releases = [policy.release(alert) for alert in packets]
    yield watch.step("Ask the policy", len(packets), 0, None, f"profile {policy.profile.id}, audience public")
    documents: list[bytes] = []
    for detail in ("core", "full"):
        minter = Minter(Settings(detail=detail, role="test"))
        documents = [minter.mint(release).data for release in releases]
        largest = max(map(len, documents), default=0)
        good = largest <= CORE_LIMIT if detail == "core" else None
        note = f"largest {largest:,} bytes" + (f"; brokers take {CORE_LIMIT:,}" if detail == "core" else "")
        yield watch.step(f"Make VOEvents, {detail}", len(documents), sum(map(len, documents)), good, note)
        findings = Counter(finding.severity for data in documents for finding in check(data))
        errors, warnings = findings[Severity.ERROR], findings[Severity.WARNING]
        note = f"XSD and rules: {errors} errors, {warnings} warnings"
        yield watch.step(f"Validate them, {detail}", len(documents), 0, errors == 0, note)
    same = sum(_same(document, alert) for document, alert in zip(documents, packets, strict=True))
    note = f"{same} of {len(packets)} give back the same bytes"
    yield watch.step("Make alerts of them", len(packets), size, same == len(packets), note)


class _Watch:
    """Times the steps."""

    def __init__(self) -> None:
        self.start = time.perf_counter()

    def step(self, what: str, items: int, size: int, good: bool | None, note: str) -> Step:
        now = time.perf_counter()
        seconds, self.start = now - self.start, now
        return Step(what, items, seconds, size, good, note)


def _same(document: bytes, alert: Alert) -> bool:
    try:
        return alert_of(document).payload == alert.payload
    except GatewayError:
        return False


def _kinds(packets: list[Alert]) -> str:
    return ", ".join(f"{count} {key}" for key, count in Counter(str(a.schema.key) for a in packets).items())
