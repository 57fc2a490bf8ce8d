"""Take the values of a record by kind, and put what was made of them into order again: each in one call into C."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

__all__ = ["gathered", "in_order", "taker"]

Taker = Callable[[Any], tuple[Any, ...]]


def taker(places: Sequence[int]) -> Taker:
    """A function that takes the values at these places out of a sequence."""
    if len(places) == 1:
        only = places[0]
        return lambda values: (values[only],)
    return itemgetter(*places) if places else lambda _values: ()


def gathered(kinds: Sequence[str], places: Iterable[int], *named: str) -> list[list[int]]:
    """Of these places those of each named kind, and last those of all other kinds."""
    found: dict[str, list[int]] = {kind: [] for kind in (*named, "")}
    for place in places:
        found[kinds[place] if kinds[place] in named else ""].append(place)
    return list(found.values())


def in_order(groups: Iterable[Iterable[int]]) -> Taker:
    """A function that takes values, group after group, in the order of the places in the record."""
    places = [place for group in groups for place in group]
    return taker([places.index(place) for place in sorted(places)])
