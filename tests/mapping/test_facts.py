"""The envelope against astropy and numpy: time, position, error, identity, role, citations."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from alerts import KEYS, NEWEST, changed, long, opened, real_lsst, released, samples, simulated, values
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.voevent import decode
from gateway.errors import PolicyError
from gateway.mapping.facts import MAX_CITED, Trigger, facts_of
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.mapping.surveys import SURVEYS
from gateway.schema.raw import Layout

LSST = SURVEYS["lsst"]


def event(found, withheld=(), **chosen):
    return decode(Minter(Settings(**chosen)).mint(released(found, withheld)).data)


def double(number):
    return struct.pack("<d", number)


def single(number):
    return struct.pack("<f", number)


def coords(made):
    return made.wherewhen.observation.coords


def iso(made):
    return coords(made).time.instant.iso_time


def utc(mjd_tai):
    time = Time(int(mjd_tai), mjd_tai - int(mjd_tai), format="mjd", scale="tai").utc
    time.precision = 6
    return time.isot


def local(made):
    return made.ivorn.partition("?")[2]


# Time (rule 1; standards.md 3.5)

LEAP = 57754 + 36 / 86400  # 2017-01-01T00:00:00 UTC is 37 s later in TAI; the leap second starts here
INSTANTS = [
    60400.0,
    60400.123456789,
    61005.98765432101,
    50000.5,
    57753.999,
    LEAP - 1e-3,
    LEAP,
    LEAP + 5e-6,
    LEAP + 2e-5,
    58000.0,
    41400.25,
    61400.75,
]


@pytest.mark.parametrize("mjd", INSTANTS)
def test_time_is_what_astropy_says(mjd):
    found = changed(simulated()[0], diaSource__midpointMjdTai=double(mjd))
    assert abs(_seconds(iso(event(found))) - _seconds(utc(mjd))) < 2e-6
    assert iso(event(found))[:19] == utc(mjd)[:19]


def _seconds(text):
    return float(text[17:])


def test_a_leap_second_is_second_60():
    found = changed(simulated()[0], diaSource__midpointMjdTai=double(LEAP + 0.5 / 86400))
    made = event(found)
    assert iso(made).startswith("2016-12-31T23:59:60.")


def test_a_date_has_no_second_60():
    """Who/Date is an xs:dateTime (VE-10)."""
    found = changed(simulated()[0], diaSource__timeProcessedMjdTai=double(LEAP + 0.5 / 86400))
    assert event(found).who.date.startswith("2016-12-31T23:59:59.")


def test_date_is_when_the_alert_was_processed():
    mjd = 61000.25
    found = changed(simulated()[0], diaSource__timeProcessedMjdTai=double(mjd))
    assert event(found).who.date[:19] == utc(mjd)[:19]
    assert values(found)["diaSource"]["midpointMjdTai"] != mjd


def test_date_without_a_processing_time_is_the_observation():
    found = simulated("lsst/7.0")[0]
    made = event(found)
    assert made.who.date == iso(made)


@pytest.mark.parametrize("mjd", [float("nan"), float("inf"), -1e300, 0.0, 41316.9, 1e9])
def test_a_time_that_has_no_text_is_left_out(mjd):
    found = changed(simulated()[0], diaSource__midpointMjdTai=double(mjd))
    made = event(found)
    assert coords(made).time is None
    assert made.who.date is not None


def test_ztf_time_is_utc_already(ztf_containers):
    for data in ztf_containers.values():
        (found,) = opened(data)
        jd = values(found)["candidate"]["jd"]
        expected = Time(int(jd), jd - int(jd), format="jd", scale="utc")
        expected.precision = 3
        assert iso(event(found))[:19] == expected.isot[:19]


def test_real_times(lsst_container):
    for found in real_lsst(lsst_container):
        source = values(found)["diaSource"]
        assert iso(event(found))[:22] == utc(source["midpointMjdTai"])[:22]


# Position


@pytest.mark.parametrize("key", KEYS)
def test_position_is_that_of_the_packet(key):
    for found in simulated(key, 3, "none"):
        record = values(found)["candidate" if key.startswith("ztf") else "diaSource"]
        ra, dec = (float(axis.text) for axis in coords(event(found)).position2d.value)
        assert (ra, dec) == (record["ra"], record.get("dec", record.get("decl")))


@given(ra=st.floats(width=64), dec=st.floats(width=64))
@settings(max_examples=25)
def test_any_position_is_exact(ra, dec):
    found = changed(samples()[NEWEST], diaSource__ra=double(ra), diaSource__dec=double(dec))
    first, second = coords(event(found)).position2d.value
    for text, number in ((first.text, ra), (second.text, dec)):
        assert double(float(text)) == double(number) or number != number


def test_system_is_the_one_everybody_understands():
    made = event(simulated()[0])
    assert coords(made).coord_system_id == made.wherewhen.observation.system.id == "UTC-ICRS-TOPO"
    assert made.wherewhen.observatory.id == "Vera C. Rubin Observatory"
    assert coords(made).position2d.unit == "deg"


@given(
    ra=st.floats(1e-9, 1e-1),
    dec=st.floats(1e-9, 1e-1),
    correlation=st.floats(-0.999, 0.999) | st.none(),
)
@settings(max_examples=60)
def test_radius_is_the_larger_eigenvalue(ra, dec, correlation):
    cov = None if correlation is None else correlation * ra * dec
    trigger = Trigger(id=1, ra=10.0, dec=-20.0, ra_error=ra, dec_error=dec, covariance=cov)
    expected = np.sqrt(np.linalg.eigvalsh([[ra**2, cov or 0], [cov or 0, dec**2]])[-1])
    assert float(facts_of(trigger, LSST, Settings()).radius) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "errors",
    [
        {"ra_error": None},
        {"dec_error": None},
        {"ra_error": float("nan")},
        {"covariance": float("nan")},
        {"ra_error": float("inf")},
        {"ra_error": float("inf"), "dec_error": float("inf")},
        {"covariance": float("-inf")},
    ],
)
def test_no_radius_is_made_up(errors):
    trigger = replace(Trigger(id=1, ra=1.0, dec=2.0, ra_error=1e-5, dec_error=1e-5), **errors)
    assert facts_of(trigger, LSST, Settings()).radius == "NaN"
    assert facts_of(trigger, LSST, Settings(version="2.1")).radius is None


def test_half_a_position_is_none():
    found = simulated()[0]
    made = event(found, ["diaSource.dec"])
    assert coords(made).position2d is None
    assert made.what.group("diaSource") is not None


# Identity and role


def test_ivorn():
    found = simulated()[0]
    number = values(found)["diaSource"]["diaSourceId"]
    assert event(found).ivorn == f"ivo://org.example/alerts?{number}"
    assert event(found, separator="#").ivorn == f"ivo://org.example/alerts#{number}"
    made = event(found, authority="org.x-y", stream="a/b")
    assert made.ivorn == f"ivo://org.x-y/a/b?{number}"
    assert made.who.author_ivorn == "ivo://org.x-y"  # the organisation, not one of its streams (VE-11)


@pytest.mark.parametrize("key", ["lsst/9.0", "lsst/11.1", "ztf/4.02"])
def test_records_that_are_not_kept_still_say_what_the_event_is(key):
    """The choice is about What; identity, role, place and time are those of the alert."""
    for found in simulated(key, 3, "none"):
        whole = event(found, cite="all", classify=True)
        for record in ("diaObject", "prvDiaSources", "diaSource"):
            records = {
                record,
                {"diaObject": "objectId", "prvDiaSources": "prv_candidates"}.get(record, "candidate"),
            }
            part = event(found, cite="all", classify=True, records=frozenset(records))
            assert replace(part, what=None) == replace(whole, what=None)


@pytest.mark.parametrize("role", ["observation", "test", "utility", "prediction"])
def test_role(role):
    assert event(simulated()[0], role=role).role == role


@pytest.mark.parametrize("flag", LSST.injected)
def test_an_injected_source_is_a_test(flag):
    """VE-06."""
    found = changed(simulated()[0], **{f"diaSource__{flag}": b"\1"})
    assert event(found, role="observation").role == "test"
    assert event(found, role="utility").role == "test"
    assert event(changed(found, **{f"diaSource__{flag}": b"\0"})).role == "observation"
    assert event(found, records=frozenset({"diaObject"})).role == "test"


def test_every_version_with_injection_flags_heeds_them():
    for key in KEYS:
        found = simulated(key, 1, "none")[0]
        record = next(
            field.type for field in found.schema.root.fields if field.name in ("diaSource", "candidate")
        )
        named = [field.name for field in record.fields if "inject" in field.name.lower()]
        for name in named:
            assert event(changed(found, **{f"diaSource__{name}": b"\1"})).role == "test"


@pytest.mark.parametrize("flag", LSST.injected)
def test_a_source_that_may_be_injected_is_a_test(flag):
    """Whoever may not see the flag cannot tell an injected source from a real one."""
    for found in (simulated()[0], simulated("lsst/7.0")[0]):
        assert event(found, [f"diaSource.{flag}"], role="observation").role == "test"
        assert event(found, [f"prvDiaSources[].{flag}"]).role == "observation"


@pytest.mark.parametrize("key", ["lsst/3.0", "lsst/11.1", "ztf/4.02"])
@pytest.mark.parametrize("whole", [False, True])
def test_no_event_without_identity(key, whole):
    """Two alerts whose ids are withheld would be one event to whoever compares IVOIDs."""
    found = simulated(key, 1, "none")[0]
    record, name = ("candidate", "candid") if key.startswith("ztf") else ("diaSource", "diaSourceId")
    paths = [str(path) for path, _ in released(found).decisions]
    hidden = [
        path for path in paths if path == f"{record}.{name}" or (whole and path.startswith(f"{record}."))
    ]
    with pytest.raises(PolicyError) as error:
        event(found, hidden)
    assert (error.value.code, error.value.where.path) == ("policy-withheld", f"{record}.{name}")


# Citations


def with_history(times, key=NEWEST):
    """An alert with earlier detections at these TAI MJDs, with the ids 1, 2, ..."""
    found = simulated(key)[0]
    layout = Layout(found.schema.root)
    names = [field.name for field in found.schema.root.fields]
    row = layout.read(found.payload)[names.index("diaSource")]
    columns = [field.name for field in found.schema.root.fields[names.index("diaSource")].type.fields]
    rows = []
    for number, mjd in enumerate(times, 1):
        new = list(row)
        new[columns.index("diaSourceId")] = long(number)
        new[columns.index("midpointMjdTai")] = double(mjd)
        rows.append(new)
    return changed(found, prvDiaSources=rows)


def cited(made):
    return [(one.cite, one.ivorn) for one in made.citations.events] if made.citations else []


def test_a_first_detection_cites_nothing():
    for cite in ("none", "latest", "all"):
        assert cited(event(changed(simulated()[0], prvDiaSources=None), cite=cite)) == []


def test_a_later_detection_follows_up():
    found = with_history([60000.0, 60003.0, 60001.0])
    assert cited(event(found)) == []
    assert cited(event(found, cite="latest")) == [("followup", "ivo://org.example/alerts?2")]
    ids = [ivorn.partition("?")[2] for _, ivorn in cited(event(found, cite="all"))]
    assert ids == ["2", "3", "1"]
    assert event(found, cite="all").citations.description


def test_a_time_that_is_not_a_number_is_no_latest():
    found = with_history([60000.0, float("nan")])
    assert cited(event(found, cite="latest")) == [("followup", "ivo://org.example/alerts?1")]


def test_citations_are_bounded():
    found = with_history([60000.0 + number for number in range(MAX_CITED + 20)])
    events = cited(event(found, cite="all"))
    assert len(events) == MAX_CITED
    assert events[0][1].endswith(f"?{MAX_CITED + 20}")


def test_bounded_citations_fit_into_a_core_event():
    found = with_history([60000.0 + number for number in range(MAX_CITED)])
    longest = {"authority": "org." + "x" * 95, "stream": "y" * 101}
    minted = Minter(Settings(cite="all", **longest)).mint(released(found))
    assert len(minted.data) < 99_999
    assert minted.dropped == ()


def test_a_withdrawn_source_retracts_its_event():
    found = changed(with_history([60000.0]), diaSource__timeWithdrawnMjdTai=double(61234.5))
    made = event(found, cite="all", reprocessed=True)
    number = values(found)["diaSource"]["diaSourceId"]
    assert cited(made) == [("retraction", f"ivo://org.example/alerts?{number}")]
    assert local(made) == f"{number}/{round(61234.5 * 86_400_000)}"
    assert made.citations.description


def test_a_repeated_source_supersedes_its_event_with_all_it_had():
    """VE-53."""
    for key in KEYS:
        found = simulated(key, 1, "none")[0]
        first, second = event(found), event(found, reprocessed=True)
        assert cited(second) == [("supersedes", first.ivorn)]
        assert second.ivorn.startswith(first.ivorn + "/")
        assert second.what == first.what


def test_two_repetitions_have_two_names():
    found = simulated()[0]
    other = changed(found, diaSource__timeProcessedMjdTai=double(61999.0))
    names = {event(one, reprocessed=True).ivorn for one in (found, other)}
    assert len(names) == 2


@pytest.mark.parametrize("time", [float("nan"), float("inf"), float("-inf"), 1e305, -1e305, 1e30])
@pytest.mark.parametrize("field", ["timeProcessedMjdTai", "timeWithdrawnMjdTai"])
def test_a_moment_that_is_none_names_nothing(field, time):
    found = changed(simulated()[0], **{f"diaSource__{field}": double(time)})
    made = event(found, reprocessed=field == "timeProcessedMjdTai")
    assert "/" not in local(made)
    assert cited(made) == []


# Why


def test_why_is_left_out_unless_asked_for():
    assert event(simulated()[0]).why is None


def test_a_designation_is_an_identification():
    found = _with_designation(b"2019 AB12")
    (inference,) = event(found, classify=True).why.items
    assert inference.relation == "identified"
    assert inference.items[0].text == "2019 AB12"
    assert event(found).why is None


@pytest.mark.parametrize("text", [b"", b"x" * 65, b"<a>", b"a\nb", "é".encode(), b"a\n", b"\x00"])
def test_what_is_no_designation_is_not_repeated(text):
    assert event(_with_designation(text), classify=True).why is None


def _with_designation(text):
    key = "lsst/11.0"
    for found in simulated(key, 60, "none"):
        if values(found)["ssSource"] is not None:
            return changed(found, ssSource=_row(found, "ssSource", "designation", text))
    raise AssertionError("the simulated visit has no solar-system object")


def _row(found, record, field, raw):
    names = [one.name for one in found.schema.root.fields]
    place = names.index(record)
    row = list(Layout(found.schema.root).read(found.payload)[place])
    columns = next(b for b in found.schema.root.fields[place].type.branches if hasattr(b, "fields")).fields
    row[[column.name for column in columns].index(field)] = raw
    return row
