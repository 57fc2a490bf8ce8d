"""Cutting and joining of data: against fastavro, against an encoder that knows nothing of ours, and against damage.

The invariant of the fuzzers here: whatever the bytes, the fast code and the slow one accept the same data, and what
they do not accept is an AvroError that says why.
"""

import io
import json
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import (
    damages,
    declarations,
    encode,
    number,
    odd_payloads,
    payloads,
    python_value,
    raw_records,
    zigzag,
)

from gateway.codecs import container
from gateway.errors import AvroError, LimitError
from gateway.model.alert import Alert, AlertSchema
from gateway.model.avrotype import Array, Field, Fixed, Map, Primitive, Record, Union, nullable
from gateway.model.fieldpath import FieldPath
from gateway.schema import registry
from gateway.schema.damage import _Walker, explain
from gateway.schema.parse import canonical_form, parse_schema
from gateway.schema.project import values_of
from gateway.schema.raw import MAX_PAYLOAD, Layout, varint, write_varint

KEYS = registry.keys()
NEWEST = registry.get("lsst/11.1")
ZTF = registry.get("ztf/3.3")
CODES = {
    "avro-truncated",
    "avro-trailing",
    "avro-branch",
    "avro-boolean",
    "avro-varint",
    "avro-length",
    "avro-value",
}


def same(one: Any, two: Any) -> bool:
    """Equality in which NaN is equal to itself and 0.0 is not -0.0."""
    if isinstance(one, float) and isinstance(two, float):
        return struct.pack("<d", one) == struct.pack("<d", two) or (one != one and two != two)
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and bool(one == two)


def fastavro_value(schema: AlertSchema, data: bytes) -> Any:
    return fastavro.schemaless_reader(io.BytesIO(data), fastavro_schema(schema), None)


@lru_cache(maxsize=32)
def fastavro_schema(schema: AlertSchema) -> Any:
    return fastavro.parse_schema(json.loads(canonical_form(schema.root)))


def slow_end(root: Record, data: bytes) -> int | str:
    """Where the slow reader says that the datum ends, or its code."""
    try:
        return _Walker(data, 0).walk(root, FieldPath(()))
    except AvroError as error:
        found = error
    assert found.code in CODES - {"avro-trailing"}
    assert found.where.offset is not None
    assert 0 <= found.where.offset <= len(data)
    assert found.where.path
    return found.code


@lru_cache(maxsize=8)
def layouts(root: Record) -> tuple[Layout, Layout]:
    """The layout of everything, and that of the last field alone."""
    return Layout(root), Layout(root, {root.fields[-1].name: "read"})


def agree(schema: AlertSchema, data: bytes) -> bool:
    """Whether the data are one datum; all ways of finding out must say the same."""
    layout, last = layouts(schema.root)
    end = slow_end(schema.root, data)
    try:
        fast: int | str = layout.end(data)
    except AvroError as error:
        fast = error.code
    assert fast == end
    expected = end if isinstance(end, str) else "" if end == len(data) else "avro-trailing"
    for look in (layout.check, layout.read, last.read):
        try:
            look(data)
            found = ""
        except AvroError as error:
            found = error.code
        assert found == expected
    return not expected


# What is right


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_records_of_every_version(key: object) -> None:
    schema = registry.get(key)
    layout = Layout(schema.root)

    @settings(max_examples=25)
    @given(raw_records(schema))
    def check(raw: list[Any]) -> None:
        data = encode(schema.root, raw)
        assert layout.read(data) == raw
        assert layout.write(raw) == data
        assert layout.end(b"before" + data + b"behind", 6) == 6 + len(data)
        layout.check(data)
        assert same(fastavro_value(schema, data), python_value(schema.root, raw))

    check()


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_encodings_that_are_not_canonical(key: object) -> None:
    schema = registry.get(key)
    layout = Layout(schema.root)

    @settings(max_examples=15)
    @given(odd_payloads(schema))
    def check(data: bytes) -> None:
        raw = layout.read(data)
        value = fastavro_value(schema, data)
        assert same(value, python_value(schema.root, raw))
        assert layout.end(data) == len(data)
        assert same(fastavro_value(schema, layout.write(raw)), value)
        assert agree(schema, data)

    check()


