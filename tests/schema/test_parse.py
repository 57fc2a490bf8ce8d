"""Avro schemas: what is accepted, what is refused, and the fingerprints by which two are the same."""

import json
from typing import Any

import fastavro.schema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import declarations

from gateway.errors import LimitError, SchemaError
from gateway.model.avrotype import Array, Enum, Fixed, Map, Primitive, Union, leaves
from gateway.schema import parse
from gateway.schema.parse import canonical_form, parse_schema, parse_schema_text
from gateway.schema.raw import Layout

SECRET = "s3ntinel"


def rec(*types: Any, name: str = "R", **more: Any) -> dict[str, Any]:
    fields = [{"name": f"f{number}", "type": type_} for number, type_ in enumerate(types)]
    return {"type": "record", "name": name, "fields": fields, **more}


def crc_64_avro(data: bytes) -> int:
    """The fingerprint as the specification defines it."""
    empty = 0xC15D213AA4D7A795
    value = empty
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (empty & -(value & 1))
    return value


def test_the_fingerprint_of_the_specification() -> None:
    # Known values of Apache Avro's own tests (share/test/data/schema-tests.txt).
    assert crc_64_avro(b'"null"') == 7195948357588979594 == 0x63DD24E7CC258F8A
    assert crc_64_avro(b'"int"') == 8247732601305521295 == 0x7275D51A3F395C8F
    assert crc_64_avro(b'"boolean"') == 0x9F42FC78A4D4F764
    assert crc_64_avro(b'"string"') == 0x8F014872634503C7


@given(declarations())
def test_schemas_that_nobody_released(declaration: dict[str, Any]) -> None:
    schema = parse_schema(declaration)
    canonical = canonical_form(schema.root)
    assert canonical == fastavro.schema.to_parsing_canonical_form(declaration)
    assert schema.key is None
    assert schema.sha256 == fastavro.schema.fingerprint(canonical, "SHA-256")
    assert schema.rabin == crc_64_avro(canonical.encode()).to_bytes(8, "little")
    again = parse_schema_text(json.dumps(schema.json))
    assert (again.json, again.sha256) == (schema.json, schema.sha256)
    assert list(leaves(again.root)) == list(leaves(schema.root))


def test_types_become_values() -> None:
    inner = rec("int", name="inner")
    declaration = rec(
        ["null", "long"],
        {"type": "long", "logicalType": "timestamp-micros"},
        {"type": "array", "items": inner},
        {"type": "map", "values": "ns.inner"},
        {"type": "enum", "name": "E", "symbols": ["A", "B"]},
        {"type": "fixed", "name": "other.F", "size": 7},
        {"type": {"type": {"type": "string"}}},
        {"type": ["null", "inner"]},
        "E",
        namespace="ns",
    )
    root = parse_schema(declaration).root
    types = [field.type for field in root.fields]
    assert root.fullname == "ns.R"
    assert types[0] == Union((Primitive("null"), Primitive("long")))
    assert types[1] == Primitive("long", "timestamp-micros")
    assert isinstance(types[2], Array)
    assert types[3] == Map(types[2].items)
    assert types[4] == types[8] == Enum("ns.E", ("A", "B"))
    assert types[5] == Fixed("other.F", 7)
    assert types[6] == Primitive("string")
    assert isinstance(types[7], Union)
    assert types[7].branches[1] is types[2].items


def test_only_facts_are_kept() -> None:
    schema = parse_schema(
        {
            "type": "record",
            "name": "R",
            "doc": SECRET,
            "aliases": [SECRET],
            SECRET: SECRET,
            "fields": [
                {"name": "x", "type": {"type": "int", "doc": SECRET, SECRET: 1}, "doc": SECRET, "default": 5},
                {
                    "name": "y",
                    "type": {"type": "int", "fields": [SECRET], "items": SECRET, "symbols": SECRET},
                },
                {"name": "z", "type": ["null", "int"], "default": None},
            ],
        }
    )
    assert SECRET not in json.dumps(schema.json)
    assert schema.json["fields"][0] == {"name": "x", "type": "int", "default": 5}
    assert schema.root.fields[2].has_default
    assert not schema.root.fields[1].has_default


def test_names_are_resolved_in_the_namespace_around_them() -> None:
    one = rec("int", name="X", namespace="")
    two = rec("string", name="X")
    root = parse_schema(rec(one, two, "X", {"type": "array", "items": "ns.X"}, namespace="ns")).root
    assert [field.type.fullname for field in root.fields[:2]] == ["X", "ns.X"]
    assert root.fields[2].type is root.fields[1].type
    # A name without namespace inside one with: only ours can be read back, the specification has no word for it.
    again = parse_schema(parse_schema(rec(one, "int", namespace="ns")).json).root
    assert again.fields[0].type.fullname == "X"


def test_a_null_is_a_null_whatever_is_written_beside_it() -> None:
    odd = [{"type": "null", "logicalType": "x", "doc": "y"}, "int"]
    assert parse_schema(rec(odd)).root.fields[0].type == Union((Primitive("null"), Primitive("int")))


def test_a_default_that_is_none_of_its_type_is_no_reason_to_refuse() -> None:
    declaration = {"type": "record", "name": "R", "fields": [{"name": "x", "type": "double", "default": 0}]}
    assert parse_schema(declaration).root.fields[0].default == 0


