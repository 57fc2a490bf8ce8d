"""TAI to UTC against astropy, at random times and in the seconds around every leap second."""

import math
import random
import re
import warnings
from datetime import date, datetime, timedelta
from typing import Any

import erfa
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.timescale import tai_mjd_to_utc, tai_unix_micros_to_utc, utc_jd_to_utc

FORM = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})\Z")
UNIX_EPOCH = 40_587 * 86_400_000_000  # microseconds since MJD 0
LEAPS = [(int(y), int(m), round(float(s))) for y, m, s in erfa.leap_seconds.get() if y >= 1972]
LEAP_IDS = [f"{y}-{m:02d}" for y, m, _ in LEAPS]


def micros(text: str | None) -> int:
    """Microseconds since MJD 0 of a UTC text in which no second 60 occurs."""
    assert text is not None
    assert FORM.match(text), text
    return (datetime.fromisoformat(text) - datetime(1858, 11, 17)) // timedelta(microseconds=1)


def astropy_text(time: Time) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)  # years so far away that leap seconds are a guess
        return time.utc.to_value("isot", subfmt="date_hms")


def assert_close(ours: str | None, theirs: str) -> None:
    """Equal but for the last microsecond, which may be rounded the other way."""
    assert ours is not None
    if ours != theirs:
        if ours[17:19] == "60" or theirs[17:19] == "60":  # same second: compare the fractions
            assert ours[:20] == theirs[:20]
            assert abs(int(ours[20:]) - int(theirs[20:])) <= 1
        else:
            assert abs(micros(ours) - micros(theirs)) <= 1, (ours, theirs)


def test_random_days_since_1972() -> None:
    draw = random.Random(1972)
    mjds = [draw.uniform(41_317.01, 70_000) for _ in range(3000)] + [
        draw.uniform(70_000, 2_973_000) for _ in range(300)
    ]
    theirs = astropy_text(Time(mjds, format="mjd", scale="tai", precision=6)).tolist()
    for mjd, text in zip(mjds, theirs, strict=True):
        assert_close(tai_mjd_to_utc(mjd), text)


@pytest.mark.parametrize(("year", "month", "offset"), LEAPS, ids=LEAP_IDS)
def test_around_every_leap_second(year: int, month: int, offset: int) -> None:
    midnight = (date(year, month, 1) - date(1858, 11, 17)).days
    day = datetime(year, month, 1)
    # TAI microseconds since the UTC midnight behind the leap second -> UTC
    start = midnight * 86_400_000_000 + offset * 1_000_000
    first = (year, month) == (1972, 1)
    for shift in (0, 1, 999_999, 1_000_000, 3_600_000_000):
        expected = (day + timedelta(microseconds=shift)).isoformat(timespec="microseconds")
        assert tai_unix_micros_to_utc(start + shift - UNIX_EPOCH) == expected
    before = (day - timedelta(seconds=1)).date().isoformat()
    for shift, text in (
        (-1, "23:59:60.999999"),
        (-1_000_000, "23:59:60.000000"),
        (-1_000_001, "23:59:59.999999"),
        (-2_000_000, "23:59:59.000000"),
    ):
        expected_text = None if first else f"{before}T{text}"
        assert tai_unix_micros_to_utc(start + shift - UNIX_EPOCH) == expected_text
    if first:
        return
    for shift in (-2_500_000, -1_500_000, -500_000, 500_000, 1_500_000):
        mjd = (start + shift) / 86_400_000_000
        assert_close(tai_mjd_to_utc(mjd), astropy_text(Time(mjd, format="mjd", scale="tai", precision=6)))


def test_there_are_leap_seconds_to_test() -> None:
    assert len(LEAPS) >= 28
    assert (2017, 1, 37) in LEAPS


@pytest.mark.parametrize(
    ("mjd", "text"),
    [
        (61_104.0, "2026-03-04T23:59:23.000000"),  # TAI is 37 s ahead: the day before
        (61_104.09362411, "2026-03-05T02:14:12.123104"),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        (0.0, None),
        (-1.0, None),
        (41_317.0, None),
        (41_317.0 + 9.5 / 86_400, None),
        (41_317.0 + 10.5 / 86_400, "1972-01-01T00:00:00.500000"),
        (2_973_484.0, None),
        (2_973_483.5, "9999-12-31T11:59:23.000000"),
        (1e300, None),
    ],
)
def test_edges_of_the_range(mjd: float, text: str | None) -> None:
    assert tai_mjd_to_utc(mjd) == text


@given(st.floats(41_318, 2_973_483.9))
def test_every_double_has_a_text_of_one_form(mjd: float) -> None:
    text = tai_mjd_to_utc(mjd)
    assert text is not None
    assert FORM.match(text)


@given(st.floats(allow_nan=True) | st.floats(41_316, 41_319) | st.floats(2_973_482, 2_973_485))
def test_no_double_is_an_exception(number: float) -> None:
    for convert in (tai_mjd_to_utc, utc_jd_to_utc):
        text = convert(number)
        assert text is None or FORM.match(text)
    text = utc_jd_to_utc(number + 2_400_000.5)
    assert text is None or FORM.match(text)


@given(st.integers(-(2**63), 2**63 - 1) | st.integers(63_072_000_000_000 - 10**8, 63_072_000_000_000 + 10**8))
def test_no_long_is_an_exception(number: int) -> None:
    text = tai_unix_micros_to_utc(number)
    assert text is None or FORM.match(text)


@given(st.integers(63_072_010_000_000, 253_402_300_000_000_000), st.integers(1, 10**7))
def test_later_is_later(number: int, step: int) -> None:
    one, two = tai_unix_micros_to_utc(number), tai_unix_micros_to_utc(number + step)
    assert one is not None
    assert two is not None
    assert one < two


@given(st.integers(63_072_010_000_000, 4_000_000_000_000_000))
def test_micros_and_days_agree(number: int) -> None:
    mjd = (number + UNIX_EPOCH) / 86_400_000_000
    days, exact = tai_mjd_to_utc(mjd), tai_unix_micros_to_utc(number)
    if not {"60"} & {str(days)[17:19], str(exact)[17:19]}:
        assert abs(micros(days) - micros(exact)) <= 1  # half a quantum of the double, and the rounding


def test_julian_dates_of_ztf() -> None:
    draw = random.Random(2018)
    jds = [draw.uniform(2_441_318, 2_470_000) for _ in range(1000)]
    days = {(date(y, m, 1) - date(1858, 11, 17)).days - 1 for y, m, _ in LEAPS}
    jds = [jd for jd in jds if int(jd - 2_400_000.5) not in days]  # there ERFA's days have 86401 s
    theirs = astropy_text(Time(jds, format="jd", scale="utc", precision=6)).tolist()
    for jd, text in zip(jds, theirs, strict=True):
        # A double's quantum is 40 microseconds here; both must name the same instant nevertheless.
        assert_close(utc_jd_to_utc(jd), text)


@pytest.mark.parametrize(
    ("jd", "text"),
    [
        (2_441_317.5, "1972-01-01T00:00:00.000000"),
        (2_441_317.4999, None),
        (2_458_000.5, "2017-09-04T00:00:00.000000"),
        (5_373_484.5, None),
        (math.nextafter(5_373_484.5, 0), "9999-12-31T23:59:59.999920"),
        (math.nan, None),
    ],
)
def test_edges_of_julian_dates(jd: float, text: str | None) -> None:
    assert utc_jd_to_utc(jd) == text
