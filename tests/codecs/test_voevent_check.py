"""Every rule has a bad document that shows it alone; real packets have the findings that were reviewed."""

import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from voevents import real_packets
from xml_mutations import Seed, mutants

from gateway.codecs.voevent.check import MAX_CHILDREN, MAX_FINDINGS, Errors, check, errors
from gateway.codecs.voevent.rules import CONTRADICTIONS, DEFAULTS, RULES, Switches
from gateway.codecs.voevent.rules.packet import version_of
from gateway.codecs.voevent.rules.xsd import schema
from gateway.errors import GatewayError, LimitError, SettingsError, XMLError
from gateway.model.finding import Severity
from gateway.safexml import parse

INVALID = Path(__file__).parents[1] / "data" / "invalid"
BAD = sorted(file.stem for file in INVALID.glob("*.xml") if not file.stem.startswith("valid"))
GOOD = {version: (INVALID / f"valid-{version}.xml").read_bytes() for version in ("1.1", "2.0", "2.1")}


def code_of(name):
    return re.match(r"VE-\d\d|XSD", name)[0]


def bad(name):
    return (INVALID / f"{name}.xml").read_bytes()


def changed(*replacements, version="2.1"):
    """A good document with changes."""
    document = GOOD[version].decode()
    for old, new in replacements:
        assert old in document
        document = document.replace(old, new)
    return document.encode()


def codes(data, **switches):
    return [(finding.code, finding.severity.value) for finding in check(data, switches=Switches(**switches))]


# The rules, one at a time


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_a_good_document_has_no_findings(version):
    assert check(GOOD[version]) == []


def test_a_good_document_of_1_1_has_a_note():
    (note,) = check(GOOD["1.1"])
    assert (note.code, note.severity) == ("XSD", Severity.NOTE)
    assert "only the rules of the text" in note.message


@pytest.mark.parametrize("name", BAD)
def test_one_mistake_breaks_one_rule(name):
    assert {finding.code for finding in check(bad(name))} == {code_of(name)}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_reported_where_it_is(name):
    tree = etree.fromstring(bad(name)).getroottree()
    for finding in check(bad(name)):
        steps = re.sub(r"/(?!@)([\w-]+)", r"/*[local-name()='\1']", finding.path)
        (place,) = tree.xpath(steps)
        element = place.getparent() if "@" in finding.path else place
        assert element.sourceline == finding.line
        assert finding.message.endswith(".")
        assert re.fullmatch(r"VOEvent 2\.1 (section \d(\.\d+)*|appendix B)", finding.clause)


def test_every_rule_has_a_bad_document_or_a_reason():
    shown = {code_of(name) for name in BAD}
    assert {rule.code for rule in RULES if not rule.reason} == shown


def test_rules_are_in_order_and_say_one_thing_each():
    listed = [rule.code for rule in RULES]
    assert listed[0] == "XSD"
    assert listed[1:] == sorted(set(listed[1:]))
    assert all(rule.title.endswith(".") and not (rule.reason and rule.check) for rule in RULES)


SEVERITIES = {
    "VE-03": "warning",
    "VE-03-fragment": "note",
    "VE-04": "error",
    "VE-04-missing": "warning",
    "VE-10-offset": "warning",
    "VE-20": "error",
    "VE-21": "error",
    "VE-24": "error",
    "VE-28": "warning",
    "VE-28-deprecated": "note",
    "VE-28-ucd": "warning",
    "VE-30": "error",
    "VE-30-empty": "warning",
    "VE-31": "error",
    "VE-32": "warning",
    "VE-32-enumeration": "error",
    "VE-32-gps": "warning",
    "VE-37": "error",
    "VE-37-negative": "warning",
    "VE-39": "error",
    "VE-39-system": "warning",
    "VE-41": "error",
    "VE-51": "error",
    "VE-61-name": "warning",
    "VE-61-type": "note",
    "VE-63": "warning",
}


@pytest.mark.parametrize(("name", "severity"), SEVERITIES.items())
def test_severity(name, severity):
    assert {found for _, found in codes(bad(name))} == {severity}


# Details of rules


