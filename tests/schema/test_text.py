"""Raw bytes to text and back: the identity, at every width, for every value that a field can have."""

import base64
import struct
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaf_texts import BAD, TYPES, text_of
from strategies import BITS, INTEGERS, STRINGS, _wild_leaf, number, zigzag

from gateway.errors import AvroError
from gateway.model.avrotype import AvroType, Enum, Fixed, Primitive
from gateway.schema.text import from_text, integer, texts_of

SECRET = b"s3ntinel"


def extremes(type_: AvroType) -> list[bytes]:
    """Raw values of a type that are worth a test each."""
    name = getattr(type_, "name", "")
    if name in INTEGERS:
        return [zigzag(value) for value in INTEGERS[name]]
    if name in BITS:
        bits = 32 if name == "float" else 64
        return [(p | sign << bits - 1).to_bytes(bits // 8, "little") for p in BITS[name] for sign in (0, 1)]
    if name == "string":
        return [text.encode() for text in STRINGS]
    if name == "boolean":
        return [b"\0", b"\1"]
    return (
        [b"\0" * 16]
        if isinstance(type_, Fixed)
        else [b"\0"]
        if isinstance(type_, Enum)
        else [b"", b"\0", b"\xff" * 100]
    )


def is_nan(type_: AvroType, raw: bytes) -> bool:
    name = getattr(type_, "name", "")
    return (
        name in BITS
        and struct.unpack("<f" if name == "float" else "<d", raw)[0]
        != struct.unpack("<f" if name == "float" else "<d", raw)[0]
    )


def check(type_: AvroType, raw: bytes) -> None:
    text = text_of(type_, raw)
    back = from_text(type_, "x")(text)
    if is_nan(type_, raw):
        assert text == b"NaN"
        assert is_nan(type_, back)
    else:
        assert back == raw


@pytest.mark.parametrize("type_", TYPES.values(), ids=TYPES)
def test_extremes_come_back(type_: AvroType) -> None:
    values = extremes(type_)
    for raw in values:
        check(type_, raw)
    # All at once: the columns of floats are written together.
    texts = [text_of(type_, raw) for raw in values]
    assert texts_of([type_] * len(values))([values]) == [texts]
    assert texts_of([type_])([[raw] for raw in values]) == [[text] for text in texts]


@pytest.mark.parametrize("type_", TYPES.values(), ids=TYPES)
def test_any_value_comes_back(type_: AvroType) -> None:
    @given(st.integers(0, 2**32).map(lambda seed: _wild_leaf(type_, Random(seed))))
    def any_value(raw: bytes) -> None:
        check(type_, raw)

    any_value()


@given(
    st.lists(st.sampled_from(sorted(TYPES)), max_size=20),
    st.integers(0, 3),
    st.integers(0, 2**32).map(Random),
)
def test_records_of_any_types_with_nulls_among_them(names: list[str], rows: int, random: Random) -> None:
    types = [TYPES[name] for name in names]
    raw = [[None if random.random() < 0.3 else _wild_leaf(t, random) for t in types] for _ in range(rows)]
    before = [list(record) for record in raw]
    texts = texts_of(types)(raw)
    assert raw == before
    assert texts == [
        [None if value is None else text_of(t, value) for t, value in zip(types, record, strict=True)]
        for record in raw
    ]


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("boolean", b"\1", b"true"),
        ("boolean", b"\0", b"false"),
        ("int", zigzag(-(2**31)), b"-2147483648"),
        ("long", zigzag(2**63 - 1), b"9223372036854775807"),
        ("long", b"\x80\x00", b"0"),
        ("double", struct.pack("<d", 0.1), b"0.1"),
        ("float", struct.pack("<f", 0.1), b"0.1"),
        ("bytes", b"\0\xff\xfe", b"AP/+"),
        ("string", "\u2603\0".encode(), "\u2603\0".encode()),
        ("timestamp", zigzag(0), b"1970-01-01T00:00:00.000000Z"),
        ("timestamp", zigzag(-1), b"1969-12-31T23:59:59.999999Z"),
        ("timestamp", zigzag(1772676890123456), b"2026-03-05T02:14:50.123456Z"),
        ("timestamp", zigzag(-62135596800_000000), b"0001-01-01T00:00:00.000000Z"),
        ("timestamp", zigzag(-62135596800_000001), b"-62135596800000001"),
        ("timestamp", zigzag(253402300799_999999), b"9999-12-31T23:59:59.999999Z"),
        ("timestamp", zigzag(253402300800_000000), b"253402300800000000"),
        ("timestamp", zigzag(-(2**63)), b"-9223372036854775808"),
        ("other logical", zigzag(5), b"5"),
        ("enum", zigzag(2), b"2"),
        ("fixed", bytes(16), base64.b64encode(bytes(16))),
    ],
)
def test_spelling(name: str, raw: bytes, text: bytes) -> None:
    assert text_of(TYPES[name], raw) == text


@given(st.datetimes(timezones=st.just(UTC)))
def test_timestamps_are_those_of_the_library(moment: datetime) -> None:
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (moment.resolution)
    text = text_of(TYPES["timestamp"], zigzag(micros))
    assert datetime.fromisoformat(text.decode()) == moment


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_text_that_is_none_of_its_type(name: str, text: str) -> None:
    with pytest.raises(AvroError) as caught:
        from_text(TYPES[name], "diaSource.x")(text.encode())
    assert caught.value.code == "avro-value"
    assert caught.value.where.path == "diaSource.x"
    assert caught.value.__suppress_context__


@given(st.sampled_from(sorted(TYPES)), st.binary(max_size=30) | st.text(max_size=20).map(str.encode))
def test_any_text_is_a_value_or_an_error(name: str, text: bytes) -> None:
    try:
        raw = from_text(TYPES[name], "x")(SECRET + text if len(text) % 2 else text)
    except AvroError as error:
        found = error
    else:
        check(TYPES[name], raw)
        return
    assert found.code == "avro-value"
    assert SECRET.decode() not in f"{found} {found!r}"


@pytest.mark.parametrize("raw", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", SECRET + b"\xf8"])
def test_a_string_that_is_not_utf8(raw: bytes) -> None:
    with pytest.raises(AvroError) as caught:
        texts_of([Primitive("string")])([[raw]])
    assert caught.value.code == "avro-text"
    assert SECRET.decode() not in f"{caught.value} {caught.value!r}"
    with pytest.raises(AvroError):
        from_text(Primitive("string"), "x")(raw)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 1))
def test_integers(value: int, padding: int) -> None:
    raw = zigzag(value, padding if abs(value) < 2**62 else 0)
    assert integer(raw) == value == number(raw)
