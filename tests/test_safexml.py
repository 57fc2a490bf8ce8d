"""The XML parser: what a hostile document can try, and that nobody is told what was in it."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import safexml
from gateway.errors import GatewayError, LimitError, XMLError
from gateway.safexml import MAX_BYTES, MAX_MARKUP, parse

SECRET = "s3ntinel"


def code(data: bytes) -> str:
    """The code that a document is refused with; empty when it is read."""
    try:
        parse(data)
    except (XMLError, LimitError) as error:
        found = error
    else:
        return ""
    assert SECRET not in f"{found} {found!r} {found.where}"
    assert found.__suppress_context__ or found.__context__ is None
    return found.code


DTDS = {
    "empty": "<!DOCTYPE a>",
    "internal subset": "<!DOCTYPE a [<!ELEMENT a ANY>]>",
    "billion laughs": "<!DOCTYPE a [<!ENTITY x 's3ntinel'>"
    + "".join(f"<!ENTITY x{n} '{f'&x{n - 1 or str()};' * 10}'>" for n in range(1, 10))
    + "]>",
    "quadratic blowup": f"<!DOCTYPE a [<!ENTITY x '{'s3ntinel' * 10_000}'>]>",
    "external file": "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
    "external address": "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/s3ntinel.dtd'>",
    "parameter entity": "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;]>",
    "public": "<!DOCTYPE a PUBLIC '-//x//y' 'z'>",
    "default attribute": "<!DOCTYPE a [<!ATTLIST a b CDATA 's3ntinel'>]>",
}
ROOT = "<a>&x;</a>"


@pytest.mark.parametrize("dtd", DTDS.values(), ids=DTDS)
@pytest.mark.parametrize(
    "before",
    [
        "",
        '<?xml version="1.0"?>',
        "<!-- x -->",
        "<?a b?>\n<!-- <b> --> <?c ?>\n",
        "\ufeff",
        "<!--?>-->",
        "<?-->?>",
        " \n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be-sig"])
def test_a_dtd_is_refused_wherever_it_hides(dtd: str, before: str, encoding: str) -> None:
    text = (
        before.replace("?>", ' encoding="utf-16"?>', 1)
        if before.startswith("<?xml") and "16" in encoding
        else before
    )
    data = (text + dtd + ROOT).encode(encoding.removesuffix("-sig"))
    if encoding.endswith("-sig"):
        data = codecs.BOM_UTF16_BE + data
    # Two byte order marks, or one behind nothing, are not the start of a document.
    assert code(data) == ("xml-malformed" if before == "\ufeff" and encoding != "utf-8" else "xml-dtd")


@pytest.mark.parametrize("spelling", ["<!doctype a>", "<!DocType a []>", "<!DOCTYPE\ta>", "<!DOCTYPE\na>"])
def test_a_dtd_in_another_spelling(spelling: str) -> None:
    assert code(spelling.encode() + b"<a/>") == "xml-dtd"


@pytest.mark.parametrize(
    "encoding",
    ["UTF-7", "utf7", "UCS-4", "UTF-32", "EBCDIC-CP-US", "IBM037", "cp037", "HZ-GB-2312", "ISO-2022-JP", "ISO-2022-KR",
     "Shift_JIS", "EUC-JP", "GB18030", "Big5", "UTF-16", "ISO-10646-UCS-2", "KOI8-R", "x-user-defined", "UTF-8-x"],
)  # fmt: skip
@pytest.mark.parametrize(
    "form", ['<?xml version="1.0" encoding="{}"?><a/>', "<?xml\tversion='1.0'\nencoding = '{}' ?><a/>"]
)
def test_encodings_in_which_markup_could_hide(encoding: str, form: str) -> None:
    assert code(form.format(encoding).encode()) == "xml-encoding"
    assert code(codecs.BOM_UTF8 + form.format(encoding).encode()) == "xml-encoding"


HIDDEN_DTD = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0" encoding="UTF-7"?>' + HIDDEN_DTD.encode("utf-7"),
        HIDDEN_DTD.encode("utf-7"),
        f'<?xml version="1.0" encoding="IBM037"?>{HIDDEN_DTD}'.encode("cp037"),
        HIDDEN_DTD.encode("utf-32"),
        HIDDEN_DTD.encode("utf-32-be"),
        HIDDEN_DTD.encode("utf-32-le"),
        codecs.BOM_UTF16_LE + b"\0\0" + HIDDEN_DTD.encode("utf-32-le"),
        f'<?xml version="1.0" encoding="utf-16be"?>{HIDDEN_DTD}'.encode("utf-16-le"),
        codecs.BOM_UTF16_LE + f'<?xml version="1.0" encoding="utf-16be"?>{HIDDEN_DTD}'.encode("utf-16-le"),
        codecs.BOM_UTF16_LE
        + '<?xml version="1.0" encoding="utf-16be"?>'.encode("utf-16-le")
        + HIDDEN_DTD.encode("utf-16-be"),
        codecs.BOM_UTF16_LE
        + '<?xml version="1.0" encoding="utf-8"?>'.encode("utf-16-le")
        + HIDDEN_DTD.encode(),
        b'<?xml version="1.0" encoding="utf-16"?>' + HIDDEN_DTD.encode("utf-16-le"),
        HIDDEN_DTD.encode("utf-16-le"),
        b"<!-- x -- " + HIDDEN_DTD.encode(),
        b"<?x " + HIDDEN_DTD.encode(),
        b"<!-->-->" + HIDDEN_DTD.encode(),
        b"<!--->-->" + HIDDEN_DTD.encode(),
        b"<b/>" + HIDDEN_DTD.encode(),
        b"\x0c" + HIDDEN_DTD.encode(),
        b"\0" + HIDDEN_DTD.encode(),
        b"<?xml version='1.0>' encoding='UTF-7'?>" + HIDDEN_DTD.encode("utf-7"),
        b"<?xml version='1.0' encoding='UTF-7:'?>" + HIDDEN_DTD.encode("utf-7"),
        b"<?xml version='1.0' standalone='no' encoding='UTF-7'?>" + HIDDEN_DTD.encode("utf-7"),
        b"<?xml version='1.0' encoding='utf-8' encoding='UTF-7'?>" + HIDDEN_DTD.encode("utf-7"),
        b" <?xml version='1.0' encoding='UTF-7'?>" + HIDDEN_DTD.encode("utf-7"),
    ],
)
def test_a_hidden_dtd_has_no_effect(data: bytes) -> None:
    assert code(data) in ("xml-dtd", "xml-encoding", "xml-malformed")


@pytest.mark.parametrize("name", ["utf-8", "UTF-8", "us-ascii", "ISO-8859-1", "iso-8859-15", "windows-1252"])
def test_accepted_supersets_of_ascii(name: str) -> None:
    assert parse(f'<?xml version="1.0" encoding="{name}"?><a>x</a>'.encode()).text == "x"


@pytest.mark.parametrize(
    ("write", "declared"),
    [
        (lambda s: s.encode(), ""),
        (lambda s: codecs.BOM_UTF8 + s.encode(), ""),
        (lambda s: codecs.BOM_UTF8 + s.encode(), "utf-8"),
        (lambda s: s.encode("latin-1"), "ISO-8859-1"),
        (lambda s: s.encode("utf-16"), ""),
        (lambda s: s.encode("utf-16"), "utf-16"),
        (lambda s: codecs.BOM_UTF16_BE + s.encode("utf-16-be"), ""),
        (lambda s: codecs.BOM_UTF16_BE + s.encode("utf-16-be"), "UTF-16"),
        (lambda s: s.encode("utf-16-le"), "utf-16le"),
        (lambda s: s.encode("utf-16-be"), "utf-16be"),
    ],
)
def test_every_accepted_encoding_is_read(write: Callable[[str], bytes], declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    assert parse(write(f"{head}<!-- \u00e9 --><a>\u00e9</a>")).text == "\u00e9"


@pytest.mark.parametrize(
    "data",
    [b"", b" ", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"<", b"<a", b"</a>", b"<a></b>", b"a<a/>", b"<a/>b", b"<a/><b/>",
     b"<a b='1' b='2'/>", b"<a>&x;</a>", b"<a>&#0;</a>", b"<a>&#xFFFE;</a>", b"<a>\0</a>", b"<a>\x01</a>",
     b"<a>\xff</a>", b"<a>\xed\xa0\x80</a>", b"<a>\xc0\xbc</a>", b"<1/>", b"<a:b:c/", b"<![CDATA[x]]><a/>",
     b"<!---><a/>",
     b"<!ENTITY x 's3ntinel'><a/>", b"<?xml?><a/>", b"<?xml version='1.0'", b"<?xml version='9.0'?", b"<!-- s3ntinel",
     b"{}", b"Obj\x01", b"\x1f\x8b\x08", b"<a s3ntinel></a>", b"<a><s3ntinel></a>", b"<a>&s3ntinel;</a>"],
)  # fmt: skip
def test_what_is_not_xml_is_refused(data: bytes) -> None:
    assert code(data) == "xml-malformed"


def test_utf16_that_is_none() -> None:
    assert code(codecs.BOM_UTF16_LE + b"<\0a\0/\0>") == "xml-encoding"
    assert code(codecs.BOM_UTF16_LE + b"\0\xd8<\0") == "xml-encoding"


def test_the_size_is_checked_first() -> None:
    assert code(b"\0" * (MAX_BYTES + 1)) == "limit-size"
    assert parse(b"<a />", max_bytes=5).tag == "a"
    with pytest.raises(LimitError, match="5 bytes; the limit is 4"):
        parse(b"<a />", max_bytes=4)


@pytest.mark.parametrize("name", ["ISO-8859-12", "ISO-8859-99", "iso8859-77", "windows-1259", "latin-1"])
def test_an_encoding_that_does_not_exist(name: str) -> None:
    assert code(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()) == "xml-encoding"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<a>" * 100_000, "limit-depth"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, "limit-depth"),
        (b"<a>" + b"x" * 10_000_001 + b"</a>", "limit-size"),
        (b"<a b='" + b"x" * 10_000_001 + b"'/>", "limit-size"),
        (b"<a><![CDATA[" + b"x" * 10_000_001 + b"]]></a>", "limit-size"),
        (b"<a><!--" + b"x" * 10_000_001 + b"--></a>", "limit-size"),
        (b"<a><?x " + b"x" * 10_000_001 + b"?></a>", "limit-size"),
        (b"<" + b"a" * 1_000_000 + b"/>", "limit-size"),
    ],
    ids=["deep", "deep-and-closed", "text", "attribute", "cdata", "comment", "instruction", "name"],
)
def test_the_limits_of_the_parser_are_limits(data: bytes, expected: str) -> None:
    assert code(data) == expected


@pytest.mark.parametrize("piece", [b"<b/>", b"<b></b>", b"<b c='' d=''/>", b"<!---->", b"<?b?>"])
def test_elements_and_attributes_are_counted_before_they_are_parsed(piece: bytes) -> None:
    """16 MB of them would take half a gigabyte."""
    signs = piece.count(b"<") + piece.count(b"=")
    most = (MAX_MARKUP - 2) // signs
    assert parse(b"<a>" + piece * most + b"</a>").tag == "a"
    assert code(b"<a>" + piece * (most + 1) + b"</a>") == "limit-size"
    assert code((b"<a>" + piece * (most + 1) + b"</a>").decode().encode("utf-16")) == "limit-size"


@pytest.mark.parametrize(
    "data",
    [
        b"<!--" + b"-" * 1_000_000,
        b"<?x" + b"?" * 1_000_000,
        b"<!---->" * 100_000,
        b"<?x?> " * 100_000 + b"<!",
        b" " * 1_000_000,
        b"<!-- <?x?> " * 100_000,
        b"<?xml " + b"encoding" * 100_000,
        b"<?xml " + b"encoding = " * 100_000,
        b"<a " + b"xmlns:a='b' " * 10_000 + b"/>",
    ],
)
def test_large_and_deep_documents_end_soon_and_in_an_error(data: bytes) -> None:
    # The expressions before the parser look at each byte a bounded number of times; a quadratic one would hang here.
    assert code(data) == "xml-malformed"


def test_a_deep_document_within_the_limit_is_read() -> None:
    assert sum(1 for _ in parse(b"<a>" * 200 + b"</a>" * 200).iter()) == 200


def test_nothing_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("<b>read</b>")
    address = (tmp_path / "x").as_uri()
    root = parse(
        f'<?xml-stylesheet href="{address}"?><a xmlns:xi="http://www.w3.org/2001/XInclude" '
        f'xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="a {address}">'
        f'<xi:include href="{address}"/></a>'.encode()
    )
    assert [child.tag for child in root] == ["{http://www.w3.org/2001/XInclude}include"]
    assert not len(root[0])


def test_the_parser_alone_loads_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What looks at the bytes before the parser is taken away here: a DTD that came past it must have no effect.
    monkeypatch.setattr(safexml, "_check_prolog", lambda data: None)
    broken = tmp_path / "x"
    broken.write_text("<broken")
    for dtd in (
        f"<!DOCTYPE a [<!ENTITY x SYSTEM '{broken.as_uri()}'>]>",
        f"<!DOCTYPE a SYSTEM '{broken.as_uri()}'>",
        f"<!DOCTYPE a [<!ENTITY % x SYSTEM '{broken.as_uri()}'> %x;]>",
    ):
        assert code(f"{dtd}<a>&x;</a>".encode()) == "xml-dtd"


def test_the_error_says_where() -> None:
    with pytest.raises(XMLError) as caught:
        parse(b"<a>\n  <b></a>\n")
    assert (caught.value.where.line, caught.value.where.column) == (2, 10)


PIECES = [
    "<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-16'?>", "<!--", "-->", "<?x", "?>",
    "<!DOCTYPE a [", "]>",
    "<!ENTITY x 's3ntinel'>", "<a>", "</a>", "<a/>", "&x;", "&#0;", "<![CDATA[", "]]>", " ", "\n", "\ufeff", "x", "\0",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES), max_size=8),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7"]),
)
def test_whatever_comes_a_document_or_an_error(pieces: list[str], encoding: str) -> None:
    data = "".join(pieces).encode(encoding)
    try:
        root = parse(data)
    except GatewayError:
        return
    assert root.getroottree().docinfo.internalDTD is None
    assert SECRET not in "".join(root.itertext())
