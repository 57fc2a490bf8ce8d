"""Stamps: the first column says what came in, the last ones what becomes of it and by which rule.

Real stamps are tested where ../shared is; all else rests on simulated ones, as they are and with the survey's comments.
"""

import gzip
import hashlib
import io
import pickle
import struct
import warnings
import zlib
from dataclasses import replace

import numpy as np
import pytest
import stamps
from alerts import KEYS, simulated, values
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from stamps import CANARY, added, card, commented, hdus, image, joined, resized, with_hdu, zipped

from gateway.errors import FITSError
from gateway.model.fitsfile import BLOCK, END, read
from gateway.policy.cutouts import cutout
from gateway.policy.cutouts.cutout import RULES, Changes, Facts, inspect
from gateway.policy.cutouts.fast import recogniser
from gateway.policy.cutouts.form import forms
from gateway.policy.cutouts.member import MAX_INFLATED, deflated, inflated

STAMP, FACTS = stamps.lsst(1)
FULL = commented(STAMP)
ZTF = stamps.ztf(1)
ZTF_FITS = gzip.decompress(ZTF)
TEXT = CANARY.decode()


def with_float(stamp, bits, hdu=0, place=0, width=4):
    parts = hdus(stamp)
    cards, data = parts[hdu]
    parts[hdu] = cards, data[:place] + bits.to_bytes(width, "big") + data[place + width :]
    return joined(parts)


def swapped(stamp, first, second):
    parts = hdus(stamp)
    cards, _ = parts[0]
    cards[first], cards[second] = cards[second], cards[first]
    return joined(parts)


def without(stamp, *numbers):
    return joined([part for number, part in enumerate(hdus(stamp)) if number not in numbers])


def in_filling(stamp, byte, offset):
    """The stamp with other bytes in what a block is filled up with."""
    return stamp[:offset] + byte + stamp[offset + len(byte) :]


def twice(stamp, number):
    """The stamp with an HDU once more, with other data."""
    parts = hdus(stamp)
    cards, data = parts[number]
    return joined([*parts, (cards, CANARY.ljust(len(data), b"\0"))])


def png(text):
    chunk = b"tEXtComment\0" + text
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(chunk) - 4)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
    )


def compressed():
    """A tile-compressed image, as fpack makes it."""
    out = io.BytesIO()
    pixels = np.arange(900, dtype=">i4").reshape(30, 30)
    hdu = fits.CompImageHDU(pixels)
    hdu.header["OBJECT"] = TEXT
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
    return out.getvalue()


def table():
    return fits.BinTableHDU(np.array([(CANARY,)], [("x", "S20")]), name="UNCERT2")


def real_card(key, text, comment=""):
    return f"{key:8}= {text:>20}{comment}"


MATRIX = " / Coordinate transformation matrix element"
RA, DEC = FACTS.ra, FACTS.dec


def far(position):
    """The text with the most digits that is within the tolerance, and with 14 digits is not."""
    for step in range(-900, 900):
        near = position + step * 1.1e-14
        if abs(near - position) <= 1e-11 < abs(float(f"{near:.14G}") - position):
            return f"{near:.17f}"
    raise AssertionError("no such position")


HEADER_END = 80 * (len(hdus(FULL)[0][0]) + 1)
DATA_END = BLOCK + len(hdus(FULL)[0][1])
AS_ISSUED = [
    ("a simulated stamp, without comments", STAMP),
    ("a stamp with the survey's comments", FULL),
    ("without the PSF, which sometimes cannot be computed", without(FULL, 2)),
    ("without UNCERT", without(FULL, 1)),
    ("the image alone", without(FULL, 1, 2)),
    ("before September 2025: no ROTPA", card(FULL, "ROTPA")),
    ("an element of the matrix that is 0 and not written", card(FULL, "PC1_2")),
    ("an older wcslib: MJDREFI and MJDREFF", added(card(FULL, "MJDREF"), real_card("MJDREFI", "0.0"))),
    ("a corner beyond the edge of the detector", card(FULL, "CUTMINX", real_card("CUTMINX", "-16"))),
    (
        "a mask, promised but never seen",
        with_hdu(without(FULL, 1, 2), image("MASK", np.zeros((30, 30), ">i4"))),
    ),
    ("pixels that are not a number", with_float(FULL, 0x7FC00000)),
    ("with the other sign", with_float(FULL, 0xFFC00000)),
    ("with all bits set", with_float(FULL, 0xFFFFFFFF)),
    ("a PSF that is not a number", with_float(FULL, 0x7FF8 << 48, 2, 8, 8)),
    ("infinite pixels", with_float(FULL, 0x7F800000)),
]

