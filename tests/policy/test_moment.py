"""When embargoes end and releases become public: to the second, and on the safe side where there is a doubt."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.model.provenance import Origin, Provenance
from gateway.policy.moment import Moment

RELEASES = {
    "dp1": date(2025, 6, 30),
    "leap": date(2024, 2, 29),
    "before": date(2024, 2, 28),
    "turn": date(2025, 12, 31),
}


def observed(mjd: float | None) -> Provenance:
    return Provenance(Origin.PIXELS, observed=mjd)


def release(token: str | None) -> Provenance:
    return Provenance(Origin.DATA_RELEASE, token)


def of(text: str, provenance: Provenance) -> datetime | None:
    return Moment.parse(text).of(provenance, RELEASES)


def test_an_exposure_is_in_tai_which_is_37_seconds_ahead() -> None:
    # MJD 61000 is 2025-11-21; its midnight in TAI comes 37 s before that in UTC.
    assert of("observed + 80 h", observed(61000.0)) == datetime(2025, 11, 24, 7, 59, 23, tzinfo=UTC)


def test_hours_and_days_and_fractions() -> None:
    start = datetime(2025, 11, 21, 11, 59, 23, tzinfo=UTC)
    assert of("observed + 1 h", observed(61000.5)) == start + timedelta(hours=1)
    assert of("observed + 30 d", observed(61000.5)) == start + timedelta(days=30)
    assert of("observed + 0 h", observed(61000.5)) == start


def test_an_exposure_in_a_leap_second_counts_from_the_next_second() -> None:
    # The last of 2016: 2016-12-31T23:59:60 UTC is 36 s into 2017 in TAI.
    found = of("observed + 0 h", observed(57754 + 36.5 / 86400))
    assert found is not None
    assert found == datetime(2017, 1, 1, 0, 0, 0, found.microsecond, tzinfo=UTC)


def test_an_embargo_over_a_leap_second_is_not_shorter() -> None:
    # 80 h by the clock that people read; the inserted second makes it one longer, never shorter.
    assert of("observed + 24 h", observed(57753.5)) == datetime(2017, 1, 1, 11, 59, 24, tzinfo=UTC)


@pytest.mark.parametrize("mjd", [None, float("nan"), float("inf"), 0.0, -1.0, 1e9])
def test_an_exposure_whose_time_is_not_known(mjd: float | None) -> None:
    assert of("observed + 80 h", observed(mjd)) is None


def test_two_years_are_over_when_the_day_is() -> None:
    assert of("released + 2 y", release("dp1")) == datetime(2027, 7, 1, tzinfo=UTC)
    assert of("released + 2 y", release("turn")) == datetime(2028, 1, 1, tzinfo=UTC)
    assert of("released + 0 y", release("dp1")) == datetime(2025, 7, 1, tzinfo=UTC)


def test_days_are_counted_from_the_end_of_the_day() -> None:
    assert of("released + 730 d", release("dp1")) == datetime(2025, 7, 1, tzinfo=UTC) + timedelta(days=730)


def test_the_anniversary_of_a_leap_day() -> None:
    # 1 March, and that day must be over too; in a leap year it is the day itself.
    assert of("released + 2 y", release("leap")) == datetime(2026, 3, 2, tzinfo=UTC)
    assert of("released + 4 y", release("leap")) == datetime(2028, 3, 1, tzinfo=UTC)
    assert of("released + 2 y", release("before")) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("token", [None, "", "dp2", "dp"])
def test_a_release_whose_day_is_not_known(token: str | None) -> None:
    assert of("released + 2 y", release(token)) is None


def test_a_moment_is_written_as_it_is_read() -> None:
    for text in ("observed + 80 h", "observed + 30 d", "released + 2 y", "released + 730 d"):
        assert str(Moment.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "80 h", "observed", "observed + 80", "observed + 80h", "observed+80 h", "observed - 80 h", "observed + 1.5 h",
     "observed + 80 y", "released + 2 h", "seen + 2 d", "observed + 99999 h", "observed + 80 h ", "Observed + 80 h"],
)  # fmt: skip
def test_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="a moment is such as"):
        Moment.parse(text)
