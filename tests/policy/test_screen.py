"""What is passed at a glance is passed when each element is looked at: the two are held to each other."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_signs import CONTROLLED, JWT, LISTS, SECRETS
from voevents import events, real_packets

from gateway.codecs.voevent import decode, encode
from gateway.errors import GatewayError
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.events.screen import passes
from gateway.policy.events.signs import PLAIN as PLAIN_TEXT
from gateway.policy.events.signs import Sign, host_link, lists
from gateway.safexml import parse

POLICY = Policy(clock=lambda: datetime(2026, 12, 1, tzinfo=UTC))
EXTERNAL = Provenance(Origin.EXTERNAL)
CHARACTERS = lists().characters
PLAIN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0"'
    b' version="2.0" ivorn="ivo://org.example/stream#1" role="test"><Who><AuthorIVORN>ivo://org.example/author</AuthorIVORN>'
    b'<Author><title>AUTHOR</title></Author></Who><What><Param name="NAME" value=\'VALUE\'/><Param name="b">'
    b"<Description>TEXT</Description><Value>LONG</Value></Param>"
    b'<Reference uri="https://example.org/a/b.html"/></What></voe:VOEvent>'
)


def at_a_glance(document: bytes, provenance: Provenance = EXTERNAL) -> bool | None:
    """Whether a document is passed at a glance, which must then be right; None for what is no event."""
    try:
        root = parse(document)
        event = decode(document, root)
    except GatewayError:
        return None
    release = POLICY.release_whole(event, root, provenance=provenance)
    if release is None:
        return False
    assert POLICY.release(event, provenance=provenance).whole
    assert release.original() == document
    return True


def test_a_plain_event_is_passed_at_a_glance() -> None:
    assert at_a_glance(PLAIN)
    assert at_a_glance(PLAIN.replace(b"\n", b"\r\n").replace(b"><", b">\r\n<"))
    assert at_a_glance(PLAIN.replace(b"</What>", b'<Param name="c" value="d"/>' * 100 + b"</What>"))


@pytest.mark.parametrize(
    "text",
    [
        b"a &lt; b &amp; c, 90% of 3/4: see http://example.org/x and (https://a.b/)",
        b"&lt;http://example.org/x&gt; and &quot;https://a.b/&quot;",
        b"Basic facts, no secret: a token of an lsst-data-facility",
        b"x" * (CHARACTERS - len("Description>")),
    ],
    ids=["signs", "marks", "needles", "long"],
)
def test_so_is_one_with_a_text_that_gives_nothing_away(text: bytes) -> None:
    assert at_a_glance(PLAIN.replace(b"TEXT", text))


@pytest.mark.parametrize("new", [b"<What><?note x?>", b"<What><!-- x -->", b"<What>\r", b"<What>\r\r\n"])
def test_an_unusual_one_is_looked_at(new: bytes) -> None:
    document = PLAIN.replace(b"<What>", new)
    assert POLICY.release(decode(document), provenance=EXTERNAL).whole
    assert at_a_glance(document) is False


def test_nearly_all_real_events_are(shared: Path) -> None:
    found = [at_a_glance(data) for _, data in real_packets(shared)]
    assert found.count(True) > 0.9 * len(found)


BAD = [
    *SECRETS,
    *CONTROLLED,
    JWT,
    "Bearer abcdefghij0123456789",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "password: hunter22",
    "password:\nhunter22",
    "access\ntoken = abcdef0123",
    "access\ttoken = abcdef0123",
    "access\r\ntoken = abcdef0123",
    "LSST-DP2-DO-609788942606140416",
    "data:image/fits;base64,AAAA",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "gopher:\\\\example.org\\x",
    "https://bit.ly/abc",
    "https://example.org/?u=https://example.com/",
    "https://example.org/https://example.com/",
    "gopher://example.org/x",
    "QUJD" * 400,
    " ".join(map(str, range(1000))),
]  # fmt: skip
PLACES = (
    b"AUTHOR",
    b"NAME",
    b"VALUE",
    b"TEXT",
    b"LONG",
    b"https://example.org/a/b.html",
    b"ivo://org.example/stream#1",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:30].encode("ascii", "replace").decode())
def test_what_gives_something_away_is_not(place: bytes, text: str) -> None:
    quoted = text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;").encode()
    assert at_a_glance(PLAIN.replace(place, quoted)) is False
    assert at_a_glance(PLAIN.replace(place, b"see (" + quoted + b") there")) is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"TEXT", b"data.ls<!-- -->st.cloud"),
        (b"TEXT", b"data.ls<b/>st.cloud"),
        (b"TEXT", b"<a>data.ls</a><b>st.cloud</b>"),
        (b"TEXT", b"data.ls<![CDATA[st]]>.cloud"),
        (b"TEXT", b"data.ls<?x?>st.cloud"),
        (b"TEXT", b"data.ls&#115;t.cloud"),
        (b"LONG", "data.l\u017f\u017ft.cloud".encode()),
        (b"LONG", b"data%2Elsst%2Ecloud"),
        (b"VALUE", b"password:\nhunter22"),
        (b"<What>", b'<What xmlns:a="https://data.lsst.cloud/">'),
        (b"<What>", b"<What><data.lsst.cloud/>"),
        (b"<What>", b'<What lsst.cloud="x">'),
        (b"</voe:VOEvent>", b"</voe:VOEvent><!-- data.lsst.cloud -->"),
        (b"<Who>", b"<!-- data.lsst.cloud --><Who>"),
        (b"https://example.org/a/b.html", b"data.lsst.cloud"),
        (b"https://example.org/a/b.html", b"www.example.org"),
        (b"https://example.org/a/b.html", b"https://example.org/x?token=1234"),
        (b"https://example.org/a/b.html", b"mailto:a@example.org"),
    ],
)
def test_what_is_hidden_is_not(old: bytes, new: bytes) -> None:
    assert at_a_glance(PLAIN.replace(old, new)) is not True


def test_an_address_in_an_attribute_of_2_1_is_not() -> None:
    newer = PLAIN.replace(b"VOEvent/v2.0", b"VOEvent/v2.1").replace(b'version="2.0"', b'version="2.1"')
    contributor = b'<Contributor altIdentifier="ADDRESS">A</Contributor></Author>'
    document = newer.replace(b"</Author>", contributor)
    assert at_a_glance(newer)
    assert not POLICY.release(decode(document.replace(b"ADDRESS", b"bit.ly/x")), provenance=EXTERNAL).whole
    for address in (b"bit.ly/x", b"www.example.org"):
        assert at_a_glance(document.replace(b"ADDRESS", address)) is False


def test_of_a_plain_event_only_the_hosts_are_asked() -> None:
    asked: list[Sign] = []
    document = PLAIN.replace(b"TEXT", b"http://A.b http://c.d:80/x ivo://e.f/g")
    assert passes(document, parse(document), lambda sign: asked.append(sign) is None)
    assert set(asked) == {PLAIN_TEXT, *map(host_link, ("www.ivoa.net", "example.org", "a.b", "c.d"))}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_what_is_written_in_other_bytes_is_not(encoding: str) -> None:
    document = PLAIN.decode().replace("UTF-8", "UTF-16").replace("TEXT", "data.lsst.cloud").encode(encoding)
    assert at_a_glance(document) is not True


@pytest.mark.parametrize(
    "provenance",
    [
        Provenance(),
        Provenance(Origin.DATA_RELEASE, "dp1"),
        Provenance(Origin.BROKER_ANNOTATION),
        Provenance(Origin.EXTERNAL, inputs=(Provenance(Origin.DATA_RELEASE, "dp1"),)),
        Provenance(Origin.EXTERNAL, fields=(("What.NAME", Provenance(Origin.DATA_RELEASE, "dp1")),)),
    ],
)
def test_what_comes_from_elsewhere_is_not(provenance: Provenance) -> None:
    assert at_a_glance(PLAIN, provenance) is False


def test_an_image_in_columns_is_not() -> None:
    fields = b"".join(b'<Field name="f%d"/>' % number for number in range(30))
    rows = b"<TR>" + b"<TD>1.5</TD>" * 30 + b"</TR>"
    table = b"<Table>" + fields + b"<Data>" + rows * 30 + b"</Data></Table>"
    assert at_a_glance(PLAIN.replace(b"</What>", table + b"</What>")) is False


SPLIT = st.sampled_from(
    [
        "",
        "<!---->",
        "<b/>",
        "<?x?>",
        "\n",
        "\t",
        " ",
        "&#13;",
        "&amp;",
        "&lt;",
        '"',
        "'",
        "\\",
        "%2E",
        "\u00ad",
    ]
)


@given(event=events("2.0"), text=st.sampled_from(BAD), data=st.data())
def test_wherever_something_is_put(event, text: str, data: st.DataObject) -> None:
    document = encode(event).decode()
    for _ in range(data.draw(st.integers(1, 3))):
        cut = data.draw(st.integers(0, len(text)))
        fragment = text[:cut] + data.draw(SPLIT) + text[cut:]
        place = data.draw(st.integers(0, len(document)))
        document = document[:place] + fragment + document[place:]
    at_a_glance(document.encode())


@given(event=st.sampled_from(["2.0", "2.1"]).flatmap(events))
def test_any_event_is_passed_as_it_would_be(event) -> None:
    at_a_glance(encode(event))


# What is looked for first


@pytest.mark.parametrize("text", tomllib.loads(LISTS)["secrets"]["texts"])
def test_every_credential_has_one_of_the_needles(text: str) -> None:
    # An expression that looks ahead is one that few texts fit.
    @settings(suppress_health_check=[HealthCheck.filter_too_much])
    @given(st.from_regex(text))
    def check(found: str) -> None:
        assert re.search(text, found)
        assert lists().may_hold_secret(found.lower())

    check()


@given(st.from_regex(lists().controlled))
def test_every_controlled_host_has_one_of_the_parts(found: str) -> None:
    assert lists().may_name_controlled(found)
