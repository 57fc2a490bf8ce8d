"""What an event goes through between sockets: refused with a reason, or offered, in one form for all who are alike."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.codecs.voevent import decode, encode
from gateway.errors import GatewayError, PolicyError, VTPError
from gateway.filters.xpath import Filter, FilterSet
from gateway.model.audience import PUBLIC, Audience
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import Param, Reference, VOEvent, What, Who
from gateway.policy.engine import Policy
from gateway.policy.people.principal import Principal
from gateway.relay import Interest, Relay, packet_of
from gateway.relay.testevent import test_event as made_test_event

NOW = datetime(2026, 12, 1, tzinfo=UTC)
EXTERNAL = Provenance(Origin.EXTERNAL)
DP1 = Audience(frozenset({"dp1"}))


def document(*items: Param | Reference, version: str = "2.0", role: str = "observation") -> bytes:
    who = Who(author_ivorn="ivo://org.example/author", date="2026-11-24T00:00:00")
    return encode(
        VOEvent(version, "ivo://org.example/events#1", role, who, What(items or (Param("a", "1"),)))
    )


def relay(provenance: Provenance = EXTERNAL, **options) -> Relay:
    return Relay(Policy(clock=lambda: NOW), provenance, **options)


def test_a_whole_release_is_the_original_once_framed_for_all() -> None:
    data = document()
    offer = relay().take(packet_of(data))
    one, other = (offer.form(PUBLIC, newest) for newest in ("2.0", "2.1"))
    assert one is not None
    assert other is not None
    assert one.send.data == len(data).to_bytes(4, "big") + data
    assert offer.form(PUBLIC, "2.0") is one
    assert one.ivorn == "ivo://org.example/events#1"


def test_a_redacted_event_is_a_new_one_of_the_issuer() -> None:
    data = document(Param("a", "1"), Reference("https://data.lsst.cloud/api/tap"))
    offer = relay().take(packet_of(data))
    form = offer.form(PUBLIC, "2.0")
    assert form is not None
    event = decode(form.send.data[4:])
    assert event.ivorn.startswith("ivo://org.example/alerts?")
    assert b"lsst.cloud" not in form.send.data
    assert form.ivorn == event.ivorn
    assert event.citations is not None


def test_what_nobody_served_may_see_is_refused() -> None:
    private = Provenance(Origin.DATA_RELEASE, "dp1")
    with pytest.raises(PolicyError):
        relay(private).take(packet_of(document()))
    offer = relay(private, audiences=(PUBLIC, DP1)).take(packet_of(document()))
    assert offer.form(DP1, "2.0") is not None
    assert offer.form(PUBLIC, "2.0") is None


@pytest.mark.parametrize(
    "data",
    [
        document().replace(b"<What>", b"<What><Nonsense/>"),
        document().replace(b'version="2.0"', b'version="9.9"'),
    ],
)
def test_what_breaks_its_standard_is_refused(data: bytes) -> None:
    with pytest.raises(VTPError) as caught:
        relay().take(packet_of(data))
    assert caught.value.code == "vtp-invalid"
    assert caught.value.clause


NAMED_TWICE = document(Param("a", "1"), Param("a", "2"))


def test_what_only_the_text_of_the_standard_forbids_goes_on_and_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "gateway.vtp")
    made = relay()
    form = made.take(packet_of(NAMED_TWICE)).form(PUBLIC, "2.0")
    assert form is not None
    assert form.send.data[4:] == NAMED_TWICE
    assert made.broken == Counter({"VE-21": 1})
    assert "goes on and breaks VE-21" in caplog.text
    made.take(packet_of(document()))
    assert made.broken == Counter({"VE-21": 1})


def test_a_strict_relay_refuses_that_too() -> None:
    made = relay(strict=True)
    with pytest.raises(VTPError) as caught:
        made.take(packet_of(NAMED_TWICE))
    assert caught.value.code == "vtp-invalid"
    assert str(caught.value.clause).startswith("VE-21, ")
    assert not made.broken
    made.take(packet_of(document()))


def test_an_event_that_no_receipt_could_name_is_refused() -> None:
    for nothing in (b"", b" "):
        data = document().replace(b"ivo://org.example/events#1", nothing)
        with pytest.raises(VTPError, match="VTP-22"):
            relay().take(packet_of(data))


def test_real_events_go_on_but_for_those_that_the_xsd_refuses(
    real_voevents: list[tuple[str, bytes]], shared: Path
) -> None:
    single = [(path.name, path.read_bytes()) for path in sorted((shared / "data/voevent").glob("*.xml"))]
    made, refused = relay(), []
    for name, data in (*real_voevents, *single):
        try:
            form = made.take(packet_of(data)).form(PUBLIC, "2.1")
        except VTPError as error:
            refused.append((name.rpartition("/")[2].partition("_")[0], str(error.clause).partition(",")[0]))
        else:
            assert form is not None
            assert form.send.data[4:] == data
    # Stray text in a Group, and a document without a namespace.
    assert Counter(refused) == {("Raw", "XSD"): 6, ("no", "VE-01"): 1}
    assert made.broken == Counter({"VE-36": 2, "VE-20": 1})


def test_what_is_no_event_is_refused() -> None:
    transport = b'<Transport role="ack"><Origin>ivo://a.b/c</Origin><TimeStamp/></Transport>'
    for data in (transport, b"<html/>", b"no XML"):
        with pytest.raises(GatewayError):
            packet_of(data)


def test_a_version_that_is_not_taken_is_converted_once() -> None:
    made = relay()
    offer = made.take(packet_of(document(version="2.1")))
    old, new = offer.form(PUBLIC, "2.0"), offer.form(PUBLIC, "2.1")
    assert old is not None
    assert new is not None
    assert decode(old.send.data[4:]).version == "2.0"
    assert new.send.data[4:] == document(version="2.1")
    assert offer.form(PUBLIC, "2.0") is old


def test_what_a_frame_cannot_hold_is_counted_and_not_sent() -> None:
    made = relay(limit=100)
    assert made.take(packet_of(document())).form(PUBLIC, "2.0") is None
    assert made.counts == Counter({"vtp-length": 1})


def test_an_interest_takes_its_roles_only() -> None:
    offer = relay().take(packet_of(document(role="test")))
    assert Interest().of(offer, NOW) is not None
    assert Interest(roles=frozenset({"observation"})).of(offer, NOW) is None


def test_rights_are_asked_for_at_each_delivery() -> None:
    offer = relay(Provenance(Origin.DATA_RELEASE, "dp1"), audiences=(DP1,)).take(packet_of(document()))
    holder = Interest(Principal(frozenset({"dp1"}), NOW + timedelta(seconds=1)))
    assert holder.of(offer, NOW) is not None
    assert holder.of(offer, NOW + timedelta(seconds=1)) is None


def test_a_filter_chooses_and_the_operator_has_the_last_word() -> None:
    offer = relay().take(packet_of(document()))
    for text, taken in (("//Param[@name='a']", True), ("//Param[@name='b']", False), ("//[", False)):
        assert (Interest(filters=FilterSet().asking([text])).of(offer, NOW) is not None) is taken
    nothing = FilterSet(blanket=Filter("//Param[@name='b']"))
    assert Interest(filters=nothing).of(offer, NOW) is None
    assert Interest(filters=nothing.asking(["true()"])).of(offer, NOW) is None


def test_a_test_event_is_valid_and_differs_from_the_last() -> None:
    one, other = (made_test_event("ivo://org.example/broker", NOW + timedelta(seconds=n)) for n in (0, 1))
    for data in (one, other):
        assert relay().take(packet_of(data)).packet.role == "test"
    assert packet_of(one).ivorn != packet_of(other).ivorn