@pytest.mark.parametrize(
    "time",
    ["2026-03-01T11:58", "2026-12-31T23:59:60", " 2026-03-01T11:58:59.123456 ", "2026-03-01T11:58:59Z"],
)
def test_times_that_are_iso_8601(time):
    assert codes(changed(("2026-03-01T11:58:59.5", time))) == []


@pytest.mark.parametrize("time", ["", "2026-03-01", "2026-02-00T00:00:00", "60000.5", "2026-060T00:00:00"])
def test_times_that_are_not(time):
    assert codes(changed(("2026-03-01T11:58:59.5", time))) == [("VE-36", "error")]


@pytest.mark.parametrize("number", ["NaN", "INF", "-INF", "1e3", " 3 ", "-.5"])
def test_coordinates_are_any_float(number):
    assert codes(changed(("148.88821", number))) == []


@pytest.mark.parametrize(
    "term", ["https://ivoa.net/rdf/uat/#supernovae", "http://astrothesaurus.org/uat/1668"]
)
def test_spellings_of_the_thesaurus(term):
    assert codes(changed(("http://www.ivoa.net/rdf/uat#supernovae", term))) == []


def test_empty_numbers():
    assert codes(changed(('value="1.5"', 'value=""'))) == []
    assert codes(changed(('value="3"', 'value=""'))) == [("VE-27", "warning")]


def test_units_of_the_axes_of_a_position():
    assert codes(changed(('Position2D unit="deg"', 'Position2D unit="deg-deg"'))) == []
    assert codes(changed(('Position2D unit="deg"', 'Position2D unit="deg-hr"'))) == [("VE-28", "warning")]


def test_a_center_of_its_own_with_frames():
    frames = "<TimeFrame><TimeScale>TDB</TimeScale></TimeFrame><SpaceFrame/></AstroCoordSystem>"
    data = changed(
        ('<AstroCoordSystem id="UTC-ICRS-TOPO"/>', f'<AstroCoordSystem id="TDB-X-MARS">{frames}'),
        ("UTC-ICRS-TOPO", "TDB-X-MARS"),
    )
    assert codes(data) == []


def test_a_retraction_with_an_explanation():
    explained = "</EventIVORN><Description>A satellite.</Description>"
    assert codes(changed(('cite="followup"', 'cite="retraction"'), ("</EventIVORN>", explained))) == []


def test_children_in_the_namespace_of_the_root():
    data = GOOD["2.1"].replace(b"voe:VOEvent", b"VOEvent").replace(b"xmlns:voe", b"xmlns")
    found = check(data)
    assert found[0].code == "VE-05"
    assert "namespace" in found[0].message


def test_rules_of_the_text_hold_for_1_1():
    data = changed(('cite="followup"', ""), ('name="flux"', 'name="visits"'), version="1.1")
    assert codes(data) == [("XSD", "note"), ("VE-21", "error"), ("VE-51", "error")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  <How>", "<How/>  <How>", "VE-05"),
        ('role="test"', 'role="x"', "VE-04"),
        ('probability="0.9"', 'probability="2"', "VE-40"),
        ('cite="followup"', 'cite="x"', "VE-52"),
        ("148.88821", "east", "VE-37"),
        (' ivorn="ivo://example.org/stream#42"', "", "VE-02"),
    ],
)
def test_without_an_xsd_the_rules_find_what_it_would(old, new, code):
    assert set(codes(changed((old, new), version="1.1"))) == {("XSD", "note"), (code, "error")}


def test_mistakes_of_form_that_only_the_xsd_finds():
    assert codes(changed(('uri="https://example.org/names"', 'uri="%%%"'))) == [("VE-60", "error")]
    assert codes(changed(('importance="0.5"', 'importance="high"')), importance="xsd") == [("VE-41", "error")]


def test_all_mistakes_at_once_and_by_line():
    data = changed(('name="flux" ', ""), ('cite="followup"', ""), ('role="test"', ""), ("148.88821", "east"))
    found = check(data)
    assert [finding.code for finding in found] == ["VE-04", "VE-20", "VE-37", "VE-51"]
    assert [finding.line for finding in found] == sorted(finding.line for finding in found)


