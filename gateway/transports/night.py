"""In which night, or at which visit, an alert was made: read from its datum, of what the policy has left in it.

Rules
1. A night is from noon to noon at UTC-12, as Rubin's day of observation: one night of any telescope in the Americas.
   Its name is the date at which it begins, ``20261124``.
2. A visit of LSST has a number. ZTF's alerts have none; those of one exposure have the same time, which names it.
3. What has no time, or none that may be seen, goes by when it came.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from gateway.codecs.datum import Datum
from gateway.mapping.surveys import SURVEYS
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Record, nullable
from gateway.schema.pick import Picker
from gateway.schema.text import integer

__all__ = ["Per", "label"]

Per = Literal["night", "visit"]

MAX_COMPILED = 64
"""Most compiled readers kept: a stream has one or two schemas."""

_MJD = datetime(1858, 11, 17, tzinfo=UTC)
_JD_OF_MJD = 2_400_000.5
_NIGHT = timedelta(hours=12)
_VISITS = {"lsst": "visit", "ztf": "jd"}


def label(datum: Datum | None, time: float, per: Per) -> str:
    """The name of the night or visit.

    time : seconds since 1970 at which it came (rule 3)
    """
    found = _reader(datum.schema, per)(datum.payload) if datum is not None else None
    return found or _night(datetime.fromtimestamp(time, UTC))


def _night(moment: datetime) -> str:
    return f"{moment - _NIGHT:%Y%m%d}"


@lru_cache(maxsize=MAX_COMPILED)
def _reader(schema: AlertSchema, per: Per) -> Callable[[bytes], str | None]:
    survey = SURVEYS.get(schema.key.family) if schema.key is not None else None
    if survey is None or schema.key is None:
        return lambda payload: None
    record = next((nullable(one.type)[0] for one in schema.root.fields if one.name == survey.record), None)
    names = [one.name for one in record.fields] if isinstance(record, Record) else []
    wanted = (_VISITS[schema.key.family],) if per == "visit" else survey.observed
    name = next((one for one in wanted if one in names), None)
    if name is None:
        return lambda payload: None
    pick, said = Picker(schema.root, {survey.record: (name,)}), _SAID[name, per]

    def read(payload: bytes) -> str | None:
        values: Any = pick(payload)[survey.record]
        try:
            return said(values[0]) if values and values[0] is not None else None
        except (OverflowError, ValueError):  # a time that no calendar has
            return None

    return read


def _mjd(raw: bytes) -> str:
    (days,) = struct.unpack("<d", raw)
    return _night(_MJD + timedelta(days=days))


def _jd(raw: bytes) -> str:
    (days,) = struct.unpack("<d", raw)
    return _night(_MJD + timedelta(days=days - _JD_OF_MJD))


def _moment(raw: bytes) -> str:
    (days,) = struct.unpack("<d", raw)
    return f"{_MJD + timedelta(days=days - _JD_OF_MJD):%Y%m%dT%H%M%S}"


_SAID: dict[tuple[str, Per], Callable[[bytes], str]] = {
    ("midpointMjdTai", "night"): _mjd,
    ("midPointTai", "night"): _mjd,
    ("jd", "night"): _jd,
    ("visit", "visit"): lambda raw: str(integer(raw)),
    ("jd", "visit"): _moment,
}
