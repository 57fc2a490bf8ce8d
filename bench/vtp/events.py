"""Events of a size, as many as are wanted, each with an identifier of its own: LSST's, with as many Params as fit."""

from __future__ import annotations

from dataclasses import replace

from bench import packets
from gateway import convert
from gateway.codecs.voevent import decode, encode
from gateway.model.voevent import Group, VOEvent

__all__ = ["IVORN", "SIZES", "Series"]

SIZES = (2_000, 8_400)
"""Bytes. Historic events have 2 to 3 kB; a core event of LSST without what is null or of no interest has 8.4."""

IVORN = "ivo://org.example/bench#{:010d}"
"""Comet wants a fragment."""


class Series:
    """Events of one size: `event(n)` is the one with that number."""

    def __init__(self, size: int) -> None:
        ivorn = IVORN.format(0)
        whole = replace(_event(), ivorn=ivorn, original=None)
        count = max(n for n in range(_params(whole)) if len(encode(_cut(whole, n))) <= size)
        self._before, _, self._after = encode(_cut(whole, count)).partition(ivorn.encode())
        self.size = len(self.event(0))

    def event(self, number: int) -> bytes:
        """The document."""
        return self._before + IVORN.format(number).encode() + self._after


def _event() -> VOEvent:
    (alert,) = packets.alerts("new", 1)
    document = convert(alert, detail="core", authority="org.example", role="observation")
    assert isinstance(document, bytes)
    return decode(document)


def _params(event: VOEvent) -> int:
    assert event.what is not None
    return sum(isinstance(item, Group) and len(item.items) for item in event.what.items)


def _cut(event: VOEvent, count: int) -> VOEvent:
    """The event with so many of what is in its Groups."""
    assert event.what is not None
    groups = []
    for group in event.what.items:
        if isinstance(group, Group) and count > 0:
            groups.append(replace(group, items=group.items[:count]))
            count -= len(group.items)
    return replace(event, what=replace(event.what, items=tuple(groups)), description=None, how=None)
