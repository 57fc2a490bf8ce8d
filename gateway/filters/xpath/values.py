"""What XPath 1.0 says about numbers and texts (sections 3.4, 3.5 and 4).

Rules
1. A text is a number when it is digits, perhaps with a point, a minus and white space around them; otherwise NaN.
   An exponent is accepted too, as libxml2 and therefore Comet do: VOEvents are full of them.
2. White space is space, tab, carriage return and line feed, and nothing that Unicode adds.
3. The mean of two integers is rounded up: ``round(-2.5)`` is -2.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

__all__ = [
    "COMPARISONS",
    "MIRRORED",
    "divided",
    "half_up",
    "remainder",
    "rounded",
    "spaces_normalized",
    "substring",
    "to_number",
    "translated",
]

_NUMERAL = 100
"""Most characters of a text that is compared as a number: alerts write at most 25."""

_NUMBER = re.compile(r"[ \t\r\n]*(-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)[ \t\r\n]*")
_SPACE = re.compile("[ \t\r\n]+")

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The comparison with its sides changed."""


def to_number(text: str) -> float:
    """The number that a text is, or NaN (rule 1)."""
    found = _NUMBER.fullmatch(text)
    return float(found[1]) if found else math.nan


def divided(dividend: float, divisor: float) -> float:
    """IEEE 754 division: by zero it is infinite, or NaN for 0 and NaN."""
    if divisor:
        return dividend / divisor
    if not dividend or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def remainder(dividend: float, divisor: float) -> float:
    """What ``mod`` gives: with the sign of the dividend."""
    if not divisor or math.isinf(dividend):
        return math.nan
    return math.fmod(dividend, divisor)


def rounded(how: Callable[[float], int], number: float) -> float:
    """A number rounded by `how`; infinities, NaN and the sign of zero stay."""
    return math.copysign(how(number), number) if math.isfinite(number) else number


def half_up(number: float) -> float:
    """The nearest integer (rule 3)."""
    return rounded(lambda x: math.floor(x) + (x - math.floor(x) >= 0.5), number)


def spaces_normalized(text: str) -> str:
    """A text without white space at its ends, and with one space for each white space within (rule 2)."""
    return _SPACE.sub(" ", text).strip(" ")


def substring(text: str, start: float, length: float = math.inf) -> str:
    """The characters from `start` on, counted from 1, `length` of them; both are rounded."""
    first = half_up(start)
    end = first + half_up(length)
    if not first < end:  # also when one is NaN
        return ""
    low, high = max(first, 1), min(end, len(text) + 1)
    return text[int(low) - 1 : int(high) - 1] if low < high else ""


def translated(text: str, characters: str, others: str) -> str:
    """A text with each of some characters replaced by the other in its place, or left out when there is none."""
    table: dict[int, str | None] = {}
    for place, character in enumerate(characters):
        table.setdefault(ord(character), others[place] if place < len(others) else None)
    return text.translate(table)
