"""Avro -> VOEvent -> Avro: the same bytes, or said to be inexact; never another alert, whatever is done to it."""

import re
from random import Random

import pytest
from alerts import (
    CONFLUENT,
    CONTAINER,
    KEYS,
    NEWEST,
    RAW,
    SINGLE,
    alert,
    changed,
    opened,
    real_lsst,
    released,
    samples,
    simulated,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from strategies import odd_payloads, payloads

from gateway.codecs import voevent
from gateway.errors import ConversionError, GatewayError, SchemaError
from gateway.mapping.fast import Minter
from gateway.mapping.restore import alert_of, gives_back, is_minted
from gateway.mapping.settings import Settings
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import VOEvent, What
from gateway.schema import registry

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
FULL = Settings(detail="full")
FULL_2_1 = Settings(detail="full", version="2.1", separator="#", cite="all")


def mint(found, chosen=FULL, withheld=()):
    return Minter(chosen).mint(released(found, withheld))


def assert_comes_back(found, chosen=FULL):
    minted = mint(found, chosen)
    back = alert_of(minted.data)
    assert back.payload == found.payload
    assert (back.schema, back.framing) == (found.schema, found.framing)
    return minted


# There and back


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith("lsst")])
def test_samples_come_back(key):
    assert assert_comes_back(samples()[key]).exact
    assert assert_comes_back(samples()[key], FULL_2_1).exact


@pytest.mark.parametrize("key", KEYS)
def test_simulated_alerts_come_back(key):
    for found in simulated(key, 3, "image"):
        assert assert_comes_back(found).exact
        assert assert_comes_back(found, FULL_2_1).exact


def test_real_lsst_alerts_come_back(lsst_container):
    for number, found in enumerate(real_lsst(lsst_container)):
        assert assert_comes_back(found, (FULL, FULL_2_1)[number % 2]).exact


def test_real_ztf_alerts_come_back(ztf_containers):
    for data in ztf_containers.values():
        for chosen in (FULL, FULL_2_1):
            assert assert_comes_back(opened(data)[0], chosen).exact


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=8, phases=QUICK)
@given(data=st.data())
def test_whatever_a_schema_allows_comes_back(key, data):
    odd = data.draw(st.integers(0, 3)) == 0
    found = alert(key, data.draw((odd_payloads if odd else payloads)(registry.get(key))), CONFLUENT)
    minted = assert_comes_back(found, data.draw(st.sampled_from((FULL, FULL_2_1))))
    assert minted.exact or b'<Group name="avro.payload">' in minted.data
    if odd:
        assert not minted.exact


@pytest.mark.parametrize("framing", [RAW, CONFLUENT, SINGLE, CONTAINER])
def test_framing_comes_back(framing):
    found = simulated()[0]
    assert_comes_back(alert(NEWEST, found.payload, framing))


def test_a_smaller_detail_gives_back_what_lacks_nothing():
    found = changed(samples()[NEWEST], prvDiaSources=None, prvDiaForcedSources=None)
    found = changed(found, cutoutDifference=None, cutoutScience=None, cutoutTemplate=None)
    assert assert_comes_back(found, Settings(detail="core")).exact
    assert assert_comes_back(changed(found, prvDiaSources=[]), Settings(detail="core")).exact


@pytest.mark.parametrize(
    "chosen", [Settings(), Settings(detail="history"), Settings(records=frozenset({"diaSource"}))]
)
def test_a_smaller_detail_says_that_it_is_not_all(chosen):
    minted = mint(simulated(NEWEST, 1, "image")[0], chosen)
    assert not minted.exact
    assert b'name="exact" value="false"' in minted.data
    with pytest.raises(ConversionError) as error:
        alert_of(minted.data)
    assert error.value.code == "convert-incomplete"


def test_what_is_withheld_does_not_come_back():
    minted = mint(simulated(NEWEST, 1, "image")[0], FULL, ["diaSource.psfFlux"])
    with pytest.raises(ConversionError) as error:
        alert_of(minted.data)
    assert error.value.code == "convert-incomplete"


def test_provenance_is_the_callers():
    declared = Provenance(Origin.DATA_RELEASE, "dp1")
    assert alert_of(mint(simulated()[0]).data, declared).provenance == declared


def test_gives_back():
    found = simulated()[0]
    data = mint(found).data
    assert gives_back(data, found.payload)
    assert not gives_back(data, found.payload + b"\0")
    assert not gives_back(b"<a/>", found.payload)


def test_a_foreign_event():
    foreign = voevent.encode(VOEvent("2.0", "ivo://a.b/c#d", what=What()))
    assert not is_minted(voevent.decode(foreign))
    with pytest.raises(ConversionError) as error:
        alert_of(foreign)
    assert error.value.code == "convert-foreign"
    assert is_minted(voevent.decode(mint(simulated()[0]).data))


# The scan and the parser agree: the same document, spelled otherwise