@given(st.data())
def test_schemas_that_nobody_released(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(declarations()))
    layout = Layout(schema.root)
    raw = data.draw(raw_records(schema))
    written = encode(schema.root, raw)
    assert layout.read(written) == raw
    assert layout.write(raw) == written
    assert layout.end(written) == len(written)
    assert same(fastavro_value(schema, written), python_value(schema.root, raw))
    odd = data.draw(odd_payloads(schema)) if any_oddity(schema.root) else written
    assert agree(schema, odd)
    assert same(fastavro_value(schema, odd), python_value(schema.root, layout.read(odd)))


def any_oddity(type_: Any) -> bool:
    """Whether values of a type can always be spelled in another way."""
    if isinstance(type_, Record):
        return any(any_oddity(field.type) for field in type_.fields)
    return isinstance(type_, (Array, Map)) or (
        isinstance(type_, Primitive) and type_.name in ("int", "string", "bytes")
    )


def test_fake_alerts_of_upstream() -> None:
    package = pytest.importorskip("lsst.alert.packet", reason="lsst-alert-packet is not installed")
    folder = Path(package.get_schema_root()) if hasattr(package, "get_schema_root") else None
    if folder is None:
        folder = Path(package.schema.get_schema_root())
    found = 0
    for file in sorted(folder.rglob("fakeAlert.avro")):
        with file.open("rb") as stream:
            reader = fastavro.reader(stream)
            values = list(reader)
        major, minor = (int(part) for part in file.parent.parent.relative_to(folder).parts[:2])
        schema = registry.get(f"lsst/{major}.{minor}")
        for value in values:
            out = io.BytesIO()
            fastavro.schemaless_writer(out, reader.writer_schema, value)
            raw = Layout(schema.root).read(out.getvalue())
            assert same(python_value(schema.root, raw), fastavro_value(schema, out.getvalue()))
            assert Layout(schema.root).write(raw) == out.getvalue()
            found += 1
    assert found > 5


def test_real_alerts(lsst_container: bytes, ztf_containers: dict[str, bytes]) -> None:
    for data in (lsst_container, *ztf_containers.values()):
        theirs = list(fastavro.reader(io.BytesIO(data)))
        ours = list(container.read(io.BytesIO(data)))
        assert len(ours) == len(theirs) > 0
        for alert in ours:
            assert isinstance(alert, Alert)
            layout = Layout(alert.schema.root)
            raw = layout.read(alert.payload)
            assert layout.write(raw) == alert.payload
            assert same(python_value(alert.schema.root, raw), values_of(alert))


@given(st.integers(-(2**63), 2**63 - 1))
def test_varints(value: int) -> None:
    written = write_varint(value)
    assert written == zigzag(value)
    assert number(written) == value
    assert varint(b"?" + written + b"?", 1) == (value, 1 + len(written))


# What was asked for


@given(st.data())
def test_only_what_was_asked_for_is_read(data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from([NEWEST, ZTF, registry.get("lsst/3.0")]))
    raw = data.draw(raw_records(schema))
    names = [field.name for field in schema.root.fields]
    wanted: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), st.just("read")))
    payload = encode(schema.root, raw)
    found = Layout(schema.root, wanted).read(payload)
    last = max((names.index(name) for name in wanted), default=-1)
    assert (
        found
        == [value if name in wanted else None for name, value in zip(names, raw, strict=True)][: last + 1]
    )


