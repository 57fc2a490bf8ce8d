"""Contenders take turns in one process, several rounds, so that a busy machine slows all of them alike.

Rules
1. Time is CPU time of this process (`time.process_time`): what other programs do to the clock on the wall is left out.
   What they do to caches and clock rates is not, hence rule 2.
2. A ratio is made of two times of the same round. The median of the ratios is reported, with the smallest and largest.
3. In its turn a contender goes over all items as often as it needs to fill `TURN` seconds. A first pass, which
   finds out how often that is, is not counted.
4. The order of the turns moves by one each round.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["TURN", "Ratio", "race", "ratio"]

TURN = 0.2
"""CPU seconds of a turn, at least."""


@dataclass(frozen=True)
class Ratio:
    """How many times faster: the median over the rounds, and the extremes."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.least)}–{_short(self.most)})"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 20 else f"{number:.1f}"


def race(
    contenders: dict[str, Callable[[Any], Any]],
    items: dict[str, Sequence[Any]],
    rounds: int,
    turn: float = TURN,
) -> dict[str, list[float]]:
    """CPU microseconds an item of each contender, one number a round. `items` are those of each contender."""
    names = list(contenders)
    passes = {name: max(1, round(turn / _turn(contenders[name], items[name], 1))) for name in names}
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            seconds = _turn(contenders[name], items[name], passes[name])
            found[name].append(seconds / passes[name] / len(items[name]) * 1e6)
    return found


def _turn(work: Callable[[Any], Any], items: Sequence[Any], passes: int) -> float:
    gc.collect()
    start = time.process_time()
    for _ in range(passes):
        for item in items:
            work(item)
    return max(time.process_time() - start, 1e-6)


def ratio(slow: Sequence[float], fast: Sequence[float]) -> Ratio:
    """How many times faster the second is, round by round (rule 2)."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))
