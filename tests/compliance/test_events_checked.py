"""VOEvents in a check: it says what a release would do, whatever form they come in (L09, L10, L16)."""

import io

import pytest
from canaries import CANARY, DIGITS
from checking import DP1, NOON, one, run, verdicts
from voevents import EVERYTHING

from gateway.codecs import container, voevent_avro, voevent_json
from gateway.codecs.voevent import decode
from gateway.compliance.manifest import parse
from gateway.compliance.reports import FORMATS
from gateway.model.audience import PUBLIC
from gateway.policy.engine import Policy
from gateway.policy.events.judge import judged
from gateway.policy.profile import DEFAULT
from gateway.schema import registry

RELEASE = '[[field]]\npath = ["What.xmatch", "Why.Inference"]\n' + DP1
MANIFESTS = [
    'origin = "external"\n',
    'origin = "external"\n' + RELEASE,
    "",
    DP1,
    'origin = "external"\n[[field]]\npath = ["What.score"]\norigin = "broker-annotation"\n',
    # What is about tables, or about nothing, is not about a VOEvent; nor is what is about other files.
    'origin = "external"\n[[field]]\npath = ["DiaSource.ra", "class.*"]\n' + DP1,
    'origin = "external"\n[[field]]\nfile = ["*.vot"]\n' + DP1,
]
ANNOTATED = EVERYTHING["2.1"].replace(
    b"</What>",
    b'<Group name="xmatch"><Param name="r_kronMag" value="22.87654"/></Group><Param name="score" value="0.5"/></What>',
)
DDP = 'origin = "ddp"\n[field.derivation]\nfrom = [{origin = "alert"}]\nresponsible = "A"\nwhy = "B"\n'


@pytest.mark.parametrize("manifest", MANIFESTS)
@pytest.mark.parametrize("document", [EVERYTHING["2.0"], EVERYTHING["2.1"], ANNOTATED])
def test_a_check_says_what_a_release_does(document, manifest):
    policy = Policy(DEFAULT, lambda: NOON)
    event = decode(document)
    provenance = parse("m", manifest.encode()).of_events("e.xml")
    judge = policy.event_judge(provenance, PUBLIC)
    wanted = {(str(element.path), decision) for element, decision in judged(event, judge)[1]}
    target = one("e.xml", document, manifest, profile=DEFAULT)
    assert {(str(v.name), v.decision) for v in target.verdicts} == wanted
    assert {v.name for v in target.verdicts} >= {"ivorn", "Who", "What.Description", "Why.Inference"}
    if target.effect == "pass":
        assert policy.release(event, provenance=provenance).whole


def test_what_is_declared_for_a_group_holds_of_all_in_it():
    found = verdicts(one("e.xml", ANNOTATED, 'origin = "external"\n' + RELEASE, profile=DEFAULT))
    assert found["What.xmatch.r_kronMag"] == found["What.xmatch"] == ("redact", "P25")
    assert found["What.score"] == ("pass", "P22")


def test_addresses_and_texts_are_judged_by_what_they_are():
    documents = {
        b"https://data.lsst.cloud/api/tap": ("redact", "P16"),
        b"https://example.org/?token=abc": ("refuse", "P16"),
        b"https://bit.ly/x": ("redact", "P16"),
        b"data:image/png;base64,AAAA": ("refuse", "P16"),
        b"https://example.org/x": ("pass", "P16"),
    }
    for address, expected in documents.items():
        document = ANNOTATED.replace(b"</What>", b'<Reference uri="%b"/></What>' % address)
        target = one("e.xml", document, 'origin = "external"\n', profile=DEFAULT)
        said = [v for v in target.verdicts if v.name == "What.Reference" and v.decision.effect == expected[0]]
        assert said
    comment = ANNOTATED + b"<!-- LSST-DP2-DO-123456789012345678 -->"
    assert verdicts(one("e.xml", comment, 'origin = "external"\n', profile=DEFAULT))["Markup"][0] == "redact"


