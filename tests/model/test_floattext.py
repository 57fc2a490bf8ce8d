"""Float texts: the fast ones against the slow ones, and both against the bits they came from."""

import math
import re
import struct
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BITS

from gateway.model import floattext
from gateway.model.floattext import bytes32, bytes64, reference_text, texts32, texts64

FORMS = {32: ("<u4", "<f4", texts32, bytes32), 64: ("<u8", "<f8", texts64, bytes64)}
LEAST, LIMIT = 2.0**-15, {32: 2.0**41, 64: 2.0**49}  # rule 2
POSITIONAL = re.compile(rb"-?(0|[1-9]\d*)\.(0|\d*[1-9])\Z")
SCIENTIFIC = re.compile(rb"-?[1-9](\.\d*[1-9])?e(-?[1-9]\d*|0)\Z")


def spacing(bits: int) -> list[int]:
    """Bit patterns around every power of two and of ten, and the edges of rule 2."""
    u, f, *_ = FORMS[bits]
    numbers = [2.0**n for n in range(-1074 if bits == 64 else -149, 1024 if bits == 64 else 128)]
    numbers += [float(f"1e{n}") for n in range(-323 if bits == 64 else -45, 309 if bits == 64 else 39)]
    numbers += [x * k for x in (LEAST, LIMIT[bits]) for k in (0.999999999, 1.000000001, 1.5, 0.75)]
    patterns = np.array(numbers, f).view(u).tolist()
    return sorted({p + d for p in patterns for d in (-2, -1, 0, 1, 2) if p + d >= 0})


def check(patterns: "np.ndarray", bits: int) -> None:
    u, f, texts, back = FORMS[bits]
    data = patterns.astype(u).tobytes()
    numbers = np.frombuffer(data, f)
    made = texts(data)
    assert made == [reference_text(x, bits=bits).encode() for x in numbers.tolist()]
    for text, pattern, number in zip(made, patterns.tolist(), numbers.tolist(), strict=True):
        if math.isfinite(number):
            assert back(text) == pattern.to_bytes(bits // 8, "little")
            size = abs(number)
            assert (POSITIONAL if size == 0 or LEAST <= size < LIMIT[bits] else SCIENTIFIC).match(text), text


@pytest.mark.parametrize("bits", [32, 64])
def test_a_hundred_thousand_random_bit_patterns(bits: int) -> None:
    u = FORMS[bits][0]
    check(np.random.default_rng(20260305 + bits).integers(0, 2**bits, 100_000, u, endpoint=False), bits)


@pytest.mark.parametrize("bits", [32, 64])
def test_random_numbers_of_ordinary_size(bits: int) -> None:
    u, f, *_ = FORMS[bits]
    random = np.random.default_rng(bits)
    numbers = random.normal(size=20_000) * 10.0 ** random.integers(-6, 14, 20_000)
    rounded = [round(x, int(n)) for x, n in zip(numbers.tolist(), random.integers(0, 9, 20_000), strict=True)]
    check(np.array([*numbers, *rounded]).astype(f).view(u), bits)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("sign", [0, 1])
def test_every_power_of_two_and_ten_and_their_neighbours(bits: int, sign: int) -> None:
    u = FORMS[bits][0]
    check(np.array(spacing(bits), u) | np.array(sign << (bits - 1), u), bits)


@pytest.mark.parametrize("bits", [32, 64])
def test_extremes(bits: int) -> None:
    u = FORMS[bits][0]
    check(np.array(BITS["float" if bits == 32 else "double"], u), bits)


@pytest.mark.parametrize(
    ("number", "bits", "text"),
    [
        (0.0, 32, "0.0"),
        (-0.0, 64, "-0.0"),
        (63.25, 32, "63.25"),
        (0.1, 32, "0.1"),
        (0.1, 64, "0.1"),
        (float(np.float32(0.1)), 64, "0.10000000149011612"),
        (2.0**-13, 32, "0.00012207031"),
        (2.0**-13, 64, "0.0001220703125"),
        (2.0**-15, 32, "0.000030517578"),
        (2.0**-15, 64, "0.000030517578125"),
        (float(np.nextafter(np.float32(2**-15), np.float32(0))), 32, "3.0517576e-5"),
        (math.nextafter(2.0**-15, 0), 64, "3.0517578124999997e-5"),
        (float(np.nextafter(np.float32(2**41), np.float32(0))), 32, "2199023100000.0"),
        (2.0**41, 32, "2.1990233e12"),
        (2.0**41, 64, "2199023255552.0"),
        (2.0**49, 64, "5.62949953421312e14"),
        (2.0**49 - 1, 64, "562949953421311.0"),
        (1e13, 64, "10000000000000.0"),
        (1e13, 32, "1e13"),
        (8.66e-12, 32, "8.66e-12"),
        (16777216.0, 32, "16777216.0"),
        (1e11, 32, "100000000000.0"),
        (5e-324, 64, "5e-324"),
        (1e-45, 32, "1e-45"),
        (3.4028234663852886e38, 32, "3.4028235e38"),
        (1.7976931348623157e308, 64, "1.7976931348623157e308"),
        (9.5367431640625e-07, 32, "9.536743e-7"),
        (math.nan, 32, "NaN"),
        (math.inf, 64, "INF"),
        (-math.inf, 32, "-INF"),
    ],
)
def test_spelling(number: float, bits: int, text: str) -> None:
    assert reference_text(number, bits=bits) == text
    write, texts = ("<f", texts32) if bits == 32 else ("<d", texts64)
    assert texts(struct.pack(write, number)) == [text.encode()]
    assert bits == 32 or floattext.text64(number) == text


def test_one_by_one_and_in_a_row_are_the_same_and_nothing_is_nothing() -> None:
    data = struct.pack("<6f", 1.5, math.nan, 1e-30, -0.0, math.inf, 2.0)
    assert texts32(data) == [text for i in range(0, 24, 4) for text in texts32(data[i : i + 4])]
    assert texts32(b"") == texts64(b"") == []


@given(st.integers(0, 2**64 - 1) | st.sampled_from(spacing(64)))
def test_any_double(pattern: int) -> None:
    check(np.array([pattern], "<u8"), 64)
    (number,) = struct.unpack("<d", pattern.to_bytes(8, "little"))
    assert floattext.text64(number).encode() == texts64(struct.pack("<d", number))[0]


# Another version of orjson may spell the exponent differently: the texts must not change.
@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        (b"1e-5", b"1e-5"),
        (b"1e-05", b"1e-5"),
        (b"1.0e-5", b"1e-5"),
        (b"0.00001", b"1e-5"),
        (b"1e+16", b"1e16"),
        (b"1E+16".lower(), b"1e16"),
        (b"10000000000000000.0", b"1e16"),
        (b"-12300000000000.0", b"-1.23e13"),
        (b"-0.000012345", b"-1.2345e-5"),
        (b"12.5e10", b"1.25e11"),
        (b"123e-20", b"1.23e-18"),
    ],
)
def test_any_spelling_of_an_exponent_becomes_ours(spelled: bytes, text: bytes) -> None:
    assert floattext._scientific(spelled) == text


