"""Numbers as VE-26 and VE-27 read them: every text has a value."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.voevent_values import is_float, is_int, param_float, param_int


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        (" -1.5e3\n", -1500.0),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("inf", math.inf),
        ("-INF", -math.inf),
        ("+Infinity", math.inf),
        ("1e999", math.inf),
        ("007", 7.0),
    ],
)
def test_floats(text, value):
    assert is_float(text)
    assert param_float(text) == value


@pytest.mark.parametrize("text", ["nan", "+NaN", "-nan"])
def test_not_a_number_is_a_float(text):
    assert is_float(text)
    assert math.isnan(param_float(text))


@pytest.mark.parametrize(
    "text", ["", " ", "bright", "1,5", "1_000", "0x10", "1e", "--1", "1 2", "٣", "1.5 nJy", "."]
)
def test_what_is_no_float_is_nan(text):
    assert not is_float(text)
    assert math.isnan(param_float(text))


@pytest.mark.parametrize(("text", "value"), [("3", 3), (" -3\t", -3), ("+03", 3), ("9" * 30, 10**30 - 1)])
def test_ints(text, value):
    assert is_int(text)
    assert param_int(text) == value


@pytest.mark.parametrize(("text", "value"), [("3.9", 3), ("-3.9", -3), ("1e3", 1000), (".5", 0)])
def test_floats_are_truncated_towards_zero(text, value):
    assert not is_int(text)
    assert param_int(text) == value


@pytest.mark.parametrize("text", ["", " ", "many", "nan", "inf", "1e999", "1_000", "0x10", "٣", "9" * 5000])
def test_what_is_no_int_is_zero(text):
    assert param_int(text) == 0


def test_no_value():
    assert math.isnan(param_float(None))
    assert param_int(None) == 0


@given(st.text() | st.text(alphabet="+-0123456789.eEnaifty \n"))
def test_nothing_raises(text):
    assert isinstance(param_float(text), float)
    assert isinstance(param_int(text), int)


@given(st.floats(allow_nan=False))
def test_floats_of_python_come_back(number):
    assert param_float(repr(number)) == number


@given(st.integers(-(10**100), 10**100))
def test_ints_of_python_come_back(number):
    assert param_int(str(number)) == number
