"""Which offsets of which partition are under way, done, and committed.

Rules
1. A partition is held for a term: from when it was assigned until it is taken away, lost, or read again. What belongs
   to another term than the present one counts for nothing: somebody else, or we ourselves, read it again.
2. Of a partition messages are given in order and acknowledged in order, so the last one says it for all before it.
3. What is committed is the offset that comes after the last acknowledged one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Key", "Ledger", "Place"]

Key = tuple[str, int]
"""Topic and partition."""


class Place(NamedTuple):
    """A message's position: a Position of `gateway.relay.message`."""

    topic: str
    partition: int
    offset: int
    term: int


@dataclass(slots=True)
class _Held:
    """A partition: the first offset given, and those after the last one given, acknowledged and committed; -1 when
    there is none yet."""

    term: int
    first: int = -1
    given: int = -1
    acknowledged: int = -1
    committed: int = -1


class Ledger:
    """The partitions that we hold. It knows no thread: whoever shares it locks it."""

    def __init__(self) -> None:
        self._held: dict[Key, _Held] = {}
        self._terms = 0

    def assign(self, keys: Iterable[Key]) -> None:
        """Hold these, from now on."""
        for key in keys:
            self._terms += 1
            self._held[key] = _Held(self._terms)

    def release(self, keys: Iterable[Key]) -> None:
        """Hold these no more."""
        for key in keys:
            self._held.pop(key, None)

    @property
    def keys(self) -> list[Key]:
        """What is held."""
        return list(self._held)

    def term(self, key: Key) -> int | None:
        """The present term of a partition, None when it is not held."""
        held = self._held.get(key)
        return None if held is None else held.term

    def acknowledged(self, key: Key) -> int:
        """The offset after the last acknowledged one, -1 when there is none in this term."""
        held = self._held.get(key)
        return -1 if held is None else held.acknowledged

    def resume(self, key: Key) -> int:
        """The offset of the first message that is not acknowledged; -1 when none was given."""
        held = self._held[key]
        return held.acknowledged if held.acknowledged >= 0 else held.first

    def give(self, place: Place) -> None:
        """This goes to the route."""
        held = self._held.get(place[:2])
        if held is not None and held.term == place.term:
            held.given = place.offset + 1
            if held.first < 0:
                held.first = place.offset

    def acknowledge(self, places: Iterable[Place]) -> None:
        """These are done (rules 1 and 2)."""
        for place in places:
            held = self._held.get(place[:2])
            if held is not None and held.term == place.term:
                held.acknowledged = place.offset + 1

    def holds(self, places: Iterable[Place]) -> bool:
        """Whether all of these are of present terms."""
        return all(self.term(place[:2]) == place.term for place in places)

    def under_way(self, keys: Iterable[Key]) -> bool:
        """Whether something of these partitions was given and not acknowledged."""
        return any(
            held.given > held.acknowledged for key in keys if (held := self._held.get(key)) is not None
        )

    def due(self, keys: Iterable[Key] | None = None) -> list[tuple[str, int, int]]:
        """(topic, partition, offset) of what is acknowledged and not committed, of some or of all. They count as
        committed now; `failed` takes it back."""
        due = []
        for key in list(self._held) if keys is None else keys:
            held = self._held.get(key)
            if held is not None and held.acknowledged > held.committed:
                held.committed = held.acknowledged
                due.append((*key, held.acknowledged))
        return due

    def failed(self, keys: Iterable[Key]) -> None:
        """A commit of these failed: they are due again."""
        for key in keys:
            if (held := self._held.get(key)) is not None:
                held.committed = -1
