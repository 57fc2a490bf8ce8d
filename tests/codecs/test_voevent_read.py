"""gateway.codecs.voevent.read: what a document says, and what is refused."""

import dataclasses
from collections import Counter
from collections.abc import Iterator

import pytest
from voevents import EVERYTHING, real_packets

from gateway.codecs import voevent
from gateway.errors import LimitError, VOEventError, XMLError
from gateway.model import voevent as model

ROOT = (
    '<v:VOEvent xmlns:v="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" ivorn="ivo://example.org/s#1">'
)


def packet(inside: str) -> bytes:
    return f"{ROOT}{inside}</v:VOEvent>".encode()


def coords(inside: str) -> model.AstroCoords:
    event = voevent.decode(
        packet(
            "<WhereWhen><ObsDataLocation><ObservationLocation><AstroCoords>"
            f"{inside}</AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen>"
        )
    )
    return event.wherewhen.observation.coords


@pytest.mark.parametrize("version", ["1.1", "2.0", "2.1"])
def test_the_namespace_says_the_version(version):
    document = packet("").replace(b"VOEvent/v2.0", b"VOEvent/v" + version.encode())
    assert voevent.decode(document).version == version


@pytest.mark.parametrize("version", ["1.1", "2.0", "2.1"])
def test_a_root_without_namespace_is_taken_at_its_version(version):
    document = f'<VOEvent version="{version}" ivorn="ivo://example.org/s#1"/>'.encode()
    assert voevent.decode(document).version == version


@pytest.mark.parametrize(
    "document",
    [
        b'<VOEvent ivorn="ivo://example.org/s#1"/>',
        b'<VOEvent version="3.0" ivorn="ivo://example.org/s#1"/>',
        b'<VOEvent xmlns="http://www.ivoa.net/xml/VOEvent/v9" version="2.0" ivorn="ivo://example.org/s#1"/>',
        b'<Transport version="2.0" ivorn="ivo://example.org/s#1"/>',
    ],
)
def test_another_root_is_refused(document):
    with pytest.raises(VOEventError) as caught:
        voevent.decode(document)
    assert (caught.value.code, caught.value.where.line) == ("voevent-root", 1)


def test_the_document_is_kept():
    assert voevent.decode(EVERYTHING["2.0"]).original is EVERYTHING["2.0"]


def test_what_is_absent_is_none_and_what_is_empty_is_empty():
    event = voevent.decode(packet('<Who><Date/></Who><What><Param name=""/></What>'))
    assert (event.role, event.who.date, event.who.author_ivorn) == (None, "", None)
    assert event.what.items == (model.Param(name="", value=None),)


def test_text_is_verbatim_across_comments_instructions_and_cdata():
    event = voevent.decode(
        packet("<Description> a<!-- no --> &amp;\n<?no no?><![CDATA[<b>]]>&#13; </Description>")
    )
    assert event.description == " a &\n<b>\r "


def test_white_space_around_text_is_kept():
    assert voevent.decode(packet("<Who><Date>\n d </Date></Who>")).who.date == "\n d "


def test_text_inside_markup_is_not_lost():
    assert voevent.decode(packet("<Description>a <b>new</b> star</Description>")).description == "a new star"


def test_what_the_standard_does_not_have_is_passed_over():
    event = voevent.decode(
        packet(
            '<Extra><Param name="no"/></Extra><!-- c --><What mood="x">text<Param name="a" y="1"/><X/></What>'
        )
    )
    assert event.what == model.What((model.Param("a"),))


def test_elements_are_known_by_their_local_names():
    event = voevent.decode(
        packet(
            '<WhereWhen><ObsDataLocation xmlns="http://www.ivoa.net/xml/STC/stc-v1.30.xsd">'
            '<ObservatoryLocation id="GEOLUN"/></ObsDataLocation></WhereWhen>'
        )
    )
    assert event.wherewhen.observatory.id == "GEOLUN"


def test_document_order_of_items_is_kept():
    event = voevent.decode(
        packet("<Why><Concept>c</Concept><Name>n</Name><Inference/><Concept>d</Concept></Why>")
    )
    assert event.why.items == (model.Concept("c"), model.Name("n"), model.Inference(), model.Concept("d"))