REBUILT = [
    # sentence, stamp, what was changed
    ("an HDU with pixels of another image", with_hdu(FULL, image("COADD")), Changes(hdus=1)),
    ("an HDU without name", with_hdu(FULL, image(None)), Changes(hdus=1)),
    ("a second UNCERT", twice(FULL, 1), Changes(hdus=1)),
    ("an HDU that is named PRIMARY", with_hdu(FULL, image("PRIMARY")), Changes(hdus=1)),
    ("a larger UNCERT", resized(FULL, 31, hdu=1), Changes(hdus=1)),
    ("a PSF of 39 pixels", resized(FULL, 39, hdu=2), Changes(hdus=1)),
    ("a PSF of 57 pixels", resized(FULL, 57, hdu=2), Changes(hdus=1)),
    ("a PSF that is not square", resized(FULL, 41, 43, hdu=2), Changes(hdus=1)),
    ("an UNCERT that says it is no variance", card(FULL, "UTYPE", f"UTYPE   = '{TEXT}'", 1), Changes(hdus=1)),
    ("an UNCERT without UTYPE", card(FULL, "UTYPE", None, 1), Changes(hdus=1)),
    ("a mask of floating-point numbers", with_hdu(without(FULL, 1, 2), image("MASK")), Changes(hdus=1)),
    ("a HISTORY card", added(FULL, f"HISTORY {TEXT}"), Changes(cards=1)),
    ("a COMMENT card", added(FULL, f"COMMENT {TEXT}"), Changes(cards=1)),
    ("a COMMENT card in an extension", added(FULL, f"COMMENT {TEXT}", 1), Changes(cards=1)),
    ("a card without keyword", added(FULL, f"         {TEXT}", place=9), Changes(cards=1)),
    ("an observation id", added(FULL, f"OBSID   = '{TEXT}'", place=7), Changes(cards=1)),
    ("a text that goes on in the next card", added(added(FULL, "CONTINUE  'x'"), f"A       = '{TEXT}&'", place=23),
     Changes(cards=2)),
    ("a distortion", added(FULL, "A_ORDER =                    2"), Changes(cards=1)),
    ("PSFIMAGE before UNCERT", joined([hdus(FULL)[n] for n in (0, 2, 1)]), Changes()),
    ("MJDREF before BUNIT", swapped(FULL, 22, 9), Changes()),
    ("a comment", card(FULL, "BUNIT", f"BUNIT   = 'nJy     '           / {TEXT}"), Changes(rewritten=1)),
    ("another comment than the survey's", card(FULL, "ROTPA", real_card("ROTPA", "41.5", f" / {TEXT}")),
     Changes(rewritten=1)),
    ("a comment in an extension", card(FULL, "UTYPE", f"UTYPE   = 'VarianceUncertainty' / {TEXT}", 1),
     Changes(rewritten=1)),
    ("a text with blanks at its end", card(FULL, "BUNIT", "BUNIT   = 'nJy           '"), Changes(rewritten=1)),
    ("a number with 17 digits", card(FULL, "ROTPA", real_card("ROTPA", "41.583125681728634")),
     Changes(rewritten=1)),
    ("a number at the left", card(FULL, "ROTPA", "ROTPA   = 41.5"), Changes(rewritten=1)),
    ("a number with a plus sign", card(FULL, "ROTPA", real_card("ROTPA", "+41.5")), Changes(rewritten=1)),
    ("a number with a Fortran exponent", card(FULL, "ROTPA", real_card("ROTPA", "4.15D1")), Changes(rewritten=1)),
    ("a number without a point", card(FULL, "ROTPA", real_card("ROTPA", "41")), Changes(rewritten=1)),
    ("an integer with zeros before it", card(FULL, "CUTMINX", real_card("CUTMINX", "0041")), Changes(rewritten=1)),
    ("a smaller number than there are", card(FULL, "PC1_1", "PC1_1   = -1.2345678901234E-120"),
     Changes(rewritten=1)),
    ("a constant in another spelling", card(FULL, "CDELT1", real_card("CDELT1", "1.000E+00")),
     Changes(rewritten=1)),
    ("letters behind END", in_filling(FULL, CANARY, HEADER_END), Changes()),
    ("letters behind the data", in_filling(FULL, CANARY, DATA_END), Changes()),
    ("letters behind the last data", FULL[: -len(CANARY)] + CANARY, Changes()),
    ("a byte at the end", FULL + b"\0", Changes(trailing=1)),
    ("letters at the end", FULL + CANARY, Changes(trailing=len(CANARY))),
    ("a table", with_hdu(FULL, table()), Changes(trailing=2 * BLOCK)),
    ("a second file", FULL + added(FULL, f"HISTORY {TEXT}"), Changes(trailing=len(FULL))),
    ("a NaN with something in it", with_float(FULL, 0x7FC00000 | 0x3A4B5), Changes(pixels=1)),
    ("a negative NaN with something in it", with_float(FULL, 0xFFC00000 | 0x3A4B5), Changes(pixels=1)),
    ("a signalling NaN", with_float(FULL, 0x7F800001), Changes(pixels=1)),
    ("a NaN with something in it in the PSF", with_float(FULL, (0x7FF8 << 48) | 0xC4A4, 2, 8, 8), Changes(pixels=1)),
]  # fmt: skip

