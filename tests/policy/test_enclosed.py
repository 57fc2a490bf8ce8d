"""What an event of ours may have inline, and that a Group with one of our names opens nothing (L11, L12, L14)."""

import base64
import re
from dataclasses import replace

import pytest
from alerts import KEYS, NEWEST, changed, released, simulated

from gateway.codecs.voevent import decode
from gateway.errors import PolicyError
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import Description, Group, Param, Reference, VOEvent
from gateway.policy.engine import Policy
from gateway.policy.events.enclosed import OURS
from gateway.schema import registry

EXTERNAL = Provenance(Origin.EXTERNAL)
POLICY = Policy("rdo013-2025")
FULL = Minter(Settings(detail="full"))
PIXELS = base64.b64encode(bytes(range(256)) * 400).decode()
INLINE = re.compile(rb"(data:image/fits;base64,)([^\"]*)")


def event(what: str) -> bytes:
    return (
        '<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" version="2.0" role="observation" '
        'ivorn="ivo://org.example/s#1"><Who><AuthorIVORN>ivo://org.example/s</AuthorIVORN>'
        f"<Date>2026-01-01T00:00:00</Date></Who><What>{what}</What></voe:VOEvent>"
    ).encode()


def full(key: str = NEWEST) -> bytes:
    return FULL.mint(released(simulated(key, 1)[0])).data


def carried(more: bytes = b"", **values: object) -> bytes:
    """An event that has its packet inline, with a stamp that no image is made of and perhaps more behind it."""
    found = changed(simulated(NEWEST, 1)[0], **values)
    text = base64.b64encode(found.payload + more).decode()
    fingerprint = registry.get(NEWEST).sha256
    return event(
        f'<Group name="avro"><Param name="schema.sha256" value="{fingerprint}"/></Group>'
        f'<Group name="avro.payload"><Param name="base64"><Value>{text}</Value></Param></Group>'
    )


def refused(data: bytes) -> str | None:
    with pytest.raises(PolicyError) as error:
        POLICY.release(decode(data), provenance=EXTERNAL)
    return error.value.clause


@pytest.mark.parametrize("key", KEYS)
def test_the_full_event_of_an_alert_passes_as_it_is(key: str) -> None:
    data = full(key)
    assert POLICY.release(decode(data), provenance=EXTERNAL).original() == data


def test_a_stamp_is_one_in_an_event_of_ours_alone() -> None:
    data = re.sub(rb'<Group name="avro.payload">.*?</Group>', b"", full(), flags=re.DOTALL)
    assert POLICY.release(decode(data), provenance=EXTERNAL).original() == data
    assert refused(data.replace(b'<Group name="avro">', b'<Group name="other">')) in ("P13", "P16")
    assert POLICY.release(VOEvent("2.0", "ivo://example.org/s#1"), provenance=EXTERNAL).whole


@pytest.mark.parametrize("name", OURS)
def test_a_group_of_our_name_opens_nothing(name: str) -> None:
    ours = f'<Group name="{name}"><Param name="exact" value="true"/></Group>'
    assert refused(event(f'{ours}<Reference uri="data:image/fits;base64,{PIXELS}"/>')) in ("P13", "P16")
    assert refused(event(f'{ours}<Reference uri="data:image/fits;base64,AAAA"/>')) == "P16"
    for text in (PIXELS, "https://data.lsst.cloud/?token=abcdefgh"):
        payload = f'<Group name="avro.payload"><Param name="base64"><Value>{text}</Value></Param></Group>'
        assert refused(event(ours + payload)) in ("P13", "P16")


def test_a_stamp_is_the_issued_one_in_every_byte() -> None:
    data = full()
    longer = INLINE.sub(lambda m: m[1] + base64.b64encode(base64.b64decode(m[2]) + b"x" * 3), data)
    assert longer != data
    assert refused(longer) in ("P13", "P16")


@pytest.mark.parametrize(
    ("key", "name"),
    [(NEWEST, "ra"), (NEWEST, "dec"), (NEWEST, "bboxSize"), ("lsst/3.0", "decl")],
)
def test_a_stamp_is_of_this_source(key: str, name: str) -> None:
    data = full(key)
    source = data.index(b'<Group name="diaSource"')
    other = re.sub(rb'(name="%b" value=")' % name.encode(), rb"\g<1>1", data[source:], count=1)
    assert other != data[source:]
    assert refused(data[:source] + other) in ("P13", "P16")


def test_a_packet_is_judged_as_a_packet() -> None:
    data = carried()
    assert POLICY.release(decode(data), provenance=EXTERNAL).original() == data
    assert refused(carried(cutoutDifference=b"no image" * 200)) == "P13"
    assert refused(data.replace(b"</Value>", b"AAAA</Value>")) == "P13"
    assert refused(carried(b"x")) == "P13"
    assert refused(data.replace(b"<Value>", b"<Value>!!!!")) == "P13"


@pytest.mark.parametrize("place", ["value_element", "ucd", "unit", "utype", "data_type"])
def test_what_the_param_of_a_packet_says_besides_is_judged_as_ever(place: str) -> None:
    whole = decode(carried())
    assert whole.what is not None
    mark, payload = whole.what.items
    (packet,) = payload.params
    for text, clause in (("https://example.org/?token=abcdefgh", "P16"), ("QUJD" * 400, "P13")):
        param = replace(Param("base64", packet.text), **{place: text})
        what = replace(whole.what, items=(mark, replace(payload, items=(param,))))
        with pytest.raises(PolicyError) as error:
            POLICY.release(replace(whole, what=what, original=None), provenance=EXTERNAL)
        assert error.value.clause == clause


@pytest.mark.parametrize("place", ["type", "mimetype", "meaning"])
def test_what_the_reference_to_a_stamp_says_besides_is_judged_as_ever(place: str) -> None:
    whole = decode(full())
    assert whole.what is not None
    stamps = 0

    def spoilt(item: Param | Description | Reference) -> Param | Description | Reference:
        nonlocal stamps
        if isinstance(item, Reference) and str(item.uri).startswith("data:"):
            stamps += 1
            return replace(item, **{place: "https://example.org/?token=abcdefgh"})
        return item

    items = tuple(
        replace(item, items=tuple(map(spoilt, item.items))) if isinstance(item, Group) else item
        for item in whole.what.items
    )
    assert stamps
    with pytest.raises(PolicyError) as error:
        POLICY.release(
            replace(whole, what=replace(whole.what, items=items), original=None), provenance=EXTERNAL
        )
    assert error.value.clause == "P16"