def test_positions_are_tuples_of_their_axes():
    read = coords(
        '<Position2D><Value2><C2>2</C2><C1 pos_unit="deg">1</C1></Value2>'
        "<Error2><C2>.5</C2></Error2></Position2D>"
    )
    one, two = model.Coordinate("1", pos_unit="deg"), model.Coordinate("2")
    assert read.position2d == model.Position2D((one, two), error=(None, model.Coordinate(".5")))


def test_rows_of_a_table():
    event = voevent.decode(
        packet(
            "<What><Table><Data><TR><TD>1</TD><TD/></TR><TR><TD>a<!-- --> b</TD></TR></Data></Table></What>"
        )
    )
    assert event.what.items[0].rows == (("1", ""), ("a b",))


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ("<Who/>\n<Who/>", 2),
        ("<Who>\n<Date>a</Date>\n<Date>b</Date></Who>", 3),
        ("<What><Param>\n<Value/>\n\n<Value/></Param></What>", 4),
        ("<What><Table>\n<Data/><Data/></Table></What>", 2),
        ("<Citations><EventIVORN/><Description/>\n<Description/></Citations>", 2),
        ("<WhereWhen>\n<ObsDataLocation/>\n<ObsDataLocation/></WhereWhen>", 3),
    ],
)
def test_what_the_model_cannot_hold_is_an_error_with_its_line(inside, line):
    with pytest.raises(VOEventError) as caught:
        voevent.decode(packet(inside))
    assert (caught.value.code, caught.value.where.line) == ("voevent-structure", line)


@pytest.mark.parametrize("inside", ["<C1>1</C1>", "<C2>1</C2>", ""])
def test_a_position_without_an_axis_is_an_error(inside):
    with pytest.raises(VOEventError, match="Value2 has no C"):
        coords(f"<Position2D><Value2>{inside}</Value2></Position2D>")


def test_a_packet_without_ivorn_is_an_error():
    with pytest.raises(VOEventError, match="no ivorn"):
        voevent.decode(b'<VOEvent version="2.0"/>')


@pytest.mark.parametrize(
    ("document", "kind", "code"),
    [
        (b"<!DOCTYPE VOEvent []>" + packet(""), XMLError, "xml-dtd"),
        (packet("")[:-4], XMLError, "xml-malformed"),
        (packet("<!--" + " " * 2**24 + "-->"), LimitError, "limit-size"),
    ],
)
def test_only_safe_xml_is_parsed(document, kind, code):
    with pytest.raises(kind) as caught:
        voevent.decode(document)
    assert caught.value.code == code


def test_nothing_of_the_payload_is_in_an_error():
    with pytest.raises(VOEventError) as caught:
        voevent.decode(packet("<Who><Date>SECRET</Date><Date>SECRET</Date></Who>"))
    assert "SECRET" not in str(caught.value) + repr(caught.value)


def parts(value: object) -> Iterator[object]:
    """All values of the model inside a value."""
    if isinstance(value, tuple):
        for item in value:
            yield from parts(item)
    elif dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name))


def test_every_field_of_the_model_is_read():
    """The packets with everything fill each field of each class; Reference@name was in 1.1 only."""
    events = [voevent.decode(document) for document in EVERYTHING.values()]
    events.append(voevent.decode(packet('<Reference name="a" uri="b"/>').replace(b"v2.0", b"v1.1")))
    filled = {
        (type(part).__name__, field.name)
        for part in parts(tuple(events))
        for field in dataclasses.fields(part)
        if getattr(part, field.name) not in (None, ())
    }
    assert filled == {
        (name, field.name)
        for name in model.__all__
        if dataclasses.is_dataclass(kind := getattr(model, name))
        for field in dataclasses.fields(kind)
    }


def test_real_packets_are_read(shared):
    versions = Counter(voevent.decode(data).version for _, data in real_packets(shared))
    assert versions == {"2.0": 978, "1.1": 5, "2.1": 2}
