"""One pointing: the exposure that triggers, the exposures of the twelve months before, and the camera.

Rules
1. Exposures are columns, in the order of time; the last one is the trigger. All alerts of a visit share them,
   as the alerts of a real visit do.
2. A visit is numbered ``<day of observation><sequence>`` as Rubin does, with the year + 5000, so that none
   can be taken for a real one.
3. An LSST id has the bits of a real one: 19 for a counter, 8 for the detector, 15 for the sequence number, 14
   for days since 2010. Above them the real ids of 2025 and 2026 have 2 or 4, and these have 5.
4. The pointing is within 30 deg of the ecliptic and 60 deg of opposition, where minor planets are at night.
5. A camera is a square of detectors without corners (LSST: 25 - 4 rafts of 9) or one quadrant (ZTF).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gateway.simulate.exact import Draws, Floats, cosine, sine

__all__ = ["LSST", "MJD_ZERO", "TILT", "ZTF", "Campaign", "Survey", "lsst_detector", "sun"]

MJD_ZERO = 678576
"""`date.toordinal` of MJD 0."""


TILT = 23.4393
"""Obliquity of the ecliptic, deg."""


def sun(mjd: float) -> float:
    """The mean longitude of the Sun, deg."""
    return (280.46 + 0.9856474 * (mjd - 51544.5)) % 360


@dataclass(frozen=True)
class Survey:
    """How a survey observes.

    error : 1-sigma PSF flux error in each band, nJy (LSST) or DN (ZTF)
    share : how often each band is used
    days, nights, repeats : history kept in a packet, nights with exposures in it, exposures a night
    declination : limits of the pointing, deg
    radius : of the field, deg
    """

    bands: str
    error: tuple[float, ...]
    share: tuple[float, ...]
    days: int
    nights: int
    repeats: int
    declination: tuple[float, float]
    radius: float


LSST = Survey(
    bands="ugrizy",
    error=(220, 120, 130, 220, 350, 700),
    share=(0.07, 0.12, 0.22, 0.23, 0.19, 0.17),
    days=360,
    nights=110,
    repeats=3,
    declination=(-65, 5),
    radius=1.74,
)
ZTF = Survey(
    bands="gri",
    error=(30, 36, 55),
    share=(0.42, 0.48, 0.10),
    days=29,
    nights=27,
    repeats=6,
    declination=(-25, 80),
    radius=0.42,
)


@dataclass(frozen=True)
class Campaign:
    """Exposures of one pointing (rule 1).

    mjd : midpoints, TAI; error : 1-sigma PSF flux error; band : index in `survey.bands`
    day : day of observation (MJD of the local noon before); sequence : number in the night
    """

    survey: Survey
    ra: float
    dec: float
    mjd: Floats
    band: NDArray[np.int64]
    error: Floats
    day: NDArray[np.int64]
    sequence: NDArray[np.int64]

    @classmethod
    def draw(cls, draws: Draws, survey: Survey) -> Campaign:
        """A pointing and its exposures."""
        trigger = draws.integer(61300, 61600)
        offsets = np.argsort(draws.uniforms(survey.days - 1))[: survey.nights] + 1
        nights = np.sort(trigger - offsets)
        exposures = survey.repeats * survey.nights
        start = np.repeat(nights + draws.uniforms(survey.nights, 0.05, 0.30), survey.repeats)
        repeat = np.tile(np.arange(survey.repeats), survey.nights)
        mjd = start + repeat * (draws.uniforms(exposures, 4.4e-4, 6e-4) + 0.02 / survey.repeats)
        mjd = np.append(mjd, trigger + draws.uniform(0.1, 0.3))
        places = np.searchsorted(np.cumsum(survey.share), draws.uniforms(exposures + 1))
        band = np.minimum(places, len(survey.bands) - 1)
        error = np.array(survey.error)[band] * draws.uniforms(exposures + 1, 0.85, 1.6)
        day = np.floor(mjd - 0.5).astype(np.int64)
        sequence = ((mjd - 0.45 - day) * 1100).astype(np.int64) + 1
        ra = (sun(trigger) + draws.uniform(120, 240)) % 360
        ecliptic = TILT * float(sine(np.array([ra / 360]))[0])
        dec = min(max(ecliptic + draws.uniform(-30, 30), survey.declination[0]), survey.declination[1])
        return cls(survey, ra, dec, mjd, band, error, day, sequence)

    @cached_property
    def days(self) -> list[date]:
        """The day of observation of each exposure."""
        return [date.fromordinal(day + MJD_ZERO) for day in self.day.tolist()]

    @cached_property
    def visits(self) -> list[int]:
        """The number of each exposure (rule 2)."""
        numbers = [(day.year + 5000) * 10000 + day.month * 100 + day.day for day in self.days]
        return [number * 100_000 + n for number, n in zip(numbers, self.sequence.tolist(), strict=True)]

    @cached_property
    def _ids(self) -> list[int]:
        day = (self.day + MJD_ZERO - date(2010, 1, 1).toordinal()).tolist()
        return [5 << 56 | d << 42 | n << 27 for d, n in zip(day, self.sequence.tolist(), strict=True)]

    def id(self, at: int, detector: int, counter: int) -> int:
        """The id of something found in an exposure (rule 3)."""
        return self._ids[at] | detector << 19 | counter % (1 << 19)

    def place(self, east: float, north: float) -> tuple[float, float]:
        """Right ascension and declination (deg) at an offset from the centre (deg)."""
        dec = self.dec + north
        return (self.ra + east / cosine(dec)) % 360, dec


_GRID = [(row, column) for row in range(5) for column in range(5) if {row, column} - {0, 4}]
_RAFTS = {raft: number for number, raft in enumerate(_GRID)}


def lsst_detector(east: float, north: float) -> tuple[int, float, float]:
    """Detector and pixel under an offset from the centre of the field (deg); the camera is not rotated."""
    side = 3.5 / 15
    column, row = ((min(max(offset + 1.75, 0), 3.499) / side) for offset in (east, north))
    raft = _RAFTS.get((int(row) // 3, int(column) // 3), 10)
    return raft * 9 + int(row) % 3 * 3 + int(column) % 3, (column % 1) * 4071, (row % 1) * 3999