REFUSED = [
    # sentence, stamp, rule
    ("nothing", b"", "cutout-not-fits"),
    ("what a broker wrote instead of it", b"0\n", "cutout-not-fits"),
    ("a PNG with text", png(CANARY), "cutout-not-fits"),
    ("a JPEG with EXIF", b"\xff\xd8\xff\xe1\0\x40Exif\0\0" + CANARY, "cutout-not-fits"),
    ("a tile-compressed image", compressed(), "cutout-card"),
    ("half a stamp", FULL[:5000], "cutout-not-fits"),
    ("an extension that ends early", FULL[:-BLOCK], "cutout-not-fits"),
    ("scaled pixels", added(FULL, "BZERO   =              17.25"), "cutout-not-fits"),
    ("a gzipped stamp", zipped(FULL), "cutout-not-fits"),
    ("a stamp of ZTF", ZTF_FITS, "cutout-size"),
    ("another unit", card(FULL, "BUNIT", "BUNIT   = 'adu     '"), "cutout-card"),
    ("a text where the unit should be", card(FULL, "BUNIT", f"BUNIT   = '{TEXT}'"), "cutout-card"),
    ("no unit", card(FULL, "BUNIT"), "cutout-card"),
    ("a unit that is no text", card(FULL, "BUNIT", "BUNIT   =                  nJy"), "cutout-card"),
    ("two units", added(FULL, "BUNIT   = 'nJy     '"), "cutout-card"),
    ("two units that differ", added(FULL, f"BUNIT   = '{TEXT}'"), "cutout-card"),
    ("no position", card(FULL, "CRVAL1"), "cutout-card"),
    ("a position as text", card(FULL, "CRVAL1", f"CRVAL1  = '{TEXT}'"), "cutout-card"),
    ("a number that is not one", card(FULL, "ROTPA", real_card("ROTPA", "nan")), "cutout-card"),
    ("an angle of 17000", card(FULL, "ROTPA", real_card("ROTPA", "17000.25")), "cutout-card"),
    ("a corner far away", card(FULL, "CUTMINX", real_card("CUTMINX", "1725000")), "cutout-card"),
    ("a corner that is no integer", card(FULL, "CUTMINX", real_card("CUTMINX", "17.25")), "cutout-card"),
    ("pixels of 1 arcsec", card(FULL, "PC1_1", real_card("PC1_1", "2.7E-04")), "cutout-card"),
    ("another increment", card(FULL, "CDELT1", real_card("CDELT1", "1.1")), "cutout-card"),
    ("an increment that is no number", card(FULL, "CDELT1", real_card("CDELT1", "one")), "cutout-card"),
    ("EXTEND = F", card(FULL, "EXTEND", "EXTEND  =                    F"), "cutout-card"),
    ("pixels of 64 bits", joined([([c.replace(b"-32", b"-64") for c in hdus(FULL)[0][0]], bytes(7200))]),
     "cutout-card"),
    ("a side of 31 for a source of 30 or less", resized(FULL, 31), "cutout-size"),
    ("a side of 29", resized(FULL, 29), "cutout-size"),
    ("a side of 103", resized(FULL, 103), "cutout-size"),
    ("a side of 500", resized(FULL, 500), "cutout-size"),
    ("a stamp that is not square", resized(FULL, 30, 31), "cutout-size"),
    ("a position 0.1 arcsec away in RA", card(FULL, "CRVAL1", real_card("CRVAL1", f"{RA + 3e-5:.12f}")),
     "cutout-position"),
    ("a position 2e-11 deg away in Dec", card(FULL, "CRVAL2", real_card("CRVAL2", f"{DEC + 2e-11:.13f}")),
     "cutout-position"),
    ("a position that rounding puts too far away", card(FULL, "CRVAL1", "CRVAL1  = " + far(RA)), "cutout-position"),
    ("the source in a corner", card(FULL, "CRPIX1", real_card("CRPIX1", "3.5")), "cutout-position"),
    ("the source 1.1 pixels off to the left", card(FULL, "CRPIX1", real_card("CRPIX1", "14.4")), "cutout-position"),
    ("the source 1.1 pixels off", card(FULL, "CRPIX2", real_card("CRPIX2", "16.6")), "cutout-position"),
]  # fmt: skip

