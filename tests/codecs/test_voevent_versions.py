"""gateway.codecs.voevent.versions: each difference of the versions, and nothing lost in silence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from voevents import EVERYTHING, complaints, events, real_packets

from gateway.codecs import voevent
from gateway.codecs.voevent.versions import SYSTEMS_2_0, to_version
from gateway.errors import ConversionError
from gateway.model.voevent import (
    AstroCoords,
    AstroCoordSystem,
    Author,
    AuthorField,
    Coordinate,
    ObservationLocation,
    ObservatoryLocation,
    Param,
    Position2D,
    Position3D,
    Reference,
    SpaceFrame,
    Time,
    TimeFrame,
    TimeInstant,
    TimeInterval,
    VOEvent,
    What,
    WhereWhen,
    Who,
    Why,
)

IVORN = "ivo://example.org/s#1"
TIME = Time(TimeInstant("2026-01-01T00:00:00"))
ONE = Coordinate("1")
HERE = "/VOEvent/WhereWhen/ObsDataLocation/ObservationLocation"
THERE = "/VOEvent/WhereWhen/ObsDataLocation/ObservatoryLocation"


def event(version, system=None, coords=None, observatory=None, identifier=None):
    """An event with the system and coordinates of its own location."""
    here = ObservationLocation(system or AstroCoordSystem(), coords or AstroCoords())
    there = observatory or ObservatoryLocation()
    return VOEvent(version, IVORN, wherewhen=WhereWhen(there, here, identifier))


def named(name, **coords):
    return {"system": AstroCoordSystem(name), "coords": AstroCoords(name, **coords)}


def convert(source, version):
    """The result, checked to be valid, and the paths of the losses."""
    result, losses = to_version(source, version)
    assert (result.version, result.original) == (version, None)
    assert complaints(voevent.encode(result), version) == []
    return result, [loss.path for loss in losses]


def position(source, version="2.0"):
    result, paths = convert(source, version)
    coords = result.wherewhen.observation.coords
    return coords.position2d or coords.position3d, paths


@pytest.mark.parametrize("version", ["1.1", "2.0", "2.1"])
def test_the_same_version_changes_nothing(version):
    source = VOEvent(version, IVORN, original=b"kept")
    assert to_version(source, version) == (source, ())
    assert to_version(source, version)[0].original == b"kept"


def test_there_is_no_way_back_to_1_1():
    with pytest.raises(ConversionError, match=r"ask for 2\.0 or 2\.1"):
        to_version(VOEvent("2.0", IVORN), "1.1")


def test_identifiers_texts_and_numbers_stay():
    source = voevent.decode(EVERYTHING["2.0"])
    result, losses = to_version(source, "2.1")
    kept = replace(result, version="2.0", wherewhen=source.wherewhen)
    assert (kept, losses) == (source, ())


# D2


def test_contributors_lose_their_attributes():
    items = (
        AuthorField("contributor", "A"),
        AuthorField("Contributor", "B"),
        AuthorField("Contributor", "C", role="Other"),
        AuthorField("title", "D"),
    )
    result, paths = convert(VOEvent("2.1", IVORN, who=Who(author=Author(items))), "2.0")
    assert [(item.kind, item.text) for item in result.who.author.items] == [
        ("contributor", "A"),
        ("contributor", "B"),
        ("contributor", "C"),
        ("title", "D"),
    ]
    assert paths == ["/VOEvent/Who/Author/contributor[3]"]


# D3


@pytest.mark.parametrize("version", ["2.0", "2.1"])
@pytest.mark.parametrize("name", ["FK5-UTC-GEO", "utc-fk5-geo", " UTC-FK5-GEO "])
def test_names_of_the_list_are_respelled(name, version):
    result, paths = convert(event("1.1", **named(name, time=TIME)), version)
    observation = result.wherewhen.observation
    assert (observation.system.id, observation.coords.coord_system_id) == ("UTC-FK5-GEO", "UTC-FK5-GEO")
    assert paths == [f"{HERE}/AstroCoordSystem/@id", f"{HERE}/AstroCoords/@coord_system_id"]


@pytest.mark.parametrize("name", SYSTEMS_2_0)
def test_names_of_the_list_stay(name):
    source = event("2.1", **named(name, time=TIME))
    result, paths = convert(source, "2.0")
    assert (result.wherewhen, paths) == (source.wherewhen, [])


@pytest.mark.parametrize(
    "system", [AstroCoordSystem("GPS-FK5-GEO"), AstroCoordSystem(time_frame=TimeFrame(time_scale="TAI"))]
)
@pytest.mark.parametrize(
    "coords",
    [
        {"time": TIME},
        {"position2d": Position2D((ONE, ONE))},
        {"position3d": Position3D((ONE, ONE, ONE))},
    ],
)
def test_coordinates_in_a_system_without_a_name_are_refused(system, coords):
    with pytest.raises(ConversionError) as caught:
        to_version(event("2.1", system, AstroCoords(**coords)), "2.0")
    assert (caught.value.code, caught.value.where.path) == ("convert-version", HERE)


def test_coordinates_that_name_another_system_are_refused():
    with pytest.raises(ConversionError):
        to_version(event("2.1", AstroCoordSystem("UTC-ICRS-TOPO"), AstroCoords("TAI-ICRS-TOPO", TIME)), "2.0")


def test_coordinates_of_the_observatory_are_left_out():
    there = ObservatoryLocation("SOHO", AstroCoordSystem("UTC-HPC-TOPO"), AstroCoords("UTC-HPC-TOPO", TIME))
    result, paths = convert(event("2.1", observatory=there), "2.0")
    assert result.wherewhen.observatory == ObservatoryLocation("SOHO", AstroCoordSystem())
    assert paths == [f"{THERE}/AstroCoords", f"{THERE}/AstroCoordSystem/@id"]


def test_a_name_that_no_coordinates_use_is_left_out():
    result, paths = convert(event("2.1", **named("TAI-ICRS-TOPO")), "2.0")
    assert result.wherewhen.observation == ObservationLocation(AstroCoordSystem(), AstroCoords())
    assert paths == [f"{HERE}/AstroCoords/@coord_system_id", f"{HERE}/AstroCoordSystem/@id"]


def test_an_id_is_unique_in_2_1():
    name = "UTC-ICRS-TOPO"
    there = ObservatoryLocation("here", AstroCoordSystem(name), AstroCoords(name, TIME))
    source = event("2.0", **named(name, time=TIME), observatory=there, identifier=name)
    assert complaints(voevent.encode(source), "2.0") == []
    assert complaints(voevent.encode(replace(source, version="2.1")), "2.1") != []
    result, paths = convert(source, "2.1")
    assert result.wherewhen.observatory == replace(there, system=None)
    assert result.wherewhen.observation == source.wherewhen.observation
    assert paths == [f"{THERE}/AstroCoordSystem", "/VOEvent/WhereWhen/@id"]


# D4, D5, D6


def test_frames_are_left_out():
    system = AstroCoordSystem("UTC-ICRS-TOPO", TimeFrame("t"), SpaceFrame("s"))
    result, paths = convert(event("2.1", system, AstroCoords("UTC-ICRS-TOPO", TIME)), "2.0")
    assert result.wherewhen.observation.system == AstroCoordSystem("UTC-ICRS-TOPO")
    assert paths == [f"{HERE}/AstroCoordSystem/TimeFrame", f"{HERE}/AstroCoordSystem/SpaceFrame"]


def test_a_position_name_is_left_out():
    source = event("2.1", coords=AstroCoords(position_name="Jupiter"))
    result, paths = convert(source, "2.0")
    assert result.wherewhen.observation.coords == AstroCoords()
    assert paths == [f"{HERE}/AstroCoords/PositionName"]


def test_an_interval_is_left_out_with_its_error():
    source = event("2.1", **named("UTC-ICRS-TOPO", time=Time(interval=TimeInterval("a", "b"), error="1")))
    result, paths = convert(source, "2.0")
    assert result.wherewhen.observation.coords == AstroCoords("UTC-ICRS-TOPO")
    assert paths == [f"{HERE}/AstroCoords/Time"]


# D7


def test_a_missing_radius_is_nan_and_no_loss():
    source = event("2.1", coords=AstroCoords(position2d=Position2D((ONE, ONE))))
    assert position(source) == (Position2D((ONE, ONE), error_radius=Coordinate("NaN")), [])


def test_errors_of_the_axes_are_left_out():
    source = event(
        "2.1",
        coords=AstroCoords(
            position2d=Position2D((ONE, ONE), error=(ONE, None)),
            position3d=Position3D((ONE, ONE, ONE), error=(None, None, ONE)),
        ),
    )
    result, paths = convert(source, "2.0")
    assert paths == [f"{HERE}/AstroCoords/Position2D/Error2", f"{HERE}/AstroCoords/Position3D/Error3"]
    assert result.wherewhen.observation.coords == AstroCoords(
        position2d=Position2D((ONE, ONE), error_radius=Coordinate("NaN")),
        position3d=Position3D((ONE, ONE, ONE)),
    )


# D8


@pytest.mark.parametrize(
    ("unit", "axes", "expected", "lost"),
    [
        (None, ("deg", "deg", "deg"), "deg", ()),
        (None, ("deg", "deg", "m"), "deg-deg-m", ()),
        ("deg", (None, None, "m"), "deg-deg-m", ()),
        ("deg-deg-Mpc", (None, None, "Mpc"), "deg-deg-Mpc", ()),
        ("deg", ("deg", "deg", "deg"), "deg", ()),
        ("deg", (None, None, None), "deg", ()),
        ("m.s-1", (None, None, None), "m.s-1", ()),
        (None, ("deg", None, None), None, ("C1",)),
    ],
)
def test_units_of_axes_become_the_unit_of_the_position(unit, axes, expected, lost):
    value = tuple(Coordinate("1", None, axis) for axis in axes)
    source = event("2.1", coords=AstroCoords(position3d=Position3D(value, unit)))
    result, paths = position(source)
    assert result == Position3D((ONE, ONE, ONE), expected)
    assert paths == [f"{HERE}/AstroCoords/Position3D/Value3/{axis}/@pos_unit" for axis in lost]


@pytest.mark.parametrize(
    ("unit", "axes", "radius", "kept"),
    [
        ("deg", None, None, True),
        ("deg", None, "deg", True),
        ("deg", None, "arcsec", False),
        (None, "deg", None, True),
        (None, "deg", "deg", True),
        (None, "deg", "arcsec", False),
        (None, None, "arcsec", False),
        ("arcsec", "deg", None, False),
        ("deg-deg", None, "deg", True),
        ("deg-deg", "deg", None, True),
    ],
)
def test_a_radius_keeps_its_number_only_with_its_unit(unit, axes, radius, kept):
    value = (Coordinate("1", None, axes),) * 2
    source = event(
        "2.1",
        coords=AstroCoords(position2d=Position2D(value, unit, None, None, Coordinate("2", None, radius))),
    )
    result, paths = position(source)
    assert result.error_radius == Coordinate("2" if kept else "NaN")
    assert paths == ([] if kept else [f"{HERE}/AstroCoords/Position2D/Error2Radius"])


def test_ucds_of_coordinates_are_left_out():
    source = event("2.1", coords=AstroCoords(position2d=Position2D((Coordinate("1", "pos.eq.ra"), ONE))))
    result, paths = position(source)
    assert result.value == (ONE, ONE)
    assert paths == [f"{HERE}/AstroCoords/Position2D/Value2/C1/@ucd"]


# V4


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_names_of_references_are_left_out(version):
    named_one = Reference("u", "t", name="n")
    source = VOEvent(
        "1.1", IVORN, what=What((Param("a"), Param("b", items=(named_one,)))), why=Why(items=(named_one,))
    )
    result, paths = convert(source, version)
    assert result.what.items[1].items == (Reference("u", "t"),)
    assert paths == ["/VOEvent/What/Param[2]/Reference[1]/@name", "/VOEvent/Why/Reference[1]/@name"]


def test_everything_of_2_1_in_a_nameable_system():
    """All losses of the packet that has everything, once its system is one that 2.0 lists."""
    document = EVERYTHING["2.1"].replace(b"TT-ICRS-HELIOCENTER", b"UTC-ICRS-TOPO")
    _, paths = convert(voevent.decode(document), "2.0")
    assert [path.replace(THERE, "THERE").replace(HERE, "HERE") for path in paths] == [
        "HERE/AstroCoords/Time",
        "/VOEvent/Who/Author/contributor[1]",
        "/VOEvent/Who/Author/contributor[2]",
        *(f"THERE/AstroCoords/Position3D/Value3/C{axis}/@ucd" for axis in (1, 2, 3)),
        "THERE/AstroCoords/Position3D/Error3",
        "HERE/AstroCoordSystem/TimeFrame",
        "HERE/AstroCoordSystem/SpaceFrame",
        "HERE/AstroCoords/PositionName",
        "HERE/AstroCoords/Position2D/Value2/C1/@ucd",
        "HERE/AstroCoords/Position2D/Value2/C2/@ucd",
        "HERE/AstroCoords/Position2D/Error2Radius/@ucd",
        "HERE/AstroCoords/Position2D/Error2",
        "HERE/AstroCoords/Position3D/Value3/C3/@ucd",
        "HERE/AstroCoords/Position3D/Error3",
    ]


@given(st.data())
def test_upgrades_are_valid(data):
    convert(data.draw(events("2.0")), "2.1")


@given(st.data())
def test_downgrades_are_valid_or_refused_and_without_loss_reversible(data):
    source = data.draw(events("2.1"))
    try:
        result, paths = convert(source, "2.0")
    except ConversionError:
        return
    # A missing radius becomes NaN, units move, a Contributor without attributes becomes a contributor.
    if not paths and not any(word in repr(source) for word in ("Position", "Contributor")):
        assert to_version(result, "2.1")[0] == source


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_real_packets_stay_valid(shared, version):
    for name, data in real_packets(shared):
        source = voevent.decode(data)
        if source.version != version and (source.version == "1.1" or not complaints(data, source.version)):
            result, losses = to_version(source, version)
            assert complaints(voevent.encode(result), version) == [], name
            assert not losses or source.version != "2.0", name
