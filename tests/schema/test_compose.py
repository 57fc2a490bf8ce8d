"""Many texts become a datum as each alone does, whatever they are and whichever fields are null."""

import struct
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaf_texts import BAD, TYPES, text_of
from strategies import _wild_leaf

from gateway.errors import AvroError
from gateway.model.avrotype import NULL, AvroType, Field, Record, Union
from gateway.model.floattext import bytes32, some_midway
from gateway.schema.compose import MAX_PATTERNS, Composer
from gateway.schema.text import from_text
from gateway.schema.write import record_writer


def record_of(types: list[AvroType], form: int = 0) -> Record:
    """A record whose fields are plain, or unions with null first or last."""
    forms = (lambda t: t, lambda t: Union((NULL, t)), lambda t: Union((t, NULL)))
    return Record("R", tuple(Field(f"f{i}", forms[form](type_)) for i, type_ in enumerate(types)))


def composed(types: list[AvroType], texts: list[bytes | None], form: int = 0) -> bytes:
    record = record_of(types, form)
    return Composer(record, [field.name for field in record.fields])(texts)


def alone(types: list[AvroType], texts: list[bytes | None], form: int = 0) -> bytes:
    """The same, text by text."""
    raws = [None if text is None else from_text(t, "x")(text) for t, text in zip(types, texts, strict=True)]
    return record_writer(record_of(types, form))(raws)


@given(
    st.lists(st.sampled_from(sorted(TYPES)), max_size=20),
    st.integers(1, 2),
    st.integers(0, 2**32).map(Random),
)
def test_records_of_any_types_with_nulls_among_them(names: list[str], form: int, random: Random) -> None:
    types = [TYPES[name] for name in names]
    record = record_of(types, form)
    compose = Composer(record, names)
    for _ in range(3):
        raws = [None if random.random() < 0.3 else _wild_leaf(t, random) for t in types]
        texts = [None if raw is None else text_of(t, raw) for t, raw in zip(types, raws, strict=True)]
        assert compose(texts) == alone(types, texts, form)


@given(st.lists(st.sampled_from(sorted(TYPES)), max_size=8), st.integers(0, 2**32).map(Random))
def test_records_without_nulls(names: list[str], random: Random) -> None:
    types = [TYPES[name] for name in names]
    texts: list[bytes | None] = [text_of(t, _wild_leaf(t, random)) for t in types]
    assert composed(types, texts) == alone(types, texts)


# Each is a number to the fast reader of many texts, and none or another one to the type.
ODD_NUMBERS = [
    "true", "false", "null", "1,2", "", "[1]", '"1"', "-0", "5", "1]", "[", "7.038531e-26", "NaN", "INF", "-INF",
    "1e39", "1e400", "007", " 5 ", "1.0", "1e2", "1E2", "18446744073709551615", "9223372036854775808", "2147483648",
]  # fmt: skip


@pytest.mark.parametrize("name", ["float", "double", "int", "long"])
@pytest.mark.parametrize("text", ODD_NUMBERS)
def test_many_texts_are_read_as_each_alone_is(name: str, text: str) -> None:
    good = b"0.1" if name in ("float", "double") else b"-1"
    types, texts = [TYPES[name]] * 3, [good, text.encode(), good]
    assert_as_alone(types, texts, "f1")


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_wrong_text_among_good_ones(name: str) -> None:
    random = Random(5)
    others = [TYPES[other] for other in sorted(TYPES)]
    texts: list[bytes | None] = [text_of(type_, _wild_leaf(type_, random)) for type_ in others]
    for text in BAD[name]:
        assert_as_alone([*others, TYPES[name]], [*texts, text.encode()], f"f{len(others)}")


def assert_as_alone(types: list[AvroType], texts: list[bytes | None], wrong: str) -> None:
    try:
        expected = alone(types, texts)
    except AvroError as error:
        found = error
    else:
        assert composed(types, texts) == expected
        return
    with pytest.raises(AvroError) as caught:
        composed(types, texts)
    assert (caught.value.code, caught.value.where.path) == (found.code, wrong)


def test_two_wrong_texts_do_not_make_a_right_one() -> None:
    pairs = ([b"1,2", b"3"], [b"1", b"2,3"], [b"[1", b"2]"], [b"1,2", b""], [b"1]", b"[2"], [b'"1', b'2"'])
    for name in ("double", "float", "long"):
        for first, second in pairs:
            with pytest.raises(AvroError):
                composed([TYPES[name]] * 2, [first, second])


def test_the_first_wrong_field_is_named() -> None:
    with pytest.raises(AvroError) as caught:
        composed([TYPES["double"], TYPES["fixed"], TYPES["boolean"]], [b"x", b"x", b"x"])
    assert caught.value.where.path == "f0"


def test_patterns_are_not_kept_for_ever() -> None:
    types = [TYPES["int"]] * 10
    compose = Composer(record_of(types, 1), ["x"] * 10)
    for bits in range(1024):
        texts = [b"%d" % i if bits >> i & 1 else None for i in range(10)]
        assert compose(texts) == alone(types, texts, 1)
        assert len(compose.patterns) <= MAX_PATTERNS


# Rounding twice


def _double(bits: int) -> float:
    (number,) = struct.unpack("<d", struct.pack("<Q", bits))
    return float(number)


@given(st.integers(0, 2**64 - 1), st.booleans(), st.integers(0, 30))
def test_doubles_that_could_be_rounded_wrongly_are_noticed(bits: int, midway: bool, place: int) -> None:
    number = _double(bits & ~0x1FFFFFFF | 0x10000000 if midway else bits)
    if number != number or abs(number) > 3e38:
        return
    numbers = [0.0, 0.5, -1.25] * 10
    numbers.insert(place, number)
    low, tiny = bits & 0x1FFFFFFF, 0 < abs(number) < 2.0**-126
    if midway or low == 0x10000000 or (tiny and low & 0x0FFFFFFF == 0):
        assert some_midway(numbers)
    elif not 0 < abs(number) < 2.0**-110:
        assert not some_midway(numbers)


@pytest.mark.parametrize("power", range(-150, -126))
def test_midpoints_of_subnormal_floats_are_noticed(power: int) -> None:
    assert some_midway([0.5, 0.0, 2.0**power])


def test_the_one_shortest_text_that_is_rounded_wrongly() -> None:
    text = b"7.038531e-26"
    assert struct.pack("<f", float(text)) != bytes32(text)
    assert some_midway([1.5, float(text)])
    assert composed([TYPES["float"]] * 2, [b"1.5", text]) == struct.pack("<f", 1.5) + bytes32(text)