def by_lxml(data):
    """Attributes in another order, another prefix, no line feeds between elements, single quotes."""
    root = etree.fromstring(data)
    for element in root.iter():
        attributes = sorted(element.attrib.items(), reverse=True)
        element.attrib.clear()
        for name, value in attributes:
            element.set(name, value)
        if len(element):
            element.text = None
        element.tail = None
    renamed = etree.Element(root.tag, root.attrib, nsmap={"other": root.nsmap["voe"]})
    renamed.extend(root)
    return etree.tostring(renamed)


def spellings(data):
    yield by_lxml(data)
    yield by_lxml(data).decode().encode("utf-16")
    yield data.replace(b"\n", b"\r\n") if b"<Value>" not in data else data
    yield data.replace(b"<TD/>", b"<TD></TD>")
    yield data.replace(b"  <What>\n", b"  <What>\n<!-- a comment -->\n")
    yield data.replace(b'<Param name="', b'<Param  name="')
    yield re.sub(rb"<TD>([^<&]+)</TD>", rb"<TD><![CDATA[\1]]></TD>", data)
    yield re.sub(rb'value="1', b'value="&#49;', data)


ODD_TEXTS = [b"\\e", b"", b"<&>\"'", b" x ", b"a\nb", b"\0\1", "é☃\U0001d11e".encode(), b"\\b64:eA==", b"]]>"]


@pytest.mark.parametrize("text", [b"plain", *ODD_TEXTS])
def test_the_scan_and_the_parser_agree(text):
    found = _with_texts(text)
    for chosen in (FULL, FULL_2_1):
        data = mint(found, chosen).data
        for other in spellings(data):
            assert alert_of(other).payload == found.payload


def _with_texts(text):
    found = changed(samples()[NEWEST], target_name=text, diaSource__band=text)
    from gateway.schema.raw import Layout

    names = [field.name for field in found.schema.root.fields]
    row = Layout(found.schema.root).read(found.payload)[names.index("diaSource")]
    return changed(found, prvDiaSources=[row, row])


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=3, phases=QUICK)
@given(data=st.data())
def test_the_scan_and_the_parser_agree_on_anything(key, data):
    found = alert(key, data.draw(payloads(registry.get(key))))
    minted = mint(found)
    assert alert_of(by_lxml(minted.data)).payload == found.payload


# Tampered documents: an error of ours, or the same alert; never another one


def outcome(data, found):
    """The code of the error, or ``same``."""
    try:
        back = alert_of(data)
    except GatewayError as error:
        return error.code
    assert back.payload == found.payload
    assert back.schema is found.schema
    return "same"


def small(key=NEWEST):
    """An alert with history and an image, of which every part can be tampered with one by one."""
    return samples()[key]


def without_history(key):
    found = changed(simulated(key, 1, "none")[0], prv_candidates=None)
    return changed(found, fp_hists=[]) if key == "ztf/4.02" else found


NOTED_ONLY = {"schema.name", "schema.id", "detail", "payload.length", "length"}
"""Params that the way back does not read: they say in words what the schema and the bytes say themselves."""


@pytest.mark.parametrize("key", [NEWEST, "lsst/8.0", "ztf/4.02"])
def test_each_param_changed(key):
    found = small(key) if key in samples() else without_history(key)
    data = mint(found).data
    what = data.index(b"<What>"), data.index(b"</What>")
    for param in re.finditer(rb'<Param name="([^"]*)" value="([^"]*)"', data):
        assert what[0] < param.start() < what[1]
        for text in (b"", b"7", b"true", b"SENTINEL", b"NaN", b"1e999", b"\xff"):
            if text == param[2]:
                continue
            tampered = data[: param.start(2)] + text + data[param.end(2) :]
            result = outcome(tampered, found)
            if param[1].decode() not in NOTED_ONLY and text != b"\xff":
                # "7" and "7.0", true and true: other texts may say the same number.
                assert result != "same" or param[2] in (b"7.0", b"7"), param[1]
            assert result in (
                "same",
                "convert-mismatch",
                "convert-incomplete",
                "avro-value",
                "schema-unknown",
                "xml-malformed",
            )


@pytest.mark.parametrize("key", [NEWEST, "ztf/4.02"])
def test_each_line_removed_or_doubled(key):
    found = small(key) if key in samples() else without_history(key)
    lines = mint(found).data.splitlines(keepends=True)
    results = set()
    for number in range(len(lines)):
        for other in ([], [lines[number]] * 2):
            results.add(outcome(b"".join(lines[:number] + other + lines[number + 1 :]), found))
    assert {"same", "convert-mismatch", "xml-malformed"} <= results
    assert results <= {
        "same", "convert-mismatch", "convert-incomplete", "convert-foreign", "avro-value", "xml-malformed",
        "schema-unknown", "voevent-structure", "voevent-root",
    }  # fmt: skip