@pytest.mark.parametrize("value", ["22.87654", "22.8765", "2287.654e-2"])
def test_an_annotation_that_repeats_a_withheld_number_is_refused(value):
    document = ANNOTATED.replace(b'value="0.5"', b'value="%b"' % value.encode())
    manifest = 'origin = "external"\n' + RELEASE + '[[field]]\npath = ["What.score"]\n' + DDP
    (verdict,) = [
        v for v in one("e.xml", document, manifest, profile=DEFAULT).verdicts if v.name == "What.score"
    ]
    assert (verdict.decision.rule, verdict.decision.clause) == ("copied-value", "P15")
    assert verdict.advice == "Leave it out."
    told = manifest.replace('origin = "ddp"', 'origin = "ddp"\nrelease = "dp1"')
    (verdict,) = [v for v in one("e.xml", document, told, profile=DEFAULT).verdicts if v.name == "What.score"]
    assert verdict.advice == "Leave it out."
    honest = one("e.xml", ANNOTATED, manifest, profile=DEFAULT)
    assert verdicts(honest)["What.score"] == ("pass", "P15")


def stored(*documents):
    out = io.BytesIO()
    container.write(out, registry.stored_event(), [voevent_avro.encode(decode(one)) for one in documents])
    return out.getvalue()


def test_every_form_of_a_voevent_says_the_same():
    manifest = 'origin = "external"\n' + RELEASE
    as_xml = one("e.xml", ANNOTATED, manifest, profile=DEFAULT)
    for form, name in (
        (stored(ANNOTATED), "VOEvents in Avro"),
        (voevent_json.encode(decode(ANNOTATED)), "VOEvent"),
    ):
        found = one("e", form, manifest, profile=DEFAULT)
        assert (found.error, found.format, found.packets) == (None, name, 1)
        # The JSON form has no comments.
        assert {**verdicts(found), "Markup": 0} == {**verdicts(as_xml), "Markup": 0}


def test_of_many_events_it_is_said_in_how_many():
    found = one(
        "e.avro", stored(ANNOTATED, EVERYTHING["2.1"]), 'origin = "external"\n' + RELEASE, profile=DEFAULT
    )
    names = {v.name: v.decision.effect for v in found.verdicts}
    assert names["What.xmatch in 1 of 2 events"] == "redact"
    assert names["ivorn in 2 of 2 events"] == "pass"
    assert found.packets == 2


def test_a_damaged_event_among_others_is_an_error_beside_their_verdicts():
    lines = voevent_json.encode(decode(ANNOTATED))
    bad = lines.replace(b'"ivorn":', b'"ivorn":"x","ivorn":', 1)
    assert one("e.json", bad, profile=DEFAULT).error.code == "json-form"
    other = lines.replace(b'"What":', b'"Whatever":', 1)
    target = one("e.json", lines + b"\n" + other, 'origin = "external"', profile=DEFAULT)
    assert (target.error.code, target.packets) == ("json-form", 1)
    assert target.error.where.record == 1
    assert target.verdicts
    cut = stored(ANNOTATED)
    target = one("e.avro", cut[:-30] + bytes(14) + cut[-16:], 'origin = "external"', profile=DEFAULT)
    assert target.error is not None


@pytest.mark.parametrize("form", FORMATS)
def test_no_value_of_an_event_reaches_a_report(form):
    canary = CANARY.encode()
    document = (
        ANNOTATED.replace(b"22.87654", b"27182.8125")
        .replace(
            b"</What>",
            b'<Param name="a" value="%b"/><Reference uri="https://%b.org/"/></What>' % (canary, canary),
        )
        .replace(b"</Why>", b"<Inference><Name>%b x</Name></Inference></Why>" % canary)
    ) + b"<!-- %b -->" % canary
    report = FORMATS[form](
        run(
            {"a.xml": document, "b.avro": stored(document)},
            'origin = "external"\n' + RELEASE,
            profile=DEFAULT,
        )
    )
    for value in (CANARY, *DIGITS):
        assert value not in report
