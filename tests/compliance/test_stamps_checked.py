"""Images in a check: stamps of alerts in packets and in files of their own, and what is none (P13, P14, L12, L13)."""

import gzip

import pytest
from alerts import changed, simulated, values
from checking import ALERTS, one, verdicts
from cli_runs import packed
from stamps import added, card, facts_of, image, lsst, resized, with_hdu, ztf

from gateway.policy.profile import DEFAULT

STAMP, FACTS = lsst(1)
SCHEMA = 'schema = "lsst/11.1"\n'


def declared(name="cutoutScience", origin='origin = "alert"', facts=FACTS, schema=SCHEMA, more=""):
    trigger = ""
    if facts is not None:
        size = f", bboxSize = {facts.bbox_size}" if facts.bbox_size is not None else ""
        trigger = f"trigger = {{ra = {facts.ra!r}, dec = {facts.dec!r}{size}}}\n"
    return f'{schema}[[field]]\npath = ["PRIMARY"]\nalert-field = "{name}"\n{origin}\n{trigger}{more}'


def verdict(data, manifest, name="a.fits", profile=DEFAULT):
    (found,) = one(name, data, manifest, profile=profile).verdicts
    return found


def test_a_stamp_as_issued_passes_in_a_file_of_its_own():
    for profile in (DEFAULT, "strict", "packet-only"):
        found = verdict(STAMP, declared(), profile=profile)
        assert (found.name, found.kind, found.decision.effect) == ("PRIMARY", "image", "pass")
    assert verdict(gzip.compress(STAMP), declared(), "a.fits.gz").decision.passes


ALTERED = {
    "another HDU": (with_hdu(STAMP, image("MORE")), "redact", "P14"),
    "another card": (added(STAMP, "OBSID   = 'x'"), "redact", "P14"),
    "history": (added(STAMP, "HISTORY x"), "redact", "P14"),
    "bytes behind the end": (STAMP + b"x" * 2880, "redact", "P14"),
    "another size": (resized(STAMP, 102), "quarantine", "P13"),
    "no place in the sky": (card(STAMP, "CRPIX1"), "quarantine", "P13"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_what_is_not_as_issued_is_found(what):
    data, effect, clause = ALTERED[what]
    found = verdict(data, declared())
    assert (found.decision.effect, found.decision.clause) == (effect, clause)
    assert "As a stamp: " in found.advice


def test_another_centre_is_found_and_an_unknown_one_is_no_centre():
    elsewhere = FACTS.__class__(FACTS.bbox_size, FACTS.ra, FACTS.dec + 1e-6)
    found = verdict(STAMP, declared(facts=elsewhere))
    assert found.decision.effect == "quarantine"
    assert "not centred on the source" in found.advice
    found = verdict(STAMP, declared(facts=None))
    assert found.decision.effect == "quarantine"
    assert "trigger = {ra = ..., dec = ..., bboxSize = ...}" in found.advice


def test_what_came_straight_from_the_survey_is_not_looked_into():
    found = verdict(with_hdu(STAMP, image("MORE")), declared(origin='origin = "alert"\nissued = true'))
    assert found.decision.passes  # as in a packet


def test_a_name_makes_no_stamp():
    named = with_hdu(STAMP, image("cutoutScience")).replace(b"'CUTOUTSCIENCE'", b"'cutoutScience'")
    found = one("a.fits", named, ALERTS + SCHEMA, profile=DEFAULT)
    assert {v.decision.effect for v in found.verdicts if v.kind == "image"} == {"redact"}
    assert "cutoutScience" in verdicts(found)
    assert "alert-field and trigger" in found.verdicts[0].advice
    # Nor does a declaration of some other field, or another origin.
    assert one("a.fits", STAMP, declared("diaSource.ra"), profile=DEFAULT).effect == "redact"
    pixels = declared(origin='origin = "pixels"\nobserved = 60000.0')
    assert one("a.fits", STAMP, pixels, profile=DEFAULT).effect == "redact"
    assert not one("a.fits", STAMP, "", profile=DEFAULT).verdicts[0].decision.passes


def test_stamps_of_ztf_in_their_wrapper_or_without():
    manifest = declared("cutoutScience.stampData", facts=None, schema='schema = "ztf/4.02"\n')
    assert verdict(ztf(1), manifest, "a.fits.gz").decision.passes
    assert verdict(gzip.decompress(ztf(1)), manifest).decision.passes
    assert verdict(STAMP, manifest).decision.effect == "quarantine"


def test_images_in_packets_are_compared_as_well():
    alert = simulated("lsst/11.1", 3, "real")[0]
    assert one("a.avro", packed([alert]), ALERTS, profile=DEFAULT).found == []
    facts = facts_of(values(alert))
    other, _ = lsst(1)
    assert facts.ra != FACTS.ra
    recut = changed(alert, cutoutScience=other)
    (found,) = one("a.avro", packed([recut]), ALERTS, profile=DEFAULT).found
    assert (found.decision.rule, found.decision.effect) == ("no-issued-stamp", "quarantine")
    more = changed(alert, cutoutScience=with_hdu(values(alert)["cutoutScience"], image("MORE")))
    (found,) = one("a.avro", packed([more]), ALERTS, profile=DEFAULT).found
    assert (found.decision.rule, found.decision.effect) == ("more-than-an-issued-stamp", "redact")
    assert verdicts(one("a.avro", packed([more]), ALERTS + "issued = true\n", profile=DEFAULT))