@pytest.mark.parametrize("root", ["RSS", 'VOEvent version="3.0"', "VOEvent", 'VOEvent xmlns="urn:x"'])
def test_what_is_no_voevent_breaks_the_first_rule_only(root):
    (finding,) = check(f"<{root}/>".encode())
    assert (finding.code, finding.severity, finding.path) == ("VE-01", Severity.ERROR, f"/{root.split()[0]}")


def test_a_mistake_in_every_row_is_listed_a_hundred_times():
    row = "<TR><TD>1</TD></TR>"
    found = check(changed(("<Data>", "<Data>" + row * 250)))
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].message == "150 more findings of this rule are not listed."


@pytest.mark.parametrize(
    ("data", "error"), [(b"", XMLError), (b"<a", XMLError), (b"<!DOCTYPE a><a/>", XMLError)]
)
def test_what_is_not_xml_is_an_error(data, error):
    with pytest.raises(error):
        check(data)


def test_a_huge_document_is_an_error():
    with pytest.raises(LimitError):
        check(b" " * (16 * 2**20 + 1))


def test_a_document_with_too_many_elements_is_an_error():
    with pytest.raises(LimitError, match="elements"):
        check(changed(("<How>", "<How>" + "<a><b/></a>" * 100_001)))


def test_an_element_with_too_many_children_is_an_error():
    row = "<TR><TD>1</TD><TD>1</TD></TR>"
    assert codes(changed(("<Data>", "<Data>" + row * (MAX_CHILDREN - 2)))) == []
    with pytest.raises(LimitError, match="children") as caught:
        check(changed(("<Data>", "<Data>" + row * MAX_CHILDREN)))
    assert caught.value.where.path == "/VOEvent/What/Table/Data"


# Contradictions

SIDES = {
    # switch: document, findings when the text wins, findings when the XSD does
    "cite": (bad("VE-51"), [("VE-51", "error")], []),
    "param_name": (bad("VE-20"), [("VE-20", "error")], []),
    "importance": (bad("VE-41"), [("VE-41", "error")], []),
    "separator": (bad("VE-03-fragment"), [("VE-03", "note")], []),
    "system_id": (bad("VE-39-system"), [("VE-39", "warning")], [("VE-39", "error")]),
    "gps_fk5_geo": (bad("VE-32-gps"), [("VE-32", "warning")] * 2, [("VE-32", "error")] * 2),
    "axis_names": (changed(("Value2>", "Value2D>")), [("VE-37", "warning")], [("XSD", "error")]),
    "reference_name": (bad("VE-61-name"), [("VE-61", "warning")], [("VE-61", "error")]),
    "description_place": (bad("VE-63"), [("VE-63", "warning")], [("VE-63", "error")]),
}


@pytest.mark.parametrize("switch", CONTRADICTIONS)
def test_contradiction(switch):
    data, text, xsd = SIDES[switch]
    assert codes(data, **{switch: "text"}) == text
    assert codes(data, **{switch: "xsd"}) == xsd


def test_a_mended_place_does_not_hide_another_mistake():
    """Without mending, libxml2 stops at the Description and never sees what follows it."""
    data = changed(
        ("<ObsDataLocation>", "<ObsDataLocation><Description/>stray text"), ('cite="followup"', 'cite="x"')
    )
    assert codes(data) == [("VE-63", "warning"), ("XSD", "error"), ("VE-52", "error")]


@pytest.mark.parametrize("name", ["UTC ICRS TOPO", "1-2-3"])
def test_an_id_that_is_no_name(name):
    data = changed(("UTC-ICRS-TOPO", name))
    assert ("VE-39", "warning") in codes(data)
    assert ("VE-39", "error") in codes(data, system_id="xsd")


def test_switches_are_set_by_name():
    assert DEFAULTS.with_settings(["cite=xsd", "axis-names=text"]) == Switches(cite="xsd", axis_names="text")
    assert DEFAULTS.with_settings([]) == Switches()


