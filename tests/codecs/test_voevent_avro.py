"""gateway.codecs.voevent_avro: any VOEvent as an Avro datum, and its document back byte for byte."""

import json
from dataclasses import replace
from io import BytesIO

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from voevents import EVERYTHING, events, real_packets

from gateway import resources
from gateway.codecs import voevent, voevent_avro
from gateway.errors import AvroError, GatewayError, LimitError
from gateway.model.voevent import VOEvent

EVENT = voevent.decode(EVERYTHING["2.1"])
DATUM = voevent_avro.encode(EVENT)


def record(datum: bytes) -> dict:
    """The datum by a reader that knows nothing but the file with the schema."""
    file = resources.schemas() / "avro" / "voevent" / "1.0" / "voevent.avsc"
    return fastavro.schemaless_reader(BytesIO(datum), json.loads(file.read_text("utf-8")), None)


def changed(**fields: object) -> bytes:
    stream = BytesIO()
    fastavro.schemaless_writer(stream, voevent_avro.schema(), record(DATUM) | fields)
    return stream.getvalue()


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_the_document_comes_back_byte_for_byte(version):
    event = voevent.decode(EVERYTHING[version])
    back = voevent_avro.decode(voevent_avro.encode(event))
    assert (back, back.original) == (event, EVERYTHING[version])


def test_real_packets_come_back_byte_for_byte(shared):
    for name, data in real_packets(shared):
        back = voevent_avro.decode(voevent_avro.encode(voevent.decode(data)))
        assert back.original == data, name


@given(st.data())
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_an_event_without_a_document_is_its_canonical_one(version, data):
    event = data.draw(events(version))
    back = voevent_avro.decode(voevent_avro.encode(event))
    assert (back, back.original) == (event, voevent.encode(event))


def test_a_changed_event_does_not_keep_its_old_document():
    event = replace(EVENT, role="observation")
    back = voevent_avro.decode(voevent_avro.encode(event))
    assert (back, back.original) == (event, voevent.encode(event))


def test_the_head():
    fields = record(DATUM)
    assert list(fields) == ["version", "ivorn", "role", "items", "original"]
    assert (fields["version"], fields["ivorn"], fields["role"]) == (EVENT.version, EVENT.ivorn, "test")


def test_a_missing_role_means_observation():
    document = b'<VOEvent version="2.0" ivorn="ivo://example.org/s#1"/>'
    datum = voevent_avro.encode(voevent.decode(document))
    assert record(datum)["role"] == "observation"
    assert voevent_avro.decode(datum).role is None


def row(path: str, group=None, row=None, name=None, value=None, **attributes: str) -> dict:
    return {"path": path, "group": group, "row": row, "name": name, "value": value, "attributes": attributes}


def test_items_are_the_elements():
    document = b"""<VOEvent version="2.0" ivorn="i">
      <Citations><EventIVORN cite="followup">e</EventIVORN></Citations>
      <Who><Date>d</Date></Who>
      <What><Param name="a" value="1" unit="mag"/><Param name="b"><Value>two</Value></Param>
      <Group name="g" type="t"><Param name="c" value="3"/></Group>
      <Table name="t"><Param name="n" value="4"/><Field name="x" ucd="u"/>
      <Data><TR><TD>5</TD><TD>6</TD></TR><TR><TD/></TR></Data></Table></What></VOEvent>"""
    assert record(voevent_avro.encode(voevent.decode(document)))["items"] == [
        row("Who"),
        row("Who/Date", value="d"),
        row("What"),
        row("What/Param", name="a", value="1", unit="mag"),
        row("What/Param", name="b", value="two"),
        row("What/Param/Value", value="two"),
        row("What/Group", "g", name="g", type="t"),
        row("What/Group/Param", "g", name="c", value="3"),
        row("What/Table", "t", name="t"),
        row("What/Table/Param", "t", name="n", value="4"),
        row("What/Table/Field", "t", name="x", ucd="u"),
        row("What/Table/Data/TR/TD", "t", 0, "x", "5"),
        row("What/Table/Data/TR/TD", "t", 0, None, "6"),
        row("What/Table/Data/TR/TD", "t", 1, "x", ""),
        row("Citations"),
        row("Citations/EventIVORN", value="e", cite="followup"),
    ]


def test_everything_is_among_the_items():
    """Each text and each attribute value of the document is in some row."""
    rows = record(DATUM)["items"]
    found = {text for item in rows for text in (item["name"], item["value"], *item["attributes"].values())}
    elements = list(etree.fromstring(EVERYTHING["2.1"]).iterdescendants(etree.Element))
    texts = {element.text for element in elements if element.text and element.text.strip()}
    texts |= {value for element in elements for value in element.attrib.values()}
    assert len(texts) > 100
    assert texts <= found


@pytest.mark.parametrize(
    "fields",
    [
        {"version": "2.0"},
        {"ivorn": "ivo://example.org/s?2"},
        {"role": "observation"},
        {"items": []},
        {"items": record(DATUM)["items"][:-1]},
        {"original": EVERYTHING["2.1"].replace(b"1832.4071", b"1832.4072")},
    ],
)
def test_fields_that_disagree_with_the_document_are_refused(fields):
    with pytest.raises(AvroError) as caught:
        voevent_avro.decode(changed(**fields))
    assert caught.value.code == "avro-original"


def test_every_truncation_is_refused():
    for end in range(0, len(DATUM), 97):
        with pytest.raises(AvroError) as caught:
            voevent_avro.decode(DATUM[:end])
        assert caught.value.code == "avro-truncated"


def test_bytes_behind_the_datum_are_refused():
    with pytest.raises(AvroError) as caught:
        voevent_avro.decode(DATUM + b"\0")
    assert (caught.value.code, caught.value.where.offset) == ("avro-trailing", len(DATUM))


def test_the_size_is_limited(monkeypatch):
    monkeypatch.setattr(voevent_avro, "MAX_DATUM_BYTES", len(DATUM) - 1)
    with pytest.raises(LimitError):
        voevent_avro.decode(DATUM)


@given(st.integers(0, len(DATUM) - 1), st.binary(max_size=12), st.integers(0, 4))
def test_damage_is_an_error_of_ours_or_harmless(position, replacement, skipped):
    """A damaged datum raises a GatewayError or still gives its own document."""
    damaged = DATUM[:position] + replacement + DATUM[position + skipped :]
    try:
        event = voevent_avro.decode(damaged)
    except GatewayError:
        return
    assert isinstance(event, VOEvent)
    assert event.original in damaged
