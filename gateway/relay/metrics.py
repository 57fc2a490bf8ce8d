"""What is counted: one table, from which the metrics, their documentation and their tests are made.

The names are Prometheus': a total ends with ``_total``, a size with ``_bytes``, a time with ``_seconds``. A label is a
route, a sink or a code, never anything from a packet, so that the number of series is bounded and nothing leaks.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

__all__ = ["METRICS", "Metric", "Metrics"]

Kind = Literal["counter", "gauge", "histogram"]

disable_created_metrics()  # a second series for each, that nobody asks for

PREFIX = "gateway_"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)
"""Bounds of the histogram of delays: Rubin's alerts are one minute old when they come, a night's backlog is hours."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


METRICS = (
    Metric("messages_total", "counter", ("route",), "Messages that came from the source of a route."),
    Metric("received_bytes_total", "counter", ("route",), "Their bytes."),
    Metric("acknowledged_total", "counter", ("route",), "Messages that need not come again."),
    Metric("products_total", "counter", ("route", "output"), "Products made for the sinks of an output."),
    Metric("filtered_total", "counter", ("route", "output"), "Items that an output does not want."),
    Metric("dead_total", "counter", ("route", "code"), "Dead letters, by the code of the error."),
    Metric("under_way", "gauge", ("route",), "Messages that came and are not acknowledged."),
    Metric(
        "delay_seconds",
        "histogram",
        ("route",),
        "From when a message was put into its source to its products.",
    ),
    Metric("delivered_total", "counter", ("sink",), "Products that a sink has accepted."),
    Metric(
        "delivery_failures_total",
        "counter",
        ("sink",),
        "Attempts to deliver that failed, or were not answered.",
    ),
    Metric("sink_failing", "gauge", ("sink",), "1 while a sink takes nothing, 0 otherwise."),
    Metric("queue_bytes", "gauge", ("sink",), "Bytes that wait for a sink in memory."),
    Metric("spool_batches", "gauge", ("sink",), "Batches that wait for a sink on the disk."),
    Metric("spool_bytes", "gauge", ("sink",), "Their bytes."),
    Metric(
        "lag_messages",
        "gauge",
        ("source", "topic", "partition"),
        "Messages in a partition of ours that are not acknowledged yet.",
    ),
    Metric(
        "last_message_timestamp_seconds",
        "gauge",
        ("source",),
        "When the last message came, in seconds since 1970.",
    ),
    Metric("gap_messages_total", "counter", ("source",), "Messages that were gone before they were read."),
    Metric("renewals_total", "counter", ("source",), "Connections made anew because nobody answered."),
    Metric(
        "schema_lookups_total",
        "counter",
        ("found",),
        "Schemas looked for: found in the cache, in the registry, or nowhere.",
    ),
    Metric("vtp_connections", "gauge", ("sink", "role"), "Peers of a VTP broker that are connected."),
    Metric("workers", "gauge", (), "Processes of this gateway that share its work."),
    Metric("build_info", "gauge", ("version", "python", "profile"), "1; the labels say what runs."),
)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {row.name: self._make(row) for row in METRICS}

    def _make(self, row: Metric) -> Counter | Gauge | Histogram:
        name = PREFIX + row.name
        if row.kind == "histogram":
            return Histogram(name, row.help, row.labels, registry=self.registry, buckets=SECONDS)
        if row.kind == "gauge":
            return Gauge(name, row.help, row.labels, registry=self.registry)
        return Counter(name, row.help, row.labels, registry=self.registry)

    def describe(self, version: str, profile: str) -> None:
        """Say what runs, and what the operating system knows of the process (``process_*``)."""
        self.set("build_info", 1, version, platform.python_version(), profile)
        self.set("workers", 1)
        ProcessCollector(registry=self.registry)

    def add(self, name: str, value: float, *labels: str) -> None:
        """Count."""
        made = self._made[name]
        assert isinstance(made, Counter)
        made.labels(*labels).inc(value)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Say how much there is now."""
        made = self._made[name]
        assert isinstance(made, Gauge)
        (made.labels(*labels) if labels else made).set(value)

    def watch(self, name: str, value: Callable[[], float], *labels: str) -> None:
        """Ask how much there is, whenever somebody wants to know."""
        made = self._made[name]
        assert isinstance(made, Gauge)
        made.labels(*labels).set_function(value)

    def drop(self, name: str, *labels: str) -> None:
        """This is not ours any more: a gauge that says nothing beats one that says what was."""
        self._made[name].remove(*labels)

    def values(self, name: str) -> dict[tuple[str, ...], float]:
        """A counter or gauge by its labels, in the order of the table."""
        row = next(row for row in METRICS if row.name == name)
        return {
            tuple(sample.labels[label] for label in row.labels): sample.value
            for family in self._made[name].collect()
            for sample in family.samples
            if not sample.name.endswith("_created")
        }

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Take in one of many values."""
        made = self._made[name]
        assert isinstance(made, Histogram)
        made.labels(*labels).observe(value)

    def value(self, name: str, *labels: str) -> float:
        """What a counter or gauge is at, for tests and status pages; 0 when it was never touched."""
        return self.values(name).get(labels, 0.0)