@given(st.data())
def test_measuring(data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from([NEWEST, ZTF]))
    raw = data.draw(raw_records(schema))
    odd = encode(schema.root, raw)
    measurable = [
        field.name
        for field in schema.root.fields
        if isinstance(nullable(field.type)[0], Array)
        or nullable(field.type)[0] in (Primitive("bytes"), Primitive("string"))
    ]
    assert measurable
    found = Layout(schema.root, dict.fromkeys(measurable, "measure")).read(odd)
    for field, value, size in zip(schema.root.fields, raw, found, strict=False):
        if field.name in measurable:
            assert size == (None if value is None else len(value))


@given(odd_payloads(NEWEST))
def test_measuring_arrays_in_several_blocks(data: bytes) -> None:
    raw = Layout(NEWEST.root).read(data)
    found = Layout(NEWEST.root, {"prvDiaSources": "measure", "prvDiaForcedSources": "measure"}).read(data)
    for field, value, size in zip(NEWEST.root.fields, raw, found, strict=False):
        if field.name in ("prvDiaSources", "prvDiaForcedSources"):
            assert size == (None if value is None else len(value))


# What is wrong


@pytest.mark.parametrize("schema", [NEWEST, ZTF], ids=str)
def test_cut_at_every_byte(schema: AlertSchema) -> None:
    @settings(max_examples=1)
    @given(payloads(schema, rows=1).filter(lambda data: len(data) < 4000))
    def check(data: bytes) -> None:
        layout = Layout(schema.root)
        for size in range(len(data)):
            with pytest.raises(AvroError) as caught:
                layout.read(data[:size])
            assert caught.value.code in ("avro-truncated", "avro-length")
            with pytest.raises(AvroError):
                layout.end(data[:size])
        with pytest.raises(AvroError) as caught:
            layout.check(data + b"\0")
        assert (caught.value.code, caught.value.where.offset) == ("avro-trailing", len(data))

    check()


def test_every_bit_flipped() -> None:
    raw = [
        b"\x02" if isinstance(f.type, Primitive) and f.type.name == "long" else None for f in ZTF.root.fields
    ]
    candidate = next(f for f in ZTF.root.fields if f.name == "candidate")
    plain = [
        None
        if nullable(f.type)[1]
        else {"string": b"x", "float": bytes(4), "double": bytes(8)}.get(f.type.name, b"\0")
        for f in candidate.type.fields
    ]
    for place, field in enumerate(ZTF.root.fields):
        if field.name == "candidate":
            raw[place] = plain
        elif field.type == Primitive("string"):
            raw[place] = b"ZTF18"
    data = encode(ZTF.root, raw)
    assert agree(ZTF, data)
    verdicts = [
        agree(ZTF, data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
        for at in range(len(data))
        for bit in range(8)
    ]
    assert {True, False} == set(verdicts)


@pytest.mark.parametrize("schema", [NEWEST, ZTF], ids=str)
def test_any_damage(schema: AlertSchema) -> None:
    @settings(max_examples=150)
    @given(
        payloads(schema, rows=2) | odd_payloads(schema, rows=2), st.lists(damages(), min_size=1, max_size=3)
    )
    def check(data: bytes, blows: list[Callable[[bytes], bytes]]) -> None:
        for damage in blows:
            data = damage(data)
        agree(schema, data)

    check()


@given(st.data())
def test_any_damage_under_any_schema(data: st.DataObject) -> None:
    schema = parse_schema(data.draw(declarations()))
    payload = data.draw(payloads(schema))
    for damage in data.draw(st.lists(damages(), max_size=3)):
        payload = damage(payload)
    if agree(schema, payload):
        layout = Layout(schema.root)
        assert agree(schema, layout.write(layout.read(payload)))


@given(st.binary(max_size=200))
def test_bytes_that_were_never_an_alert(data: bytes) -> None:
    agree(NEWEST, data)
    agree(TEXT, data)


def record(*types: Any) -> AlertSchema:
    fields = [{"name": f"f{number}", "type": type_} for number, type_ in enumerate(types)]
    return parse_schema({"type": "record", "name": "R", "fields": fields})


TEXT = record("string", ["null", "bytes"], {"type": "array", "items": "int"})
ROWS = record(
    {
        "type": "array",
        "items": {"type": "record", "name": "S", "fields": [{"name": "x", "type": ["null", "double"]}]},
    }
)
COUNTS = {
    "a gigabyte": zigzag(2**30),
    "more than 64 bits": b"\xff" * 9 + b"\x7f",
    "endless": b"\xff" * 40,
    "largest": zigzag(2**63 - 1),
    "negative": zigzag(-1),
    "most negative": zigzag(-(2**63)),
}


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
@pytest.mark.parametrize("tail", [b"", b"\0" * 100, zigzag(2**30), zigzag(-5) + b"\0" * 50])
@pytest.mark.parametrize(
    "types", ["string", "bytes", {"type": "array", "items": "int"}, {"type": "map", "values": "int"}]
)
@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: ["null", t], lambda t: [t, "null"], lambda t: ["boolean", t]]
)
def test_lengths_and_counts_that_cannot_be(count: bytes, tail: bytes, types: Any, wrap: Any) -> None:
    schema = record(wrap(types))
    branch = b"" if wrap(types) == types else b"\0" if wrap(types)[0] == types else b"\x02"
    assert not agree(schema, branch + count + tail)
    if isinstance(types, str) and nullable(schema.root.fields[0].type)[0] == Primitive(types):
        with pytest.raises(AvroError):
            Layout(schema.root, {"f0": "measure"}).read(branch + count + tail)


