"""Whether an annotation repeats a number that is withheld (clause P15, L16): then it is a copy, no derived product.

Rules
1. A number is repeated when it stands there again, rounded or not, with either sign, in another unit (powers of ten,
   degrees, radians, hours, arcseconds), as a magnitude of a flux or the reverse, or as another count of days (MJD, JD).
2. Both must have digits enough that this is no accident: `DIGITS` in the annotation, one less in what is withheld.
   Whole numbers are identifiers and counts, and not looked at.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from gateway.policy.rule import Decision

__all__ = ["COPIED", "DIGITS", "Copies"]

DIGITS = 5

COPIED = Decision(
    "refuse",
    "copied-value",
    "P15",
    "An annotation repeats a number that is withheld, as it is or converted, so it is no derived product.",
)

_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![\w.])")
_RADIANS = math.pi / 180
_FACTORS = (*(10.0**power for power in range(-12, 13)), _RADIANS, 3600, 15, 3600 * _RADIANS, 3600 * 15)
_ZERO_POINTS = (31.4, 23.9, 8.9)
"""AB magnitudes of 1 nJy, 1 uJy and 1 Jy."""
_JD_OF_MJD = 2400000.5


class Copies:
    """Finds the numbers of some texts in others."""

    def __init__(self, withheld: Iterable[str]) -> None:
        numbers = (number for text in withheld for number in _NUMBER.findall(text))
        self._numbers = sorted(float(number) for number in numbers if _digits(number) >= DIGITS - 1)

    def in_text(self, text: str) -> bool:
        """Whether a text repeats one of the numbers."""
        return any(self._has(number) for number in _NUMBER.findall(text) if _digits(number) >= DIGITS)

    def _has(self, number: str) -> bool:
        value, half = float(number), _half_a_place(number)
        for ends in zip(_before(value - half), _before(value + half), strict=True):
            place = bisect_left(self._numbers, min(ends))
            if place < len(self._numbers) and self._numbers[place] <= max(ends):
                return True
        return False


def _before(x: float) -> Iterator[float]:
    """All that a number may have been before it became this one (rule 1). Each rises or falls with it."""
    for factor in _FACTORS:
        yield from (x / factor, x * factor, -x / factor, -x * factor)
    for zero in _ZERO_POINTS:
        yield 10 ** ((zero - x) / 2.5) if abs(x) < 100 else math.inf
        yield zero - 2.5 * math.log10(x) if x > 0 else math.inf
    yield from (x + _JD_OF_MJD, x - _JD_OF_MJD)


def _digits(number: str) -> int:
    """How many digits of a number say something."""
    return len(re.split("[eE]", number)[0].lstrip("+-").replace(".", "").strip("0"))


def _half_a_place(number: str) -> float:
    """Half a unit in the last place that is written, and a little for the rounding of our own."""
    mantissa, _, power = number.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    return 0.5000001 * 10.0 ** min(int(power or 0) - places, 300)