@pytest.mark.parametrize(
    ("setting", "said"),
    [("sites=xsd", "Did you mean cite?"), ("cite", "cite=xsd"), ("cite=y", "text or xsd")],
)
def test_a_switch_that_does_not_exist(setting, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        DEFAULTS.with_settings([setting])


# No payload


def with_every_value_replaced(data, value):
    """The document again and again, each time with another attribute or text replaced."""
    places = [
        (number, name)
        for number, el in enumerate(etree.fromstring(data).iter("*"))
        for name in (*el.attrib, None)
    ]
    for number, name in places:
        root = etree.fromstring(data)
        element = list(root.iter("*"))[number]
        if name is None:
            element.text = value
        else:
            element.set(name, value)
        yield etree.tostring(root)


@pytest.mark.parametrize("version", GOOD)
@pytest.mark.parametrize("side", ["text", "xsd"])
@pytest.mark.parametrize(
    "value",
    [
        "SENTINEL",
        # What libxml2 itself says where the parts of its messages are that we read
        "x', attribute 'SENTINEL': The attribute 'SENTINEL' is required but missing.",
        "Missing child element(s). Expected is ( SENTINEL ).",
    ],
)
def test_no_message_repeats_a_value(version, side, value):
    switches = Switches(**dict.fromkeys(CONTRADICTIONS, side))
    found = [
        f for data in with_every_value_replaced(GOOD[version], value) for f in check(data, switches=switches)
    ]
    assert len(found) > 50
    assert not [finding for finding in found if "SENTINEL" in repr(finding)]


def test_no_message_repeats_a_namespace():
    found = check(
        changed(
            ("  <How>", '<b:Who xmlns:b="urn:SENTINEL\'" b:c=\'\'><Date xmlns="urn:SENTINEL"/></b:Who><How>')
        )
    )
    assert found
    assert not [finding for finding in found if "SENTINEL" in repr(finding)]


# Chance


@given(st.data(), st.sampled_from(["1.1", "2.0", "2.1"]))
def test_any_bytes_give_findings_or_an_error(data, version):
    document = bytearray(GOOD[version])
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(document)))
        end = start + data.draw(st.integers(0, 40))
        chunk = st.binary(max_size=8) | st.sampled_from(
            [b"", b"<a/>", b"</What>", b'="', b"<![CDATA[", b"<Description/>"]
        )
        document[start:end] = data.draw(chunk)
    with suppress(GatewayError):
        assert all(finding.message for finding in check(bytes(document)))


@given(st.data(), st.sampled_from(["1.1", "2.0", "2.1"]))
def test_any_tree_gives_findings(data, version):
    """Well-formed documents with elements moved, doubled, renamed and removed."""
    root = etree.fromstring(GOOD[version])
    for _ in range(data.draw(st.integers(1, 4))):
        elements = list(root.iter("*"))
        element = data.draw(st.sampled_from(elements))
        target = data.draw(st.sampled_from(elements))
        deed = data.draw(st.sampled_from(["move", "rename", "remove", "text", "attribute", "comment"]))
        if deed == "move" and target not in list(element.iter()) and element is not root:
            target.insert(0, element)
        elif deed == "rename":
            element.tag = target.tag
        elif deed == "remove" and element is not root:
            element.getparent().remove(element)
        elif deed == "text":
            element.text = data.draw(st.sampled_from(["", "0", "-1", "word"]))
        elif deed == "attribute":
            name = data.draw(st.sampled_from(["id", "name", "unit", "ucd", "cite", "dataType", "{urn:x}y"]))
            element.set(name, data.draw(st.sampled_from(["", "here", "int", "UTC-ICRS-TOPO", "a-b-c"])))
        elif deed == "comment":
            element.insert(0, etree.Comment("aside"))
    known = {rule.code for rule in RULES}
    for side in ("text", "xsd"):
        found = check(etree.tostring(root), switches=Switches(**dict.fromkeys(CONTRADICTIONS, side)))
        assert {finding.code for finding in found} <= known


# Only whether there is an error


def errors_of(document):
    return [finding for finding in check(document) if finding.severity is Severity.ERROR]


def test_whether_there_is_an_error_is_the_opinion_of_the_whole_check():
    bent = (
        mutant.document
        for version in ("2.0", "2.1")
        for number, mutant in enumerate(mutants(Seed(GOOD[version]), 200))
        if number % 25 == 0
    )
    documents = [*map(bad, BAD), *GOOD.values(), *bent]
    asked = 0
    for document in documents:
        try:
            wrong = errors_of(document)
        except GatewayError:
            continue
        root = parse(document)
        before = etree.tostring(root)
        found = errors(document, root)
        assert {(one.code, one.path) for part in found for one in part} == {
            (one.code, one.path) for one in wrong
        }
        assert bool(found) is bool(wrong)
        assert etree.tostring(root) == before
        asked += bool(wrong)
    assert 100 < asked < len(documents) - 20


