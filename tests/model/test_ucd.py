"""UCD1+ 1.6, against astropy's own reading of the list, and chance."""

import csv

import pytest
from astropy.io.votable.ucd import check_ucd
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ucd import flags, problems


@pytest.mark.parametrize(
    "ucd",
    [
        "meta.id",
        "meta.id;meta.main",
        "POS.EQ.RA;Meta.Main",
        "phot.flux.density;em.opt.V",
        "stat.error;phot.mag;em.opt.R",
        "phot.color;em.opt.B;em.opt.V",
        "ivoa:pos.eq.dec",
        "phot.mag;em.IR.3-4um",
    ],
)
def test_valid(ucd):
    assert problems(ucd) == []


@pytest.mark.parametrize(
    ("ucd", "said"),
    [
        ("", "word 1 is empty"),
        ("meta.id;", "word 2 is empty"),
        ("em.opt.V", "word 1 may not come first"),
        ("arith.diff;phot.flux", "word 1 may not come first"),
        ("phot.flux;arith.factor", "word 2 may only come first"),
        ("stat.err;phot.mag", "word 1 is not in the UCD1+ vocabulary"),
        ("phot.flux.densities", "word 1 is not in the UCD1+ vocabulary"),
        ("POS_EQ_RA_MAIN", "word 1 is not in the UCD1+ vocabulary"),
        ("meta.id meta.main", "word 1 is not letters, digits, - and _ joined by dots"),
        ("meta..id", "word 1 is not letters, digits, - and _ joined by dots"),
        ("meta.id\n", "word 1 is not letters, digits, - and _ joined by dots"),
        ("lsst:flux", "word 1 is in a namespace other than ivoa"),
    ],
)
def test_invalid(ucd, said):
    assert problems(ucd) == [said]


def test_all_problems_are_listed():
    assert len(problems("em.opt.V;nothing;a b")) == 3


def test_the_list_is_whole():
    assert len(flags()) >= 560
    assert set(flags().values()) == set("PSQECV")


WORDS = st.sampled_from(sorted(flags())) | st.sampled_from(["none", "a b", "pos", ""])


@given(st.lists(WORDS, min_size=1, max_size=3).map(";".join))
def test_agrees_with_astropy(ucd):
    assert (problems(ucd) == []) == check_ucd(ucd, check_controlled_vocabulary=True)


@given(st.text())
def test_any_text_gets_an_answer(text):
    assert all(sentence.startswith("word ") for sentence in problems(text))


def test_the_ucds_of_the_lsst_fields(shared):
    with (shared / "data" / "fields" / "ucd_units.csv").open() as file:
        ucds = {row["ucd"] for row in csv.DictReader(file) if row["ucd"]}
    assert len(ucds) > 50
    assert {ucd: problems(ucd) for ucd in ucds if problems(ucd)} == {}
