"""What a running gateway says of itself: how it goes, and whether it is ready. Values for JSON.

Rules
1. Everything is a name from the configuration, a number, a time or a code: no value of a payload, no secret, nobody's
   name. What is counted is the metrics' (`gateway.relay.metrics`); nothing is counted twice.
2. It is ready when no source says that it has a problem, no sink has failed for `MAX_FAILING` seconds, and nobody has
   told it to stop. Each reason why not is named.
3. Times are UTC, ages and delays in seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from gateway.relay.contract import Connected, Source
from gateway.relay.delivery import Delivery
from gateway.relay.metrics import Metrics
from gateway.relay.route import Route

__all__ = ["FORM", "MAX_FAILING", "Status"]

FORM = "voevent-gateway status 1"

MAX_FAILING = 300
"""Seconds for which a sink may fail before the gateway is not ready: five attempts at the longest pause."""


class Status:
    """Of one process.

    about : what else is said of it, such as versions, and the policy's profile and hash
    stopping : whether it was told to stop
    clock : seconds since 1970
    """

    def __init__(
        self,
        routes: Collection[Route],
        deliveries: Collection[Delivery],
        metrics: Metrics,
        about: Mapping[str, Any],
        stopping: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.metrics = metrics
        self._routes, self._deliveries, self._about = tuple(routes), tuple(deliveries), dict(about)
        self._stopping, self._clock, self._since = stopping, clock, clock()

    def reasons(self) -> list[dict[str, Any]]:
        """Why it is not ready; none when it is (rule 2)."""
        now = self._clock()
        reasons: list[dict[str, Any]] = []
        if self._stopping():
            reasons.append({"what": "gateway", "name": "", "code": "stopping"})
        for source in self._sources:
            if (problem := _problem(source)) is not None:
                reasons.append({"what": "source", "name": source.name, "code": problem})
        for delivery in self._deliveries:
            trouble = delivery.trouble
            if trouble is not None and now - trouble.since >= MAX_FAILING:
                reasons.append(
                    {
                        "what": "sink",
                        "name": delivery.sink.name,
                        "code": trouble.code,
                        "since": _utc(trouble.since),
                    }
                )
        return reasons

    def report(self) -> dict[str, Any]:
        """All of it."""
        now = self._clock()
        reasons = self.reasons()
        return {
            "form": FORM,
            **self._about,
            "time": _utc(now),
            "since": _utc(self._since),
            "up": round(now - self._since, 3),
            "ready": not reasons,
            "reasons": reasons,
            "routes": [self._route(route) for route in self._routes],
            "sources": [self._source(source) for source in self._sources],
            "sinks": [self._sink(delivery) for delivery in self._deliveries],
            "connections": [
                {"sink": sink, "role": role, "count": round(count)}
                for (sink, role), count in self.metrics.values("vtp_connections").items()
            ],
        }

    @property
    def _sources(self) -> list[Source]:
        return list({route.source.name: route.source for route in self._routes}.values())

    def _route(self, route: Route) -> dict[str, Any]:
        return {
            "name": route.name,
            "source": route.source.name,
            "messages": self._count("messages_total", route.name),
            "bytes": self._count("received_bytes_total", route.name),
            "acknowledged": self._count("acknowledged_total", route.name),
            "under_way": route.progress.under_way,
            "dead": {
                code: round(count)
                for (name, code), count in self.metrics.values("dead_total").items()
                if name == route.name
            },
            "outputs": [
                {
                    "name": output.name,
                    "products": self._count("products_total", route.name, output.name),
                    "filtered": self._count("filtered_total", route.name, output.name),
                    "sinks": [delivery.sink.name for delivery in output.deliveries],
                }
                for output in route.outputs
            ],
        }

    def _source(self, source: Source) -> dict[str, Any]:
        last = self.metrics.value("last_message_timestamp_seconds", source.name)
        partitions = [
            {"topic": topic, "partition": partition, "lag": round(lag)}
            for (name, topic, partition), lag in sorted(self.metrics.values("lag_messages").items())
            if name == source.name
        ]
        return {
            "name": source.name,
            "problem": _problem(source),
            "last": _utc(last) if last else None,
            "lag": sum(one["lag"] for one in partitions) if partitions else None,
            "partitions": partitions,
        }

    def _sink(self, delivery: Delivery) -> dict[str, Any]:
        name, trouble, spool = delivery.sink.name, delivery.trouble, delivery.spool
        return {
            "name": name,
            "delivered": self._count("delivered_total", name),
            "failures": self._count("delivery_failures_total", name),
            "dead": sum(
                round(count) for (what, _), count in self.metrics.values("dead_total").items() if what == name
            ),
            "queue_bytes": self._count("queue_bytes", name),
            "spool": {"batches": spool.count, "bytes": spool.bytes} if spool is not None else None,
            "trouble": {**asdict(trouble), "since": _utc(trouble.since)} if trouble is not None else None,
        }

    def _count(self, name: str, *labels: str) -> int:
        return round(self.metrics.value(name, *labels))


def _problem(source: Source) -> str | None:
    return source.problem if isinstance(source, Connected) else None


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
