"""gateway.codecs.voevent.write: the canonical form, to the byte."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from voevents import DATA, EVERYTHING, TEXTS, complaints, events, real_packets

from gateway.codecs import voevent
from gateway.codecs.voevent.write import escape_attribute, escape_text
from gateway.errors import ConversionError
from gateway.model.voevent import (
    AstroCoords,
    AstroCoordSystem,
    Author,
    AuthorField,
    Coordinate,
    Description,
    Group,
    ObservationLocation,
    Param,
    Position2D,
    Position3D,
    Reference,
    SpaceFrame,
    Table,
    Time,
    TimeFrame,
    TimeInterval,
    VOEvent,
    What,
    WhereWhen,
    Who,
)

IVORN = "ivo://example.org/s?1"


def test_the_form():
    event = VOEvent(
        "2.0",
        IVORN,
        "test",
        Who(
            author_ivorn="ivo://example.org",
            date="2026-01-01T00:00:00",
            author=Author((AuthorField("title", "T"),)),
        ),
        What(
            (
                Param("a", "1", "meta.id", "mag", "float", "u"),
                Param("b", value_element="two\nlines", items=(Description("d"),)),
                Group("g", "t"),
                Table("h", None, (), (("1", ""), ("<", "3"))),
            )
        ),
        description="",
        reference=Reference("r", "t", "m", "n"),
    )
    assert voevent.encode(event).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" '
        'ivorn="ivo://example.org/s?1" role="test">\n'
        "  <Who>\n"
        "    <AuthorIVORN>ivo://example.org</AuthorIVORN>\n"
        "    <Author>\n"
        "      <title>T</title>\n"
        "    </Author>\n"
        "    <Date>2026-01-01T00:00:00</Date>\n"
        "  </Who>\n"
        "  <What>\n"
        '    <Param name="a" value="1" ucd="meta.id" unit="mag" dataType="float" utype="u"/>\n'
        '    <Param name="b">\n'
        "      <Description>d</Description>\n"
        "      <Value>two\nlines</Value>\n"
        "    </Param>\n"
        '    <Group name="g" type="t"/>\n'
        '    <Table name="h">\n'
        "      <Data>\n"
        "        <TR><TD>1</TD><TD/></TR>\n"
        "        <TR><TD>&lt;</TD><TD>3</TD></TR>\n"
        "      </Data>\n"
        "    </Table>\n"
        "  </What>\n"
        "  <Description/>\n"
        '  <Reference uri="r" type="t" mimetype="m" meaning="n"/>\n'
        "</voe:VOEvent>\n"
    )


def test_the_form_of_everything():
    """The whole order of elements and attributes; the file is reviewed by eye."""
    expected = (DATA / "canonical-2.1.xml").read_bytes()
    assert voevent.encode(voevent.decode(EVERYTHING["2.1"])) == expected


def test_an_empty_event_keeps_both_tags():
    lines = voevent.encode(VOEvent("2.1", IVORN)).decode().splitlines()
    assert (len(lines), lines[-1]) == (3, "</voe:VOEvent>")


def test_a_missing_role_is_written_as_observation():
    assert b' role="observation">' in voevent.encode(VOEvent("2.0", IVORN, role=None))


@pytest.mark.parametrize(
    ("text", "in_text", "in_attribute"),
    [
        ("plain é 𝄞", "plain é 𝄞", "plain é 𝄞"),
        ("a&b<c>d", "a&amp;b&lt;c&gt;d", "a&amp;b&lt;c&gt;d"),
        ("\"'", "\"'", "&quot;'"),
        ("\t\n\r", "\t\n&#13;", "&#9;&#10;&#13;"),
    ],
)
def test_escapes(text, in_text, in_attribute):
    assert (escape_text(text), escape_attribute(text)) == (in_text, in_attribute)


@given(TEXTS)
def test_a_parser_gives_back_what_was_escaped(text):
    element = etree.fromstring(f'<a b="{escape_attribute(text)}">{escape_text(text)}</a>')
    assert (element.get("b"), element.text or "") == (text, text)


@pytest.mark.parametrize("code", [0x0, 0x8, 0xB, 0xC, 0xE, 0x1F, 0xD800, 0xDFFF, 0xFFFE, 0xFFFF])
def test_what_xml_cannot_carry_is_refused(code):
    event = VOEvent("2.0", IVORN, what=What((Param("SECRET", f"SECRET{chr(code)}"),)))
    with pytest.raises(ConversionError, match=rf"Param has the character U\+{code:04X}") as caught:
        voevent.encode(event)
    assert caught.value.code == "convert-character"
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("character", ["\x7f", "\x85", "\u2028", "\ufffd", "\U0010ffff"])
def test_what_xml_can_carry_is_not(character):
    event = VOEvent("2.0", IVORN, description=character)
    assert voevent.decode(voevent.encode(event)) == event


def test_version_1_1_is_not_written():
    with pytest.raises(ConversionError, match=r"convert the event to 2\.0 or 2\.1"):
        voevent.encode(VOEvent("1.1", IVORN))


def at(**coords: Any) -> VOEvent:
    place = ObservationLocation(AstroCoordSystem("UTC-ICRS-TOPO"), AstroCoords(**coords))
    return VOEvent("2.0", IVORN, wherewhen=WhereWhen(observation=place))


ONE = Coordinate("1")
ONLY_2_1 = {
    "Contributor": VOEvent("2.0", IVORN, who=Who(author=Author((AuthorField("Contributor", "A"),)))),
    "PositionName": at(position_name="Jupiter"),
    "TimeInterval": at(time=Time(interval=TimeInterval())),
    "Error2": at(position2d=Position2D((ONE, ONE), error=(None, None))),
    "Error3": at(position3d=Position3D((ONE, ONE, ONE), error=(None, None, None))),
    "C2/@pos_unit": at(position2d=Position2D((ONE, Coordinate("1", pos_unit="deg")))),
    "Error2Radius/@ucd": at(position2d=Position2D((ONE, ONE), error_radius=Coordinate("1", ucd="x"))),
    "TimeFrame": VOEvent(
        "2.0",
        IVORN,
        wherewhen=WhereWhen(observation=ObservationLocation(AstroCoordSystem(time_frame=TimeFrame()))),
    ),
    "SpaceFrame": VOEvent(
        "2.0",
        IVORN,
        wherewhen=WhereWhen(observation=ObservationLocation(AstroCoordSystem(space_frame=SpaceFrame()))),
    ),
}


@pytest.mark.parametrize("part", ONLY_2_1)
def test_parts_of_2_1_are_refused_in_2_0(part):
    with pytest.raises(ConversionError) as caught:
        voevent.encode(ONLY_2_1[part])
    assert (caught.value.code, caught.value.where.path) == ("convert-version", part)


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_everything_comes_back(version):
    event = voevent.decode(EVERYTHING[version])
    document = voevent.encode(event)
    assert voevent.decode(document) == event
    assert complaints(document, version) == []


@given(st.data())
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_arbitrary_events_come_back_and_are_valid(version, data):
    event = data.draw(events(version))
    document = voevent.encode(event)
    assert voevent.decode(document) == event
    assert complaints(document, version) == []


def test_real_packets_come_back_and_stay_valid(shared):
    for name, data in real_packets(shared):
        event = voevent.decode(data)
        if event.version != "1.1":
            document = voevent.encode(event)
            assert voevent.decode(document) == event, name
            assert voevent.encode(voevent.decode(document)) == document, name
            # The other way round it may be better: text where no text belongs is not kept.
            assert complaints(data, event.version) or not complaints(document, event.version), name