def test_rows_and_groups_tampered_with():
    found = _with_texts(b"plain")
    data = mint(found).data
    row = re.search(rb" *<TR>.*</TR>\n", data)[0]
    changes = [
        (row, b"", "convert-mismatch"),
        (row, row * 2, "convert-mismatch"),
        (row, row.replace(b"<TD>", b"<TD>9", 1), None),
        (row, row.replace(b"</TR>", b"<TD>1</TD></TR>"), None),
        (row, re.sub(rb"<TD>[^<]*</TD>", b"", row, count=1), None),
        (b'<Group name="diaSource"', b'<Group name="diaObject"', "convert-mismatch"),
        (b'<Table name="prvDiaSources"', b'<Table name="prvDiaSource"', "convert-mismatch"),
        (b'<Field name="diaSourceId"', b'<Field name="x"', None),
        (b'<Group name="avro">', b'<Group name="other">', "convert-foreign"),
    ]
    for old, new, code in changes:
        assert old in data
        result = outcome(data.replace(old, new, 1), found)
        assert result in ((code,) if code else ("same", "convert-mismatch", "avro-value")), (
            old[:40],
            new[:40],
        )


def test_an_array_that_does_not_end():
    found = changed(small(), prvDiaForcedSources=[], diaObject=None, ssSource=None, mpc_orbits=None)
    found = changed(found, cutoutDifference=None, cutoutScience=None, cutoutTemplate=None)
    data = mint(found).data
    start = data.index(b'    <Group name="prvDiaForcedSources" type="array">\n')
    end = data.index(b"    </Group>\n", start)
    assert data[end + 13 :].startswith(b'    <Group name="avro">')
    assert outcome(data[:end] + data[end + 13 :], found) == "xml-malformed"


def test_hashes_tampered_with():
    found = small()
    data = mint(found).data
    for name, code in (("payload.sha256", "convert-mismatch"), ("schema.sha256", "schema-unknown")):
        tampered = re.sub(rb'(name="%b" value=")\w+' % name.encode(), rb"\g<1>" + b"0" * 64, data)
        assert outcome(tampered, found) == code
        assert outcome(by_lxml(tampered), found) == code


@pytest.mark.parametrize(
    "framing", ["evil", "container/evil", "container/", "", "/", "raw/deflate", "SENTINEL", "confluent "]
)
def test_a_framing_that_does_not_exist(framing):
    found = small()
    data = re.sub(rb'(name="framing" value=")[^"]+', rb"\g<1>" + framing.encode(), mint(found).data)
    for spelled in (data, by_lxml(data)):
        with pytest.raises(ConversionError) as error:
            alert_of(spelled)
        assert error.value.code == "convert-mismatch"
        assert "SENTINEL" not in str(error.value)


def test_a_carried_payload_tampered_with():
    found = changed(small(), diaSource__psfFlux=b"\x01\x00\xc0\x7f")
    minted = mint(found)
    assert not minted.exact
    assert alert_of(minted.data).payload == found.payload
    for old, new in (
        (b'name="base64"', b'name="x"'),
        (b"<Value>", b"<Value>AAAA"),
        (b"</Value>", b"*</Value>"),
    ):
        assert outcome(minted.data.replace(old, new), found) in ("same", "convert-mismatch", "avro-value")
    assert outcome(re.sub(rb"<Value>[^<]*", b"<Value>", minted.data), found) == "convert-mismatch"


def test_an_unknown_schema_is_refused():
    minted = mint(simulated()[0])
    with pytest.raises(SchemaError):
        alert_of(minted.data.replace(registry.get(NEWEST).sha256.encode(), b"SENTINEL"))


BITS = [
    b"<", b">", b"&amp;", b'"', b"\n", b"<TD/>", b"</TD>", b"<TR>", b"\xff", b"\\e", b"\\b64:", b"<Param ", b"/>\n",
    b"    </Group>\n", b"    </Table>\n", b"9" * 30, b"_", b"-", b"<!-- -->", b"\xc2\x85", b"\0", b"  </What>\n",
    b'    <Group name="avro">\n',
]  # fmt: skip


@pytest.mark.parametrize("key", [NEWEST, "lsst/8.0", "ztf/4.02"])
def test_whatever_is_done_to_a_document(key):
    """The invariant: an error from the table of codes, or the same alert."""
    random = Random(key)
    found = simulated(key, 2, "none")[-1]
    data = mint(found, FULL_2_1).data
    for _ in range(300):
        at, other, size = random.randrange(len(data)), random.randrange(len(data)), random.randrange(60)
        outcome(
            random.choice((
                data[:at] + random.choice(BITS) + data[at:],
                data[:at] + random.choice(BITS) + data[at + size :],
                data[:at] + data[at + size :],
                data[:at] + data[other : other + size] + data[at:],
                data[:at],
                data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :],
            )),
            found,
        )  # fmt: skip