ZTF_CASES = [
    # sentence, stamp, rule
    ("a simulated stamp", ZTF, "cutout-as-issued"),
    ("a stamp as gzip writes it", zipped(ZTF_FITS), "cutout-as-issued"),
    ("SIMPLE at the left, as in real stamps", zipped(card(ZTF_FITS, "SIMPLE", "SIMPLE  =  T")), "cutout-as-issued"),
    ("a stamp at the edge of the detector", zipped(resized(ZTF_FITS, 40, 63)), "cutout-as-issued"),
    ("one pixel", zipped(resized(ZTF_FITS, 1)), "cutout-as-issued"),
    ("gzip with a file name", zipped(ZTF_FITS, name=TEXT), "cutout-rebuilt"),
    ("gzip with an extra field", ZTF[:3] + b"\x04" + ZTF[4:10] + b"\x0b\0" + CANARY + ZTF[10:], "cutout-rebuilt"),
    ("gzip with a comment", ZTF[:3] + b"\x10" + ZTF[4:10] + CANARY + b"\0" + ZTF[10:], "cutout-rebuilt"),
    ("gzip from another system", ZTF[:9] + b"\x47" + ZTF[10:], "cutout-rebuilt"),
    ("gzip with another effort", ZTF[:8] + b"\x47" + ZTF[9:], "cutout-rebuilt"),
    ("a second gzip member", ZTF + zipped(CANARY), "cutout-rebuilt"),
    ("letters after the member", ZTF + CANARY, "cutout-rebuilt"),
    ("a COMMENT card", zipped(added(ZTF_FITS, f"COMMENT {TEXT}")), "cutout-rebuilt"),
    ("an HDU more", zipped(with_hdu(ZTF_FITS, image(TEXT.replace(".", "").upper()))), "cutout-rebuilt"),
    ("a comment", zipped(card(ZTF_FITS, "BUNIT", f"BUNIT   = 'DN      '           / {TEXT}")), "cutout-rebuilt"),
    ("a FITS file that is not gzipped", ZTF_FITS, "cutout-compression"),
    ("zlib and not gzip", zlib.compress(ZTF_FITS), "cutout-compression"),
    ("nothing", b"", "cutout-compression"),
    ("half a member", ZTF[:2000], "cutout-compression"),
    ("a wrong checksum", ZTF[:-8] + b"abcd" + ZTF[-4:], "cutout-compression"),
    ("a bomb", zipped(bytes(300 * 2**20)), "cutout-compression"),
    ("a bomb behind a stamp", zipped(ZTF_FITS + bytes(MAX_INFLATED)), "cutout-compression"),
    ("gzip in gzip", zipped(ZTF), "cutout-not-fits"),
    ("a PNG in gzip", zipped(png(CANARY)), "cutout-not-fits"),
    ("64 pixels", zipped(resized(ZTF_FITS, 64)), "cutout-size"),
    ("another unit", zipped(card(ZTF_FITS, "BUNIT", "BUNIT   = 'nJy     '")), "cutout-card"),
    ("a stamp of LSST", zipped(FULL), "cutout-card"),
]  # fmt: skip


