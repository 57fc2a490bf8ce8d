"""VOUnits 1.1, against the examples of the standard, a second parser, and chance."""

import pytest
from astropy import units
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.vounit import FUNCTIONS, KNOWN_UNITS, advice, problems

VALID = """
    1 m s g kg m/s**2 m.s**-2 mJy nJy log(GHz) log(10**6Hz) sqrt(m.s**-1) exp(1.5e-3Hz) 25.4mm 1.898E27kg 10**3m
    10**(1/2)m 10**-7m 10m 1m 0.5m 1e-10AU.d**-2 % %**2 dB AU au mas arcsec arcsec**2 deg/d m**2/Mg m**(1/2)
    m**(0.5) m**(-3) m**+2 kg.m**2.s**-2 m/(s.kg) (m) ((m.s)/kg) 'furlong' 'furlong'**2 m'furlong' k'm'/s Mibit
    KiB Yibyte Pa cd min mol ha au Pyr Qm qm unknown UNKNOWN Sun erg/(cm**2.s) yr uarcsec
"""

INVALID = {
    "a power without **": "m2 cm-2 erg/cm2 m.s-1 deg.d-1 1e-10.au.d-2 m2.t-1",
    "a power of no single unit": "(m.s)**2 sqrt(m)**2 m**2**3",
    "a power that is not a number": "m** m**s m**0.5 m**1/2/s m**(1/0.5) m**(2",
    "another product": "m*s m·s",
    "two divisions": "m/s/kg m/s.kg /s",
    "a number alone or in the middle": "10 100 1.m m.10 m10 0m 01m 1.e1m 3m/2s",
    "a number that is zero": "0.0m 0.00e5m",
    "brackets that do not match": "(m m) ( () sqrt(m log()",
    "another function": "sin(rad) log10(m)",
    "another symbol": "sec hr dn cts days pixels Crab mCrab furlong celsius kmh pe tbd µm Å e-",
    "a prefix where none goes": "mAU kAU mdB kmas k% cAngstrom KiHz Mim kta",
    "a prefix alone or twice": "k mmm kkg",
    "da": "dam dadu dag daadu",
    "a quoted unit that is no symbol": "'' 'm 'm2' q2'm' hello'm' Ki'm'",
}


@pytest.mark.parametrize("unit", ["", *VALID.split()])
def test_valid(unit):
    assert problems(unit) == []


@pytest.mark.parametrize(
    ("why", "unit"), [(why, unit) for why, texts in INVALID.items() for unit in texts.split()]
)
def test_invalid(why, unit):
    assert problems(unit), why


@pytest.mark.parametrize("unit", ["m s", " m", "m ", "pc cm**-3", "\n", "m\u00a0s"])
def test_no_spaces(unit):
    assert problems(unit)


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("sec", "the symbol at character 1 is not a known unit; write s"),
        ("mag/days", "the symbol at character 5 is not a known unit; write d"),
        ("m s", "character 2: a unit has no spaces"),
        ("cm2", "character 3: a power is written with **"),
        ("m/s/kg", "character 4: only one / is allowed; put the divisors into parentheses"),
        ("(m", "it ends where a unit or a closing parenthesis is expected"),
        ("(m.s)**2", "character 6: only a single unit can be raised to a power"),
        ("mdB", "the unit at character 1 does not take this prefix"),
    ],
)
def test_says_what_to_write(unit, said):
    assert problems(unit) == [said]


def test_all_problems_are_listed():
    assert len(problems("sec.hr.foo(m)")) == 3


@pytest.mark.parametrize("unit", ["erg", "Angstrom", "mG", "ta", "dm", "mbarn"])
def test_discouraged_but_valid(unit):
    assert problems(unit) == []
    assert len(advice(unit)) == 1


@pytest.mark.parametrize("unit", ["", "m", "dB", "d", "deg", "unknown"])
def test_nothing_to_advise(unit):
    assert advice(unit) == []


@pytest.mark.parametrize(
    "unit", ["(" * 300, "(" * 100 + "m" + ")" * 100, "log(" * 60 + "m" + ")" * 60, "m." * 200]
)
def test_long_and_deep_units_are_refused_without_recursion(unit):
    assert len(problems(unit)) == 1


# astropy knows a few units less, and calls some of its own aliases deprecated.
ASTROPY_LACKS = {"%", "Sun", "dB", "B", "D", "ta"}


@pytest.mark.parametrize("unit", sorted(KNOWN_UNITS - ASTROPY_LACKS))
@pytest.mark.filterwarnings("ignore::astropy.units.UnitsWarning")
def test_astropy_knows_the_known_units(unit):
    units.Unit(unit, format="vounit")


SYMBOLS = st.sampled_from([*sorted(KNOWN_UNITS), "km", "nJy", "m'x'", "'m'"])
POWERS = st.sampled_from(["", "**2", "**-1", "**(1/2)", "**(0.5)"])
FACTORS = st.builds("{}{}".format, SYMBOLS, POWERS)


def _combined(inner):
    product = st.lists(inner, min_size=1, max_size=3).map(".".join)
    return (
        st.builds("({})".format, product)
        | st.builds("({}/{})".format, product, inner)
        | st.builds("{}({})".format, st.sampled_from(FUNCTIONS), product)
    )


UNITS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "10**3", "2.5", "1e-3", "10"]),
    st.recursive(FACTORS, _combined, max_leaves=5),
    st.sampled_from(["", "/s", "/(s.m)"]),
)


@given(UNITS)
def test_what_the_grammar_makes_is_valid(unit):
    assert problems(unit) == []


@given(st.text() | st.text(alphabet="m s.*/()'0123456789eE+-%^kdayrlognKi"))
def test_any_text_gets_an_answer_that_does_not_repeat_it(text):
    for sentence in problems(text) + advice(text):
        assert sentence.isascii()
        assert len(text) < 6 or text not in sentence
