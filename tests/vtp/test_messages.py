"""Messages: read in every namespace, written as the schema has it, recognised as the parser reads them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from strategies import damages
from voevents import EVERYTHING, TEXTS, URIS
from vtp_cases import IVORN, MESSAGES, STAMP, Message, event

from gateway import resources
from gateway.errors import ConversionError, GatewayError, LimitError, VTPError, XMLError
from gateway.vtp import Packet, Transport, read, write
from gateway.vtp import messages as module
from gateway.vtp.messages import MAX_IDENTIFIER
from gateway.vtp.transport import recognise

XSD = etree.XMLSchema(etree.parse(resources.schemas() / "voevent" / "Transport-v1.1.xsd"))
OURS = [message for message in MESSAGES if message.ours]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_a_document_is_read_as_its_value(message: Message) -> None:
    assert read(message.document) == message.value


@pytest.mark.parametrize("message", OURS, ids=str)
def test_a_value_is_written_as_its_document(message: Message) -> None:
    assert write(message.value) == message.document
    assert XSD.validate(etree.fromstring(message.document)), XSD.error_log


# Which are recognised without a parser: what known programs write and needs no care.
RECOGNISED = {"our iamalive", "our ack", "Comet's iamalive", "Comet's ack", "pygcn's ack"}


def test_the_usual_ones_are_recognised() -> None:
    assert {message.name for message in MESSAGES if recognise(message.document)} == RECOGNISED


ODD = st.sampled_from(
    [b"<", b">", b"&", b"&amp;", b" ", b"\xc3\xa9", b"<!--x-->", b"]]>", b"\0", b"\x0b", b"'", b"a"]
)
USUAL = [message.document for message in MESSAGES if message.name in RECOGNISED]


@settings(max_examples=500)
@given(st.data())
def test_recognising_and_parsing_agree(data: st.DataObject) -> None:
    document = data.draw(st.sampled_from(USUAL))
    for _ in range(data.draw(st.integers(0, 2))):
        if data.draw(st.booleans()):
            document = data.draw(damages())(document)
        else:
            place, part = data.draw(st.integers(0, len(document))), data.draw(ODD)
            document = document[:place] + part + document[place + data.draw(st.integers(0, 1)) :]
    quick = recognise(document)
    if quick is not None:
        assert _parsed(document) == quick


def _parsed(document: bytes) -> Transport | Packet:
    recognise, module.recognise = module.recognise, lambda _: None
    try:
        return read(document)
    finally:
        module.recognise = recognise


def transports(identifiers: st.SearchStrategy[str]) -> st.SearchStrategy[Transport]:
    roles = st.sampled_from(["iamalive", "authenticate", "ack", "nak"])
    params = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
    return st.builds(
        Transport, roles, identifiers, st.just(STAMP), st.none() | identifiers, params, st.none() | TEXTS
    )


@settings(max_examples=300)
@given(transports(TEXTS.map(str.strip)) | transports(URIS))
def test_what_is_written_reads_back(message: Transport) -> None:
    document = write(message)
    assert read(document) == message
    assert recognise(document) in (None, message)


@given(transports(URIS))
def test_what_is_written_is_valid(message: Transport) -> None:
    assert XSD.validate(etree.fromstring(write(message))), XSD.error_log


@pytest.mark.parametrize("bad", ["\0", "\x1b", "\ud800", "\ufffe"])
@pytest.mark.parametrize("where", ["origin", "timestamp", "response", "result"])
def test_what_xml_cannot_carry_is_refused(where: str, bad: str) -> None:
    with pytest.raises(ConversionError) as error:
        write(Transport(**({"role": "ack", "origin": IVORN, "timestamp": STAMP} | {where: "a" + bad})))
    assert error.value.code == "convert-character"


def test_filters_said_in_either_way() -> None:
    message = Transport(
        "authenticate", "", "", params=(("a", "b"), ("xpath-filter", "//c")), filters=("//d",)
    )
    assert message.xpaths == ("//c", "//d")
    assert message.voevent_version is None
    assert Transport("", "", "", params=(("voevent-version", "2.1"),) * 2).voevent_version == "2.1"


@pytest.mark.parametrize("version", ["1.1", "2.0", "2.1", "3.0"])
def test_of_an_event_the_root_is_read(version: str) -> None:
    document = event(version=version)
    packet = read(document)
    assert isinstance(packet, Packet)
    assert (packet.payload, packet.ivorn, packet.role, packet.version) == (document, IVORN, "test", version)


def test_an_event_says_by_its_namespace_which_version_it_is() -> None:
    packet = read(b'<VOEvent xmlns="http://www.ivoa.net/xml/VOEvent/v2.0" version="1.1"/>')
    assert packet.version == "2.0"
    assert (read(b"<VOEvent/>").version, read(b"<VOEvent version='2.0'/>").version) == ("", "2.0")


def test_what_an_event_does_not_say() -> None:
    packet = read(b"<VOEvent/>")
    assert (packet.ivorn, packet.role) == ("", "observation")


def test_events_with_everything() -> None:
    for version, document in EVERYTHING.items():
        assert read(document).version == version


@pytest.mark.parametrize(
    ("document", "kind", "code"),
    [
        (b"", XMLError, "xml-malformed"),
        (b"nonsense", XMLError, "xml-malformed"),
        (b"<VOEvent", XMLError, "xml-malformed"),
        (b"<!DOCTYPE VOEvent><VOEvent/>", XMLError, "xml-dtd"),
        (b"<?xml version='1.0' encoding='UTF-7'?><VOEvent/>", XMLError, "xml-encoding"),
        (b"<VOEvent>" + b"<a>" * 300 + b"</a>" * 300 + b"</VOEvent>", LimitError, "limit-depth"),
        (b"<html/>", VTPError, "vtp-message"),
        (b"<voevent/>", VTPError, "vtp-message"),
        (b"<a><VOEvent/></a>", VTPError, "vtp-message"),
        (
            b"<Transport><Origin>" + b"x" * (MAX_IDENTIFIER + 1) + b"</Origin></Transport>",
            VTPError,
            "vtp-message",
        ),
        (b"<VOEvent ivorn='" + b"x" * (MAX_IDENTIFIER + 1) + b"'/>", VTPError, "vtp-message"),
    ],
)
def test_what_is_no_message(document: bytes, kind: type[GatewayError], code: str) -> None:
    with pytest.raises(kind) as error:
        read(document)
    assert error.value.code == code


def test_the_longest_identifier_is_recognised_no_further_than_it_is_read() -> None:
    for length in (MAX_IDENTIFIER, MAX_IDENTIFIER + 1):
        document = write(Transport("ack", "x" * length, STAMP))
        assert (recognise(document) is None) == (length > MAX_IDENTIFIER)
    assert read(write(Transport("ack", "<" * MAX_IDENTIFIER, STAMP))).origin == "<" * MAX_IDENTIFIER


def test_real_events(real_voevents: list[tuple[str, bytes]]) -> None:
    for _, document in real_voevents[::20]:
        packet = read(document)
        assert isinstance(packet, Packet)
        root = etree.fromstring(document)
        assert packet.ivorn == root.get("ivorn")
        assert packet.role == root.get("role")
        assert packet.version == root.get("version")