def judged(data: bytes) -> None:
    """astropy finds nothing wrong with a FITS file that leaves."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings(
            "ignore", "Found a SIMPLE card but", fits.verify.VerifyWarning
        )  # real ZTF stamps
        with fits.open(io.BytesIO(data)) as judge:
            judge.verify("exception")
            for hdu in judge:
                assert hdu.data is not None


def check(verdict, came, survey, facts, rule) -> None:
    """What holds of every verdict; `rule` is what is expected."""
    assert verdict.rule == rule
    outcome, clause, reason = RULES[rule]
    assert (verdict.outcome, verdict.clause, verdict.reason) == (outcome, clause, reason)
    assert (verdict.data is None) == (outcome == "refuse")
    for text in (CANARY, TEXT.upper().encode(), CANARY.replace(b".", b"").upper()):
        assert text not in (inflated_or(verdict.data) + (verdict.data or b""))
        assert text not in repr(verdict).encode() + str(verdict).encode() + pickle.dumps(verdict)
    if verdict.data is not None:
        assert (verdict.data == came) == (outcome == "as-issued")
        judged(inflated_or(verdict.data))
        read(inflated_or(verdict.data))
        again = inspect(verdict.data, survey, facts)
        assert (again.outcome, again.data) == ("as-issued", verdict.data)


def inflated_or(data):
    member = inflated(data or b"")
    return member.content if member else data or b""


@pytest.mark.parametrize(("sentence", "stamp"), AS_ISSUED, ids=[row[0] for row in AS_ISSUED])
def test_as_issued(sentence: str, stamp: bytes) -> None:
    verdict = inspect(stamp, "lsst", FACTS)
    check(verdict, stamp, "lsst", FACTS, "cutout-as-issued")
    assert verdict.data is stamp
    assert verdict.changes == Changes()


@pytest.mark.parametrize(("sentence", "stamp", "changes"), REBUILT, ids=[row[0] for row in REBUILT])
def test_made_again(sentence: str, stamp: bytes, changes: Changes) -> None:
    verdict = inspect(stamp, "lsst", FACTS)
    check(verdict, stamp, "lsst", FACTS, "cutout-rebuilt")
    assert verdict.changes == changes
    kept = read(verdict.data)
    assert verdict.data[kept[0].data :][: kept[0].size][4:] == hdus(FULL)[0][1][4:]


@pytest.mark.parametrize(("sentence", "stamp", "rule"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(sentence: str, stamp: bytes, rule: str) -> None:
    check(inspect(stamp, "lsst", FACTS), stamp, "lsst", FACTS, rule)


@pytest.mark.parametrize(("sentence", "stamp", "rule"), ZTF_CASES, ids=[row[0] for row in ZTF_CASES])
def test_ztf(sentence: str, stamp: bytes, rule: str) -> None:
    check(inspect(stamp, "ztf", Facts()), stamp, "ztf", Facts(), rule)


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 200_000])
def test_gzip_of_any_size(size: int) -> None:
    content = bytes(size - 1) + b"x"
    assert gzip.decompress(deflated(content)) == content
    assert inflated(deflated(content)) == (content, True, 0)


def test_a_number_that_goes_on_behind_column_30_is_read_to_its_end() -> None:
    long = card(FULL, "PC1_1", "PC1_1   = -1.2345678901234E-120")
    assert inspect(long, "lsst", FACTS).data == card(FULL, "PC1_1", real_card("PC1_1", "0.0", MATRIX))
    long = card(FULL, "ROTPA", "ROTPA   =  20.125678901234567891")
    assert b"=      20.125678901235 /" in inspect(long, "lsst", FACTS).data


def test_what_follows_a_gzip_member_is_counted() -> None:
    assert inspect(ZTF + CANARY, "ztf", Facts()).changes == Changes(trailing=len(CANARY))
    both = zipped(added(ZTF_FITS, "HISTORY x") + CANARY) + CANARY
    assert inspect(both, "ztf", Facts()).changes == Changes(cards=1, trailing=2 * len(CANARY))


def test_every_rule_is_reached() -> None:
    reached = {rule for _, _, rule in [*REFUSED, *ZTF_CASES]}
    assert reached | {"cutout-survey", "cutout-unplaced", "cutout-changed", "cutout-archived"} == set(RULES)


@pytest.mark.parametrize(
    ("sentence", "facts", "rule"),
    [
        ("all that is known", FACTS, "cutout-as-issued"),
        ("a schema without bboxSize, or null", replace(FACTS, bbox_size=None), "cutout-as-issued"),
        ("a source of one pixel", replace(FACTS, bbox_size=1), "cutout-as-issued"),
        ("a source of 31 pixels", replace(FACTS, bbox_size=31), "cutout-size"),
        ("a source of 1000 pixels", replace(FACTS, bbox_size=1000), "cutout-size"),
        ("RA not known", replace(FACTS, ra=None), "cutout-unplaced"),
        ("Dec not known", replace(FACTS, dec=None), "cutout-unplaced"),
        ("nothing known", Facts(), "cutout-unplaced"),
        ("RA not a number", replace(FACTS, ra=float("nan")), "cutout-position"),
        ("another source", Facts(30, 10.0, 10.0), "cutout-position"),
    ],
)
@pytest.mark.parametrize("stamp", [FULL, with_float(FULL, 0x7FC00000)], ids=["fast", "slow"])
def test_facts(sentence: str, facts: Facts, rule: str, stamp: bytes) -> None:
    assert inspect(stamp, "lsst", facts).rule == rule


@pytest.mark.parametrize(
    ("bbox", "side"), [(None, 64), (64, 64), (102, 102), (103, 102), (5000, 102), (30, 30)]
)
def test_the_side_is_the_clamped_box(bbox: int | None, side: int) -> None:
    stamp = resized(without(FULL, 1, 2), side)
    assert inspect(stamp, "lsst", replace(FACTS, bbox_size=bbox)).outcome == "as-issued"
    if bbox:
        assert inspect(resized(stamp, side + 1), "lsst", replace(FACTS, bbox_size=bbox)).rule == "cutout-size"


def test_a_survey_that_is_not_known() -> None:
    check(inspect(FULL, "atlas", FACTS), FULL, "atlas", FACTS, "cutout-survey")
    check(inspect(FULL, "../lsst", FACTS), FULL, "../lsst", FACTS, "cutout-survey")


@pytest.mark.parametrize("stamp", [FULL, b"an early form that nobody knows"])
def test_the_hash_of_the_issued_stamp_decides(stamp: bytes) -> None:
    known = hashlib.sha256(stamp).hexdigest()
    for spelled in (known, known.upper()):
        verdict = inspect(stamp, "lsst", Facts(), spelled)
        assert (verdict.rule, verdict.data) == ("cutout-archived", stamp)
    assert inspect(stamp + b"x", "lsst", FACTS, known).rule == "cutout-changed"
    assert inspect(stamp, "lsst", FACTS, "").rule == "cutout-changed"


@pytest.mark.parametrize("cutouts", ["real", "image"])
@pytest.mark.parametrize("key", KEYS)
def test_no_simulated_stamp_of_any_version_is_held_back(key: str, cutouts: str) -> None:
    survey = key.partition("/")[0]
    for alert in simulated(key, 12, cutouts, seed=5):
        record = values(alert)
        found = stamps.stamps_of(record)
        assert found
        for stamp in found:
            assert inspect(stamp, survey, stamps.facts_of(record)).data is stamp


def test_real_lsst_stamps_are_as_issued(shared) -> None:
    seen = 0
    for record in stamps.real(shared / "data/lsst/fink-lsst-v10-7alerts.avro"):
        facts = stamps.facts_of(record)
        for stamp in stamps.stamps_of(record):
            verdict = inspect(stamp, "lsst", facts)
            check(verdict, stamp, "lsst", facts, "cutout-as-issued")
            assert verdict.data is stamp
            assert recogniser("lsst")(stamp, facts)
            assert inspect(added(stamp, f"HISTORY {TEXT}"), "lsst", facts).data == stamp
            seen += 1
    assert seen == 21


def test_real_ztf_stamps_are_as_issued(shared) -> None:
    seen = 0
    for path in sorted((shared / "data/ztf").glob("*.avro")):
        for record in stamps.real(path):
            for stamp in stamps.stamps_of(record):
                verdict = inspect(stamp, "ztf", Facts())
                check(verdict, stamp, "ztf", Facts(), "cutout-as-issued")
                assert verdict.data is stamp
                seen += 1
    assert seen == 9


def test_the_tolerance_is_what_real_positions_need(shared) -> None:
    off = []
    for record in stamps.real(shared / "data/lsst/fink-lsst-v10-7alerts.avro"):
        facts = stamps.facts_of(record)
        for stamp in stamps.stamps_of(record):
            header = fits.Header.fromstring(stamp[:BLOCK].decode())
            off += [abs(header["CRVAL1"] - facts.ra), abs(header["CRVAL2"] - facts.dec)]
    within = {row.within for row in forms()["lsst"].hdus[0].cards if row.near in ("ra", "dec")}
    assert within == {1e-11}
    assert 1e-12 < max(off) < 5e-12


CARDS = [line for _, lines in enumerate(hdus(FULL)) for line in lines[0]]
PIECES = [
    *(line for line in CARDS),
    *(line[:30].ljust(80) for line in CARDS),
    END,
    CANARY,
    b" ",
    b"\0",
    b"'",
    b"/",
    b"9",
    b"HISTORY".ljust(80),
    b"EXTNAME = 'MASK    '".ljust(80),
    b"ROTPA   =                  0.5".ljust(80),
]


@st.composite
def mangled(draw):
    """A stamp with some bytes replaced, mostly whole cards at the place of cards."""
    stamp = draw(st.sampled_from([FULL, STAMP, without(FULL, 1, 2), without(STAMP, 1), ZTF_FITS]))
    for _ in range(draw(st.integers(1, 3))):
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)))
        at = draw(st.one_of(st.integers(0, 23).map(lambda n: n * 80), st.integers(0, len(stamp))))
        size = draw(st.sampled_from([0, len(piece), len(piece), 80]))
        stamp = stamp[:at] + piece + stamp[at + size :]
        if draw(st.booleans()):
            stamp = stamp.ljust(-(-len(stamp) // BLOCK) * BLOCK, b"\0")
    return stamp


@given(mangled(), st.sampled_from(["lsst", "ztf"]), st.booleans())
def test_whatever_comes_the_verdict_is_sound(stamp, survey, wrapped) -> None:
    if survey == "ztf" and wrapped:
        stamp = zipped(stamp)
    facts = FACTS if survey == "lsst" else Facts()
    verdict = inspect(stamp, survey, facts)
    assert verdict.outcome == RULES[verdict.rule][0]
    if verdict.outcome == "refuse":
        assert verdict.data is None
    else:
        assert (verdict.data == stamp) == (verdict.outcome == "as-issued")
        assert CANARY not in inflated_or(verdict.data)[:BLOCK]
        again = inspect(verdict.data, survey, facts)
        assert (again.outcome, again.data) == ("as-issued", verdict.data)
        judged(inflated_or(verdict.data))


@given(mangled(), st.sampled_from(["lsst", "ztf"]))
def test_what_is_recognised_at_a_glance_is_what_would_be_made_again(stamp, survey) -> None:
    form, facts = forms()[survey], FACTS if survey == "lsst" else Facts()
    try:
        made, _ = cutout._made_again(stamp, form, facts)
    except (cutout._Refused, FITSError):
        made = None
    glance = recogniser(survey)(stamp, facts)
    assert not glance or made == stamp


@pytest.mark.parametrize(("sentence", "stamp"), AS_ISSUED[:8], ids=[row[0] for row in AS_ISSUED[:8]])
def test_issued_stamps_are_recognised_at_a_glance(sentence: str, stamp: bytes) -> None:
    assert recogniser("lsst")(stamp, FACTS)
    assert not recogniser("lsst")(stamp + b"\0", FACTS)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for survey in ("lsst", "ztf"):
        for stamp in (
            data,
            b"x" + data + FULL,
            FULL + b"x" + data,
            FULL[:2000] + data,
            ZTF[:20] + data,
            zipped(data),
        ):
            assert inspect(stamp, survey, FACTS).outcome in ("refuse", "rebuilt")