BAD: dict[str, Any] = {
    "no record": "int",
    "a union": [rec("int")],
    "a number": 7,
    "null": None,
    "no name": {"type": "record", "fields": []},
    "bad name": rec("int", name="a b"),
    "bad name in dots": rec("int", name="a..b"),
    "name with a line break": rec("int", name="a\n"),
    "bad namespace": rec("int", namespace="a b"),
    "namespace no text": rec("int", namespace=5),
    "no fields": {"type": "record", "name": "R"},
    "empty record": rec(),
    "fields no list": {"type": "record", "name": "R", "fields": {}},
    "field no object": {"type": "record", "name": "R", "fields": ["x"]},
    "field without name": {"type": "record", "name": "R", "fields": [{"type": "int"}]},
    "field without type": {"type": "record", "name": "R", "fields": [{"name": "x"}]},
    "field with a dot": {"type": "record", "name": "R", "fields": [{"name": "x.y", "type": "int"}]},
    "field twice": {"type": "record", "name": "R", "fields": [{"name": "x", "type": "int"}] * 2},
    "unknown type": rec("integer"),
    "unknown type object": rec({"type": "integer"}),
    "type is a number": rec({"type": 5}),
    "type missing": rec({}),
    "array without items": rec({"type": "array"}),
    "map without values": rec({"type": "map"}),
    "empty union": rec([]),
    "union in union": rec(["null", ["int"]]),
    "two nulls": rec(["null", "null", "int"]),
    "two ints": rec(["int", {"type": "int", "logicalType": "date"}]),
    "two arrays": rec([{"type": "array", "items": "int"}, {"type": "array", "items": "long"}]),
    "one record twice": rec([rec("int", name="S"), "S"]),
    "large union": rec([{"type": "fixed", "name": f"F{n}", "size": 1} for n in range(65)]),
    "plain null": rec("null"),
    "array of null": rec({"type": "array", "items": "null"}),
    "map of null": rec({"type": "map", "values": {"type": "null"}}),
    "recursive": rec(["null", "R"]),
    "recursive below": rec({"type": "array", "items": rec("R", name="S")}),
    "used before": rec("S", rec("int", name="S")),
    "defined twice": rec(rec("int", name="S"), rec("int", name="S")),
    "enum without symbols": rec({"type": "enum", "name": "E"}),
    "enum with a number": rec({"type": "enum", "name": "E", "symbols": [1]}),
    "enum with a bad symbol": rec({"type": "enum", "name": "E", "symbols": ["a b"]}),
    "fixed without size": rec({"type": "fixed", "name": "F"}),
    "fixed of nothing": rec({"type": "fixed", "name": "F", "size": 0}),
    "fixed of true": rec({"type": "fixed", "name": "F", "size": True}),
    "fixed negative": rec({"type": "fixed", "name": "F", "size": -1}),
    "fixed huge": rec({"type": "fixed", "name": "F", "size": 2**40}),
}


@pytest.mark.parametrize("declaration", BAD.values(), ids=BAD)
def test_what_is_refused(declaration: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(declaration)
    assert caught.value.code == "schema-invalid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        b"\xff\xfe",
        '{"type": "record"',
        "NaN",
        '"\\ud800"',
        f'{{"{SECRET}"',
        "9" * 10_000,
    ],
)
def test_text_that_is_no_schema(text: str | bytes) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema_text(text)
    assert caught.value.code == "schema-invalid"
    assert SECRET not in str(caught.value)


def nested(depth: int) -> Any:
    type_: Any = "int"
    for _ in range(depth):
        type_ = {"type": "array", "items": type_}
    return rec(type_)


def chain(length: int, uses: int) -> Any:
    """Records of which each has the one before it in `uses` fields: short to write, deep or vast to spell out."""
    types: list[Any] = [rec("int", name="T0")]
    types += [rec(*[f"T{n - 1}"] * uses, name=f"T{n}") for n in range(1, length)]
    return rec(*types)


@pytest.mark.parametrize(
    ("declaration", "code"),
    [
        (nested(100), "limit-depth"),
        (nested(10_000 // 20), "limit-depth"),
        (chain(100, 1), "limit-depth"),
        (chain(15, 3), "limit-size"),
        (rec(*["int"] * 20_001), "limit-size"),
        ({"type": {"type": {"type": nested(20)}}}, "limit-depth"),
    ],
)
def test_limits(declaration: Any, code: str) -> None:
    with pytest.raises(LimitError) as caught:
        parse_schema(declaration)
    assert caught.value.code == code


def test_up_to_the_limits() -> None:
    assert len(parse_schema(rec(*["int"] * 20_000)).root.fields) == 20_000
    for declaration in (nested(15), chain(14, 1), chain(6, 3)):
        root = parse_schema(declaration).root
        assert list(leaves(root))
        Layout(root).check(b"\0" * Layout(root).end(bytes(4000)))
    with pytest.raises(LimitError, match="longer than"):
        parse_schema_text(" " * (parse.MAX_TEXT + 1))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 70)
    | st.sampled_from(["int", "null", "R", "record", "array", "", "a.b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "name",
                    "fields",
                    "items",
                    "values",
                    "symbols",
                    "size",
                    "namespace",
                    "logicalType",
                    "default",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.booleans())
def test_whatever_json_a_schema_or_an_error(value: Any, in_a_field: bool) -> None:
    declaration = rec(value) if in_a_field else value
    try:
        schema = parse_schema(declaration)
    except (SchemaError, LimitError):
        return
    assert parse_schema(schema.json).sha256 == schema.sha256
    fastavro.parse_schema(json.loads(canonical_form(schema.root)))


def test_no_name_of_a_bad_schema_is_in_the_error() -> None:
    for bad in (
        rec(SECRET),
        rec({"type": SECRET}),
        rec("int", name=SECRET + "\n"),
        rec(rec("R", name=SECRET)),
    ):
        with pytest.raises(SchemaError) as caught:
            parse_schema(bad)
        assert SECRET not in f"{caught.value} {caught.value!r}"