def test_a_count_is_bounded_by_the_data_not_by_what_it_says() -> None:
    # Each item takes a byte at least (gateway.schema.parse, rule 4), so a million claimed items need a million bytes.
    assert not agree(ROWS, zigzag(1_000_000) + b"\0" * 999_999)
    assert agree(ROWS, zigzag(100_000) + b"\0" * 100_001)
    assert agree(ROWS, zigzag(-3) + zigzag(0) + b"\0" * 4)  # a size in bytes that is wrong is not looked at
    assert not agree(ROWS, zigzag(-3) + zigzag(100) + b"\0" * 4)


def test_a_payload_over_the_limit() -> None:
    data = bytes(MAX_PAYLOAD + 1)
    for look in (Layout(TEXT.root).read, Layout(TEXT.root).check):
        with pytest.raises(LimitError):
            look(data)


def test_large_arrays_of_worst_rows_end() -> None:
    # One expression spans a row; its alternatives exclude each other, so a row that fails at its last field costs
    # one more look at each of its fields. Were it quadratic or worse in the row, this would not end.
    longs = [["null", "long"]] * 300 + ["boolean"]
    schema = record({"type": "array", "items": record_json("S", longs)})
    row = b"\x02" + b"\xff" * 9 + b"\x01"
    good = row * 300 + b"\x01"
    assert agree(schema, zigzag(5) + good * 5 + b"\0")
    assert not agree(schema, zigzag(5) + good * 4 + row * 300 + b"\x02" + b"\0")
    texts = record({"type": "array", "items": record_json("S", ["string"] * 300 + ["boolean"])})
    assert agree(texts, zigzag(5) + (b"\x18" * 3900 + b"\1") * 5 + b"\0")
    assert not agree(texts, zigzag(5) + (b"\x18" * 3900 + b"\1") * 4 + b"\x18" * 3900 + b"\x02\0")


