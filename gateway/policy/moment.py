"""Instants that a verdict changes at: two years after a release, eighty hours after an exposure.

Rules
1. Time is UTC and timezone-aware; an exposure's MJD is TAI and is converted with its leap seconds.
2. A clock starts at the exposure's begin (``observed``) and runs for hours (``h``) or days (``d``), or on the day of a
   release (``released``) and runs for days or calendar years (``y``).
3. A release has a day and no hour. In doubt it is later: an anniversary counts when that day is over, UTC; that of
   29 February is 1 March.
4. When the base is not known there is no instant: what waits for it does not begin, and what lasts until it does
   not end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gateway.model.provenance import Provenance
from gateway.model.timescale import tai_mjd_to_utc

__all__ = ["Moment"]

_MOMENT = re.compile(r"(observed|released) \+ (\d{1,4}) ([hdy])\Z")
_UNITS = {"observed": "hd", "released": "dy"}


@dataclass(frozen=True, slots=True)
class Moment:
    """So long after a base (rule 2)."""

    base: str
    number: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Read ``observed + 80 h``. Raises ValueError."""
        found = _MOMENT.match(text)
        if found is None or found[3] not in _UNITS[found[1]]:
            raise ValueError("a moment is such as `observed + 80 h` or `released + 2 y`")
        return cls(found[1], int(found[2]), found[3])

    def of(self, provenance: Provenance, releases: Mapping[str, date]) -> datetime | None:
        """The instant for data of this provenance; None when its base is not known."""
        if self.base == "released":
            day = releases.get(provenance.release or "")
            if day is None:
                return None
            start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        else:
            text = tai_mjd_to_utc(provenance.observed) if provenance.observed is not None else None
            if text is None:
                return None
            # Python has no second 60; the next one is on the safe side.
            late = timedelta(seconds=1) if ":60." in text else timedelta()
            start = datetime.fromisoformat(text.replace(":60.", ":59.")).replace(tzinfo=UTC) + late
        return _years_later(start, self.number) if self.unit == "y" else start + self._span()

    def _span(self) -> timedelta:
        return timedelta(hours=self.number) if self.unit == "h" else timedelta(days=self.number)

    def __str__(self) -> str:
        return f"{self.base} + {self.number} {self.unit}"


def _years_later(start: datetime, years: int) -> datetime:
    day = start - timedelta(days=1)  # rule 3: the anniversary of the day itself, and then its end
    try:
        later = day.replace(year=day.year + years)
    except ValueError:  # 29 February
        later = day.replace(year=day.year + years, month=3, day=1)
    return later + timedelta(days=1)
