"""Shortest decimal text of 32- and 64-bit floats, one spelling for ever.

Rules
1. The digits are the fewest that give the number back at its own width; of several such, those nearest to it.
2. From 2**-15 to below 2**41 in size (2**49 for 64 bits), and for zero, the text is positional and has a decimal
   point: ``63.25``, ``-0.0``.
3. Outside, it is scientific: ``8.66e-12``, ``1e13``. No plus sign, no padding.
4. Not-a-number is ``NaN``, infinities are ``INF`` and ``-INF`` (the spelling of xs:float, which VE-26 also
   reads).

The digits come from orjson, which writes a whole array at once, 15 times faster than numpy writes scalars. How orjson
spells an exponent has changed between its versions; rules 2 and 3 are therefore applied here, and the text does not
depend on the library's version. `reference_text` says the same slowly, from numpy and Python alone.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from decimal import Decimal
from itertools import compress
from typing import Any

import numpy as np
import orjson

__all__ = ["bytes32", "bytes64", "reference_text", "some_midway", "text64", "texts32", "texts64"]

_LEAST = 2.0**-15
_LIMIT = {32: 2.0**41, 64: 2.0**49}
_DOUBLE, _LOW = struct.Struct("<d"), struct.Struct("<I")

# The bounds of rule 2 are chosen so that the last byte of a float, its sign and the upper bits of its exponent,
# tells on which side of them it is. A table marks the bytes of floats that may need another text than orjson's.
_MARKS32 = bytes(not 56 <= byte & 0x7F <= 83 for byte in range(256))
_MARKS64 = bytes(not 63 <= byte & 0x7F <= 66 for byte in range(256))
_FLOAT32 = np.dtype("<f4")


def texts32(data: bytes) -> list[bytes]:
    """The texts of little-endian 32-bit floats that follow each other in `data`."""
    return _texts(np.frombuffer(data, _FLOAT32), data[3::4].translate(_MARKS32)) if data else []


def texts64(data: bytes) -> list[bytes]:
    """The texts of little-endian 64-bit floats that follow each other in `data`."""
    return _texts(struct.unpack(f"<{len(data) // 8}d", data), data[7::8].translate(_MARKS64)) if data else []


def text64(number: float) -> str:
    """The text of one 64-bit float."""
    size = abs(number)
    if 1e-4 <= size < 2.0**49:
        return repr(number)  # which is positional there
    if not 0 < size < 1e-4:
        return texts64(_DOUBLE.pack(number))[0].decode()
    mantissa, _, exponent = repr(number).partition("e")
    if size < _LEAST:
        return f"{mantissa}e{int(exponent)}"
    sign = "-" if number < 0 else ""
    return f"{sign}0.0000{mantissa.lstrip('-').replace('.', '')}"


def _texts(numbers: Sequence[float] | np.ndarray[Any, Any], marks: bytes) -> list[bytes]:
    texts = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    for place in compress(range(len(texts)), marks):
        text = texts[place]
        if text[:5] == b"0.000":
            digits = text[2:].lstrip(b"0")
            point = b"." if len(digits) > 1 else b""
            texts[place] = b"%b%b%be-%d" % (digits[:1], point, digits[1:], len(text) - 1 - len(digits))
        elif text != b"0.0" and not _SPELLED(text) and text != b"-0.0":
            texts[place] = _special(float(numbers[place])) if text == b"null" else _scientific(text)
    return texts


def _special(number: float) -> bytes:
    return b"NaN" if number != number else b"INF" if number > 0 else b"-INF"


_SPELLED = re.compile(rb"-?[1-9](?:\.[0-9]*[1-9])?e(?:-?[1-9][0-9]*|0)\Z").match


def _scientific(text: bytes) -> bytes:
    """Another spelling of a finite number, as rule 3 spells it."""
    sign = b"-" if text[:1] == b"-" else b""
    mantissa, _, exponent = text.lstrip(b"-").partition(b"e")
    whole, _, fraction = mantissa.partition(b".")
    digits = (whole + fraction).lstrip(b"0")
    power = int(exponent or 0) + len(digits) - 1 - len(fraction)
    digits = digits.rstrip(b"0")
    point = b"." if len(digits) > 1 else b""
    return b"%b%b%b%be%d" % (sign, digits[:1], point, digits[1:], power)


def reference_text(number: float, *, bits: int) -> str:
    """The text of one number, by rules 1 to 4 literally. `bits` is 32 or 64."""
    if not math.isfinite(number):
        return _special(number).decode()
    if number == 0:
        return "-0.0" if math.copysign(1, number) < 0 else "0.0"
    shortest = np.format_float_scientific(np.float32(number), unique=True) if bits == 32 else repr(number)
    sign, digit_tuple, exponent = Decimal(shortest).normalize().as_tuple()
    assert isinstance(exponent, int)
    digits, minus = "".join(map(str, digit_tuple)), "-" * sign
    power = exponent + len(digits) - 1
    if not _LEAST <= abs(number) < _LIMIT[bits]:
        return f"{minus}{digits[0]}{'.' if len(digits) > 1 else ''}{digits[1:]}e{power}"
    if power < 0:
        return f"{minus}0.{'0' * (-power - 1)}{digits}"
    whole = digits[: power + 1].ljust(power + 1, "0")
    return f"{minus}{whole}.{digits[power + 1 :] or '0'}"


def bytes32(text: str | bytes) -> bytes:
    """The little-endian 32-bit float that a text means. Raises ValueError; too large a number is one too."""
    number = float(text)
    # Rounding twice goes wrong when the nearest double is midway between two floats and the text is not: of all
    # shortest texts that is 7.038531e-26. A midpoint of normal floats ends in a 1 and 28 zeros.
    (low,) = _LOW.unpack_from(_DOUBLE.pack(number))
    if low & 0x0FFFFFFF == 0 and (low & 0x10000000 or 0 < abs(number) < 2.0**-126):
        exact = Decimal(text if isinstance(text, str) else text.decode("ascii"))
        if exact != number:
            number = math.nextafter(number, math.inf if exact > number else -math.inf)
    try:
        return struct.pack("<f", number)
    except OverflowError:
        raise ValueError("a number is too large for a 32-bit float") from None


def some_midway(numbers: Sequence[float]) -> bool:
    """Whether the rounding of one of these doubles to 32 bits could go wrong, as `bytes32` says."""
    data = struct.pack(f"<{len(numbers)}d", *numbers)
    if any(compress(numbers, data[7::8].translate(_SUBNORMAL))):
        return True
    starts = compress(range(0, len(data), 8), data[3::8].translate(_MIDWAY))
    return any(data[start : start + 3] == b"\0\0\0" for start in starts)


# Of a double's bytes the fourth tells whether bits 24 to 28 are those of a midpoint, the last whether it is so small
# that it may be a subnormal 32-bit float.
_MIDWAY = bytes(byte & 0x1F == 0x10 for byte in range(256))
_SUBNORMAL = bytes(byte & 0x7F <= 0x38 for byte in range(256))


def bytes64(text: str | bytes) -> bytes:
    """The little-endian 64-bit float that a text means. Raises ValueError."""
    return struct.pack("<d", float(text))
