"""What the filters of one address may cost, whatever the number of its connections.

Rules
1. Filters are paid for in units of `gateway.filters.xpath.evaluation`, when they are read and when they are asked about
   an event; what was worked out for somebody else before is free, and so is the operator's own.
2. An allowance refills at `MAX_RATE`, up to `MAX_BURST`. One that is used up is closed for `PAUSE`: the filters of that
   address are refused, which is to say that its connections with filters get nothing, and those without all as before.
   Nobody else notices.
3. Who goes away and comes back finds the allowance as it was: it is kept until it is full again.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["MAX_BURST", "MAX_RATE", "PAUSE", "READING", "Allowance", "Allowances"]

MAX_RATE = 1_000_000
"""Units that the filters of one address may cost each second, in the long run: a tenth of a core, for a unit takes a
tenth of a microsecond. A hundred clients, each with a condition of its own on a Param, cost as much at thirteen core
events a second, and LSST sends one in two."""

MAX_BURST = 5_000_000
"""Units that they may cost at once: half a second, in which everybody else waits. A hundred such clients need a third
of it for the twenty events of a visit."""

PAUSE = 60.0
"""Seconds for which filters are refused then: long enough to be noticed, and for a burst many times over."""

READING = 60
"""Units for each character of a filter that is read: the longest takes six milliseconds."""

MAX_KNOWN = 1000
"""Addresses of which it is known what they have used. Beyond so many, those whose allowance is full are forgotten."""


class Allowance:
    """That of one address.

    clock : seconds of a clock that never goes back
    closings : how often it was used up
    """

    __slots__ = ("_at", "_clock", "_left", "_until", "closings")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._at, self._until = clock, clock(), float("-inf")
        self._left: float = MAX_BURST
        self.closings = 0

    @property
    def is_open(self) -> bool:
        """Whether filters are asked (rule 2)."""
        return self._clock() >= self._until

    @property
    def is_full(self) -> bool:
        """Whether there is nothing to remember."""
        return self.is_open and self._refilled() >= MAX_BURST

    def pay(self, units: int) -> None:
        """What a filter has cost. It may be more than was left, once."""
        self._left, self._at = self._refilled() - units, self._clock()
        if self._left < 0 and self.is_open:
            self._until = self._at + PAUSE
            self.closings += 1

    def _refilled(self) -> float:
        return min(MAX_BURST, self._left + (self._clock() - self._at) * MAX_RATE)


class Allowances:
    """Those of all addresses. `closings` counts how often one was used up."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, Allowance] = {}
        self._forgotten = 0

    def of(self, address: str) -> Allowance:
        """That of an address."""
        found = self._known.get(address)
        if found is None:
            if len(self._known) >= MAX_KNOWN:
                self._forget()
            found = self._known[address] = Allowance(self._clock)
        return found

    def _forget(self) -> None:
        """Rule 3."""
        full = [address for address, one in self._known.items() if one.is_full]
        self._forgotten += sum(self._known.pop(address).closings for address in full)

    @property
    def closings(self) -> int:
        """How often allowances were used up."""
        return self._forgotten + sum(one.closings for one in self._known.values())