@pytest.mark.parametrize("pattern", [0x15AE43FD, 0x95AE43FD])
def test_the_one_float_whose_text_must_not_be_rounded_twice(pattern: int) -> None:
    # Found by trying all 2**31 of them: 7.038531e-26 is so near the middle of two floats that the double is there.
    check(np.array([pattern], "<u4"), 32)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from((-1, 0, 1)))
def test_texts_around_the_middle_of_two_floats(number: float, side: int) -> None:
    with np.errstate(over="ignore"):  # above the largest float there is infinity
        above = float(np.nextafter(np.float32(number), np.float32(math.inf)))
    if math.isinf(above):
        return
    with localcontext(prec=2000):
        middle = (Decimal(number) + Decimal(above)) / 2
        text = f"{middle + side * abs(middle).scaleb(-100) if middle else middle}"
    expected = np.array([number, above], "<f4")
    even = expected[np.flatnonzero(expected.view("<u4") % 2 == 0)[0]]
    nearest = {-1: expected[0], 0: even, 1: expected[1]}[side] if middle else np.float32(0)
    assert struct.unpack("<f", bytes32(text))[0] == nearest


@pytest.mark.parametrize("text", ["", "x", "1,5", "0x10", "--1", "1e", "\u2603"])
def test_what_is_no_number(text: str) -> None:
    for back in (bytes32, bytes64):
        with pytest.raises(ValueError, match=r"."):
            back(text)


def test_too_large_for_its_width() -> None:
    with pytest.raises(ValueError, match="too large"):
        bytes32("3.5e38")
    assert bytes64("3.5e38") == struct.pack("<d", 3.5e38)
