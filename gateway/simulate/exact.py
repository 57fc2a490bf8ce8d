"""Random draws and functions that give the same bits on every machine, in every version of Python and numpy.

Rules
1. numpy promises the stream of a bit generator for ever, but not those of `Generator`'s distributions
   (NEP 19). All draws are made here from the raw words of PCG64.
2. Addition, multiplication, division and square root are the same everywhere (IEEE 754); sine, exponential
   and logarithm are not, nor is the order in which `numpy.sum` adds. So: polynomials instead of the first,
   `math.fsum` instead of the last, and rounding where a logarithm or an arc tangent cannot be avoided.
3. A stream has a key, (seed, number of the alert): alerts can be made in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum
from statistics import NormalDist
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws", "Floats", "cosine", "magnitude", "sine"]

Floats = NDArray[np.float64]
T = TypeVar("T")

_NORMAL: Floats = np.array([round(NormalDist().inv_cdf((i + 0.5) / 4096), 5) for i in range(4096)])
"""The quantiles of the normal distribution in 4096 equal steps; none is further out than 3.7 sigma."""


class Draws:
    """A stream of random numbers with a key of non-negative integers."""

    def __init__(self, *key: int) -> None:
        self._words: Callable[..., Any] = np.random.PCG64(np.random.SeedSequence(key)).random_raw

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """One number, low <= number < high."""
        fraction: float = (self._words() >> 11) * 2.0**-53
        return low + (high - low) * fraction

    def uniforms(self, size: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """As `uniform`, `size` of them."""
        fractions: Floats = (self._words(size) >> np.uint64(11)) * 2.0**-53
        return low + (high - low) * fractions

    def integer(self, low: int, high: int) -> int:
        """One integer, low <= integer <= high."""
        return low + int(self.uniform(0, high - low + 1))

    def integers(self, size: int, low: int, high: int) -> NDArray[np.int64]:
        """As `integer`, `size` of them."""
        return low + self.uniforms(size, 0, high - low + 1).astype(np.int64)

    def normals(self, size: int) -> Floats:
        """Normally distributed numbers of mean 0 and standard deviation 1, within 3.7 (rule 1)."""
        words = self._words((size + 3) // 4).astype("<u8")
        found: Floats = _NORMAL[words.view("<u2")[:size] & 4095]
        return found

    def normal(self) -> float:
        """One of `normals`."""
        return float(_NORMAL[self._words() & 4095])

    def chance(self, probability: float) -> bool:
        """True this often."""
        return self.uniform() < probability

    def choice(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """One of the items, each as often as its weight says."""
        place = self.uniform(0, fsum(weights))
        for item, weight in zip(items, weights, strict=True):
            place -= weight
            if place < 0:
                return item
        return items[-1]


def sine(turns: Floats) -> Floats:
    """The sine of angles given in turns (360 deg), to 1e-9."""
    x = turns - np.rint(turns)
    x = np.where(x > 0.25, 0.5 - x, np.where(x < -0.25, -0.5 - x, x)) * 6.283185307179586
    square = x * x
    series = np.ones_like(x)
    for factor in (156, 110, 72, 42, 20, 6):
        series = 1 - series * square / factor
    return x * series


def cosine(degrees: float) -> float:
    """The cosine of one angle in degrees, to 1e-9."""
    return float(sine(np.array([degrees / 360 + 0.25]))[0])


def magnitude(flux: Floats, zero: float) -> Floats:
    """Magnitudes of positive fluxes, rounded to 1e-4 (rule 2)."""
    return np.round(zero - 2.5 * np.log10(flux), 4)
