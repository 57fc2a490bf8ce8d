"""Reads numbers the way VOEvent tells every reader to, never raising (section 3.3.1.5; VE-26 and VE-27).

Rules
1. ``float``: a signed decimal or floating point number in optional whitespace, or a signed ``nan`` or ``inf``
   in any case. What cannot be read is NaN; the standard allows 0 too, which would look like a measurement.
2. ``int``: a signed decimal number in optional whitespace. A floating point number is truncated towards zero.
   What cannot be read is 0, because the standard says so.
3. Python reads more than the standard (``1_000``, other scripts' digits), so the text is matched first.
"""

from __future__ import annotations

import math
import re

__all__ = ["is_float", "is_int", "param_float", "param_int"]

_INT = re.compile(r"\s*([+-]?[0-9]+)\s*\Z")
_NUMBER = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*\Z")
_SPECIAL = re.compile(r"\s*([+-]?(?:nan|inf(?:inity)?))\s*\Z", re.I)
_MAX_DIGITS = 4000
"""Python refuses to read integers of more than 4300 digits; no reader needs one."""


def is_float(text: str) -> bool:
    """Whether a text is what VE-26 asks for."""
    return bool(_NUMBER.match(text) or _SPECIAL.match(text))


def is_int(text: str) -> bool:
    """Whether a text is what VE-27 asks for (``1.5`` is not, although readers truncate it)."""
    return bool(_INT.match(text))


def param_float(text: str | None) -> float:
    """The value of a ``dataType="float"``; NaN when there is none."""
    match = (_NUMBER.match(text) or _SPECIAL.match(text)) if text else None
    return float(match[1]) if match else math.nan


def param_int(text: str | None) -> int:
    """The value of a ``dataType="int"``; 0 when there is none."""
    if not text:
        return 0
    if match := _INT.match(text):
        return int(match[1]) if len(match[1]) <= _MAX_DIGITS else 0
    value = param_float(text)
    return int(value) if math.isfinite(value) else 0
