"""TAI days to UTC text, with leap seconds (IERS Bulletin C, from the table that ERFA carries).

Rules
1. A TAI MJD is split into its day, exactly, and microseconds of the day, rounded: a double's quantum at today's
   dates is 0.63 microseconds, so nothing is lost that the text could show. The raw number stays the exact
   value.
2. An instant inside an inserted second is written with second 60.
3. UTC before 1972 did not have whole leap seconds; such times, and those after the year 9999, have no text
   here.
4. Never `Time(mjd, scale="tai").iso`: that prints TAI as if it were UTC, off by 37 s.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import lru_cache

import erfa

__all__ = ["tai_mjd_to_utc", "tai_unix_micros_to_utc", "utc_jd_to_utc"]

_DAY = 86_400_000_000
_MJD_ZERO = datetime(1858, 11, 17)
_FIRST, _LAST = 41_317, 2_973_484  # 1972-01-01, 10000-01-01


def _steps() -> tuple[list[int], list[int]]:
    """When (TAI microseconds since MJD 0) the offset TAI - UTC became how many seconds, from 1972 on."""
    table = [(int(y), int(m), round(float(s))) for y, m, s in erfa.leap_seconds.get() if y >= 1972]
    starts = [((datetime(y, m, 1) - _MJD_ZERO).days * 86_400 + s) * 1_000_000 for y, m, s in table]
    return starts, [s for _, _, s in table]


_STARTS, _OFFSETS = _steps()


def _text(micros: int) -> str:
    """The text of UTC microseconds since MJD 0."""
    return (_MJD_ZERO + timedelta(0, 0, micros)).isoformat("T", "microseconds")


def _tai_micros_to_utc(micros: int) -> str | None:
    step = bisect_right(_STARTS, micros) - 1
    if step < 0 or micros >= _LAST * _DAY:
        return None
    utc = micros - _OFFSETS[step] * 1_000_000
    if step + 1 < len(_STARTS) and micros >= _STARTS[step + 1] - 1_000_000 * (
        _OFFSETS[step + 1] - _OFFSETS[step]
    ):
        second_59 = _text(utc - 1_000_000)
        return f"{second_59[:17]}60{second_59[19:]}"
    return _text(utc)


# The alerts of a visit were observed at one time, and those of a detector were processed at one.
@lru_cache(maxsize=1024)
def tai_mjd_to_utc(mjd: float) -> str | None:
    """ISO 8601 text (UTC, 6 decimals, no zone) of a TAI Modified Julian Date; None where rule 3 says so."""
    if not _FIRST <= mjd < _LAST:
        return None
    day = int(mjd)
    return _tai_micros_to_utc(day * _DAY + round((mjd - day) * _DAY))


def tai_unix_micros_to_utc(micros: int) -> str | None:
    """The same for TAI microseconds since 1970-01-01, which schema v8 has for the processing time."""
    return _tai_micros_to_utc(micros + 40_587 * _DAY)


def utc_jd_to_utc(jd: float) -> str | None:
    """The same for a UTC Julian Date, which ZTF has. A JD cannot name an inserted second."""
    if not _FIRST + 2_400_000.5 <= jd < _LAST + 2_400_000.5:
        return None
    mjd = jd - 2_400_000.5
    day = int(mjd)
    return _text(day * _DAY + round((mjd - day) * _DAY))
