"""Identity: the bytes from the start tag to the last ``>`` of the element, whatever is around and in it (VTP-41)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from voevents import EVERYTHING

from gateway import safexml
from gateway.errors import GatewayError
from gateway.vtp import identity, read

START = '<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" ivorn="ivo://a.b/c?d" role="test" version="2.0">'
ELEMENT = START + "<Who/></voe:VOEvent>"
ELEMENTS = (
    ELEMENT,
    START
    + "<!-- </voe:VOEvent> --><What><![CDATA[</voe:VOEvent>-->]]></What><?x </voe:VOEvent>?></voe:VOEvent\n >",
    START + "<Who title=\"'>-->\" b='?>\"'/></voe:VOEvent>",
    "<VOEvent ivorn='>-->' xmlns=\"http://www.ivoa.net/xml/VOEvent/v2.0\"/>",
    START + "\u00e9\u00c5</voe:VOEvent>",
)
BEFORE = ("", "\n", "<!-- <VOEvent> -->", "<!-- ?> --><?x <VOEvent?>\n<!-- é -->", "<?x -->?>")
AFTER = (
    "",
    "\n\t\r ",
    "<!-- </voe:VOEvent> -->",
    "<!-- > --><?x <VOEvent/>?>\n",
    "<?x <?y </VOEvent> ?>",
    "\n<!-- 'é\" -->\n<?x '?><!---->\n\n",
)
ENCODINGS = (
    "UTF-8",
    "ISO-8859-1",
    "UTF-16",
    "UTF-16LE",
    "UTF-16BE",
    "ISO-8859-15",
    "US-ASCII",
    "windows-1252",
)


def encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "xmlcharrefreplace")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("element", ELEMENTS)
def test_the_element_is_found(element: str, encoding: str) -> None:
    # Where an encoding leaves the order of bytes open, a mark says it, and the element has none of its own.
    inside = "UTF-16LE" if encoding == "UTF-16" else encoding
    mark = b"\xff\xfe" if encoding == "UTF-16" else b""
    for before in BEFORE:
        for after in AFTER:
            text = f'<?xml version="1.0" encoding="{encoding}"?>{before}{element}{after}'
            document = mark + encoded(text, inside)
            safexml.parse(document)
            assert document[identity.element(document)] == encoded(element, inside)


def test_a_byte_order_mark_is_around_it() -> None:
    for after in AFTER:
        for text in (f"{ELEMENT}{after}", f"<!-- <VOEvent> -->{ELEMENT}{after}"):
            document = b"\xef\xbb\xbf" + text.encode()
            assert document[identity.element(document)] == ELEMENT.encode()


def test_what_stands_around_does_not_count_and_all_else_does() -> None:
    def digest(text: str) -> bytes:
        return read(text.encode()).digest

    same = {digest(before + ELEMENT + after) for before in BEFORE for after in AFTER}
    assert len(same) == 1
    assert digest(f'<?xml version="1.0"?>{ELEMENT}') in same
    assert digest(ELEMENT.replace("<Who/>", "<Who />")) not in same
    assert digest(ELEMENT.replace("a.b", "A.b")) not in same


def test_the_digest_is_of_the_element() -> None:
    document = b"<!-- x -->" + ELEMENT.encode() + b"<?y?>"
    assert identity.digest(document) == identity.digest(ELEMENT.encode()) == read(document).digest
    assert identity.digest(document, slice(0, 3)) == identity.digest(b"<!-", slice(0, 3))


ODD = (
    "<!--",
    "-->",
    "<?x ",
    "?>",
    "<![CDATA[",
    "]]>",
    "<VOEvent>",
    "</VOEvent>",
    "<VOEvent/>",
    "<a b='",
    "/>",
)
SIGNS = ("'", '"', ">", "<", "-", "?", " ", "\n", "text", "é", "\U0001d11e", "&amp;")
CONTENTS = st.lists(st.sampled_from(ODD + SIGNS), max_size=6).map("".join)


def without(end: str, text: str) -> str:
    """The text without what would end the markup that it is put into."""
    while end in text:
        text = text.replace(end, "")
    return text


AROUND = (
    CONTENTS.map(lambda text: f"<!--{without('-', text)}-->")
    | CONTENTS.map(lambda text: f"<?x {without('?>', text)}?>")
    | st.sampled_from([" ", "\n", "\t"])
)
INSIDE = (
    AROUND
    | CONTENTS.map(lambda text: f"<![CDATA[{without(']]>', text)}]]>")
    | CONTENTS.map(lambda text: f"<What title='{text.translate({60: '', 39: ''})}'/>")
    | st.sampled_from(["<VOEvent/>", "<VOEvent>></VOEvent>", "'", '"', "é"])
)


@settings(max_examples=600)
@given(
    st.lists(AROUND, max_size=3).map("".join),
    st.lists(INSIDE, max_size=3).map("".join),
    st.lists(AROUND, max_size=3).map("".join),
    st.sampled_from(["UTF-8", "UTF-16"]),
)
def test_the_parser_sees_the_same_element(before: str, inside: str, after: str, encoding: str) -> None:
    element = f"<VOEvent>{inside}</VOEvent>"
    document = f'<?xml version="1.0" encoding="{encoding}"?>{before}{element}{after}'.encode(encoding)
    safexml.parse(document)
    assert (
        document[identity.element(document)].decode("utf-16-le" if encoding == "UTF-16" else encoding)
        == element
    )


@settings(max_examples=300)
@given(CONTENTS, CONTENTS)
def test_whatever_the_parser_takes(before: str, after: str) -> None:
    document = f"{before}<VOEvent/>{after}".encode()
    try:
        root = safexml.parse(document)
    except GatewayError:
        return
    found = document[identity.element(document)]
    assert etree.tostring(etree.fromstring(found), method="c14n") == etree.tostring(root, method="c14n")
    # No more than the element: what is around it is lost in the tree, and would be in the bytes.
    assert not found.startswith((b"<?", b"<!"))
    assert not found.endswith((b"-->", b"?>"))


def test_events_of_all_versions() -> None:
    for document in EVERYTHING.values():
        element = document[identity.element(document)]
        assert element.startswith(b"<voe:VOEvent")
        assert element.endswith(b"</voe:VOEvent>")


def test_real_events(real_voevents: list[tuple[str, bytes]]) -> None:
    for _, document in real_voevents[::20]:
        root = etree.fromstring(document)
        assert etree.tostring(
            etree.fromstring(document[identity.element(document)]), method="c14n"
        ) == etree.tostring(root, method="c14n")