def record_json(name: str, types: list[Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": f"f{i}", "type": t} for i, t in enumerate(types)],
    }


@pytest.mark.parametrize(
    ("types", "data", "code", "offset", "path"),
    [
        (["boolean"], b"\x02", "avro-boolean", 0, "f0"),
        (["int"], b"\xff\xff\xff\xff\x10", "avro-varint", 0, "f0"),
        (["int"], b"\xff\xff\xff\xff\xff\x00", "avro-varint", 0, "f0"),
        (["long"], b"\xff" * 9 + b"\x02", "avro-varint", 0, "f0"),
        (["int", "double"], b"\x00\x00", "avro-truncated", 2, "f1"),
        (["int"], b"\x80", "avro-truncated", 1, "f0"),
        ([["null", "int"]], b"\x04\x00", "avro-branch", 0, "f0"),
        ([["null", "int"]], b"\x01\x00", "avro-branch", 0, "f0"),
        ([["null", "int"]], b"\x82\x00\x00", "avro-branch", 0, "f0"),
        ([["int", "string"]], b"\x04\x00", "avro-branch", 0, "f0"),
        (["string"], b"\x02", "avro-length", 0, "f0"),
        (["string"], b"\x04x", "avro-length", 0, "f0"),
        (["string"], b"\x01", "avro-length", 0, "f0"),
        ([{"type": "array", "items": "int"}], b"\x06\x00\x00", "avro-length", 0, "f0"),
        ([{"type": "array", "items": "boolean"}], b"\x04\x00\x07\x00", "avro-boolean", 2, "f0[]"),
        ([{"type": "map", "values": "boolean"}], b"\x02\x02a\x07\x00", "avro-boolean", 3, "f0{}"),
        ([{"type": "fixed", "name": "F", "size": 3}], b"\x00\x00", "avro-truncated", 2, "f0"),
        ([{"type": "enum", "name": "E", "symbols": ["A", "B"]}], b"\x04", "avro-value", 0, "f0"),
        ([{"type": "enum", "name": "E", "symbols": ["A", "B"]}], b"\x01", "avro-value", 0, "f0"),
        ([record_json("S", ["int", ["null", "boolean"]])], b"\x00\x02\x03", "avro-boolean", 2, "f0.f1"),
        (["int"], b"\x00\x00\x00", "avro-trailing", 1, None),
    ],
)
def test_the_error_says_what_where_and_in_which_field(
    types: list[Any], data: bytes, code: str, offset: int, path: str | None
) -> None:
    schema = record(*types)
    with pytest.raises(AvroError) as caught:
        Layout(schema.root).read(data)
    assert (caught.value.code, caught.value.where.offset, caught.value.where.path) == (code, offset, path)
    with pytest.raises(AvroError, match=code):
        Layout(schema.root).check(data)
    if code != "avro-trailing":
        with pytest.raises(AvroError, match=code):
            Layout(schema.root).end(b"???" + data, 3)


def test_explain_never_returns() -> None:
    good = encode(TEXT.root, [b"x", None, []])
    with pytest.raises(AvroError, match="0 bytes follow"):
        explain(good, TEXT.root)


def test_values_made_without_a_parser_are_read_as_rule_1_says() -> None:
    null = Primitive("null")
    root = Record(
        "R",
        (
            Field("a", Primitive("int")),
            Field("b", null),
            Field("c", Union((null, Primitive("int"), Primitive("string")))),
            Field("d", Union((Primitive("int"),))),
            Field("e", Fixed("F", 0)),
            Field("f", Primitive("int")),
        ),
    )
    data = b"\x02" + b"" + b"\x04\x02x" + b"\x00\x04" + b"" + b"\x06"
    raw = [b"\x02", None, (2, b"x"), (0, b"\x04"), b"", b"\x06"]
    assert Layout(root).read(data) == raw
    assert Layout(root).write(raw) == data
    assert Layout(root).end(data) == len(data)
    assert Layout(root).read(b"\x02\x00\x00\x04\x06")[2] is None


SECRET = b"s3ntinel"


@given(damages(), st.integers(0, 3))
def test_no_value_is_in_an_error(damage: Callable[[bytes], bytes], rows: int) -> None:
    schema = record("string", {"type": "array", "items": "string"}, "boolean")
    data = encode(schema.root, [SECRET, [SECRET] * rows, b"\1"])
    said = ""
    try:
        Layout(schema.root).read(damage(data))
    except AvroError as error:
        said = f"{error} {error!r} {error.where!r}"
    assert SECRET.decode() not in said
