"""The main job, shown on a simulated visit or on real files: alerts become VOEvents, are checked, and come
back the same; VOEvents are stored in Avro, and come back the same.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.codecs import voevent_avro
from gateway.codecs.voevent import decode
from gateway.codecs.voevent.check import check
from gateway.errors import GatewayError, PolicyError
from gateway.mapping.fast import Minter
from gateway.mapping.minted import CORE_LIMIT
from gateway.mapping.restore import gives_back
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.finding import Severity
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy
from gateway.policy.release import Release
from gateway.schema.datum import check_datum
from gateway.schema.registry import get
from gateway.simulate import visit

__all__ = ["Step", "Track", "run", "simulated"]

T = TypeVar("T")


class Track(Protocol):
    """Shows how far the work on some items is; ``what`` names them."""

    def __call__(self, what: str, items: Iterable[T], /) -> Iterable[T]:
        """The items."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what happened. `good` is None for a step that is no test; `errors` say what could not be read."""

    what: str
    items: int
    seconds: float
    size: int
    good: bool | None
    note: str
    errors: tuple[GatewayError, ...] = ()

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds if self.seconds else 0.0


def simulated(count: int, schema: str = "lsst/11.0", seed: int = 0) -> Iterator[Alert]:
    """The alerts of a simulated visit."""
    return visit(count, seed=seed, schema=get(schema))


def run(items: Iterable[Alert | Document | Rejected], source: str, track: Track) -> Iterator[Step]:
    """Do the main job on the items, a step at a time. The events made are test events of the example authority.

    source : what the first step is called
    """
    watch = _Watch()
    alerts: list[Alert] = []
    events: list[Document] = []
    errors: list[GatewayError] = []
    for item in track("items", items):
        if isinstance(item, Rejected):
            errors.append(item.error)
        elif isinstance(item, Document):
            events.append(item)
        elif error := _damage(item):
            errors.append(error)
        else:
            alerts.append(item)
    size = sum(len(alert.payload) for alert in alerts) + sum(len(event.data) for event in events)
    note = _kinds(alerts, events, len(errors))
    good = False if errors else None
    yield watch.step(source, len(alerts) + len(events), size, good, note, tuple(errors))
    policy = Policy()
    if alerts:
        yield from _convert(alerts, policy, track, watch)
    if events:
        stored = sum(_stored(event, policy) for event in track("VOEvents stored and taken out", events))
        note = f"{stored} of {len(events)} give back the same bytes"
        yield watch.step("Store VOEvents in Avro and back", len(events), 0, stored == len(events), note)


def _convert(alerts: list[Alert], policy: Policy, track: Track, watch: _Watch) -> Iterator[Step]:
    releases = [release for alert in alerts if (release := _released(alert, policy))]
    withheld = len(alerts) - len(releases)
    note = f"profile {policy.profile.id}, audience public" + (
        f"; {withheld} withheld, see `gateway convert --project`" if withheld else ""
    )
    yield watch.step("Ask the policy", len(alerts), 0, None, note)
    if not releases:
        return
    documents: list[bytes] = []
    for detail in ("core", "full"):
        minter = Minter(Settings(detail=detail, role="test"))
        documents = [minter.mint(release).data for release in track(f"VOEvents made, {detail}", releases)]
        largest = max(map(len, documents))
        good = largest <= CORE_LIMIT if detail == "core" else None
        note = f"largest {largest:,} bytes" + (f"; brokers take {CORE_LIMIT:,}" if detail == "core" else "")
        yield watch.step(f"Make VOEvents, {detail}", len(documents), sum(map(len, documents)), good, note)
        checked = track(f"VOEvents validated, {detail}", documents)
        findings = Counter(finding.severity for data in checked for finding in check(data))
        errors, warnings = findings[Severity.ERROR], findings[Severity.WARNING]
        note = f"XSD and rules: {errors} errors, {warnings} warnings"
        yield watch.step(f"Validate them, {detail}", len(documents), 0, errors == 0, note)
    payloads = [release.original() for release in releases]
    pairs = list(zip(documents, payloads, strict=True))
    same = sum(gives_back(document, payload) for document, payload in track("alerts made of them", pairs))
    note = f"{same} of {len(pairs)} give back the same bytes"
    yield watch.step("Make alerts of them", len(pairs), sum(map(len, payloads)), same == len(pairs), note)


class _Watch:
    """Times the steps."""

    def __init__(self) -> None:
        self.start = time.perf_counter()

    def step(
        self,
        what: str,
        items: int,
        size: int,
        good: bool | None,
        note: str,
        errors: tuple[GatewayError, ...] = (),
    ) -> Step:
        now = time.perf_counter()
        seconds, self.start = now - self.start, now
        return Step(what, items, seconds, size, good, note, errors)


def _damage(alert: Alert) -> GatewayError | None:
    """What is wrong with the bytes of an alert."""
    try:
        check_datum(alert.schema, alert.payload)
    except GatewayError as error:
        return error.located(input=alert.provenance.source, record=alert.provenance.position)
    return None


def _released(alert: Alert, policy: Policy) -> Release[Alert] | None:
    try:
        return policy.release(alert)
    except PolicyError:
        return None


def _stored(event: Document, policy: Policy) -> bool:
    """Whether a VOEvent comes out of Avro as it went in."""
    try:
        release = policy.release(decode(event.data), provenance=event.provenance)
        return voevent_avro.decode(voevent_avro.encode(release.item)).original == event.data
    except GatewayError:
        return False


def _kinds(alerts: list[Alert], events: list[Document], refused: int) -> str:
    kinds = Counter(str(alert.schema.key or "in a schema that is not released") for alert in alerts)
    kinds |= {name: count for name, count in (("VOEvents", len(events)), ("unreadable", refused)) if count}
    return ", ".join(f"{count} {kind}" for kind, count in kinds.items())