def test_what_the_xsd_refuses_is_told_from_what_only_the_text_does():
    for document in map(bad, BAD):
        root = parse(document)
        version = version_of(root)
        found = errors(document, root)
        if version in ("2.0", "2.1") and schema(version).validate(root):
            assert not found.xsd
    assert errors(GOOD["2.0"], parse(GOOD["2.0"])) == Errors()
    twice = changed(("<What>", '<What><Param name="twice"/><Param name="twice"/>'))
    assert [one.code for one in errors(twice, parse(twice)).text] == ["VE-21"]
    assert errors(twice, parse(twice)).xsd == ()


def test_in_1_1_which_has_no_xsd_here_the_rules_that_others_have_in_theirs_stand_for_it():
    document = b'<VOEvent xmlns="http://www.ivoa.net/xml/VOEvent/v1.1" version="1.1" ivorn="%s" role="%s"/>'
    for ivorn, role, xsd, text in (
        (b"ivo://a.b/c#1", b"test", [], []),
        (b"ivo://a.b/c#1", b"rehearsal", ["VE-04"], []),
        (b"http://a.b/c#1", b"test", [], ["VE-02"]),
    ):
        found = errors(document % (ivorn, role), parse(document % (ivorn, role)))
        assert ([one.code for one in found.xsd], [one.code for one in found.text]) == (xsd, text)


def test_the_errors_of_a_document_that_is_too_large_are_a_limit():
    document = changed(("<What>", "<What>" + "<Description/>" * (MAX_CHILDREN + 1)))
    with pytest.raises(LimitError):
        errors(document, parse(document))


# Real packets

REVIEWED = {
    ("VE-10", "warning"): 4,  # Date with an offset
    ("VE-28", "warning"): 6996,  # sec, days, dn, cts, hr, pixels and so on: see the test below
    ("VE-30", "warning"): 8,  # answers to test packets with an empty WhereWhen
    ("VE-36", "error"): 2,  # Swift UVOT: a time that is not one
    ("VE-37", "warning"): 12,  # a negative error radius
    ("VE-43", "warning"): 212,  # Gaia, whose Why has only a Description
    ("VE-61", "note"): 1141,  # Reference@type
    ("XSD", "error"): 6,  # stray text in a Group
    ("XSD", "note"): 3,  # version 1.1
}


@pytest.fixture(scope="module")
def real(shared):
    return {name: check(data) for name, data in real_packets(shared)}


def test_real_packets_have_the_reviewed_findings(real):
    archive = {name: found for name, found in real.items() if "/" in name}
    assert len(archive) == 977
    assert Counter((f.code, f.severity.value) for found in archive.values() for f in found) == REVIEWED


SINGLES = {
    "Gaia16aac.xml": {"VE-20": 2, "VE-28": 2, "VE-43": 1, "VE-61": 2},
    "SWIFT_bat_position_v2.0_example.xml": {"VE-28": 22, "VE-61": 1},
    "SWIFT_xrt_position_v1.1_example.xml": {"XSD": 1, "VE-28": 8},
    "gbm_flt_pos-1.1.xml": {"XSD": 1, "VE-28": 13, "VE-32": 1},
    # The examples of the standard itself: # in the identifier, stat.err, an old vocabulary
    "ivoa-2.1-ex1.xml": {"VE-03": 1, "VE-28": 2, "VE-44": 1},
    # No local part; time.begin
    "ivoa-2.1-ex2.xml": {"VE-03": 1, "VE-28": 1},
    "lvc-example-2.0.xml": {"VE-28": 1},
    "no_namespace_packet.xml": {"VE-01": 1},
}


@pytest.mark.parametrize("name", SINGLES)
def test_single_packets(real, name):
    assert Counter(finding.code for finding in real[name]) == SINGLES[name]


def test_the_examples_of_the_standard_have_no_errors(real):
    for name in ("ivoa-2.1-ex1.xml", "ivoa-2.1-ex2.xml"):
        assert all(finding.severity is not Severity.ERROR for finding in real[name])
