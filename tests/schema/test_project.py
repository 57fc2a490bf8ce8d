"""Out of a container that a broker has re-written: the released part, exactly, or an error that names the field."""

import io
import struct
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import _Maker, encode, python_value, raw_records

from gateway.codecs import container
from gateway.errors import AvroError, SchemaError
from gateway.model.alert import Alert, AlertSchema
from gateway.model.provenance import Origin, Provenance
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.project import project, values_of
from gateway.schema.raw import Layout

SECRET = "s3ntinel"


def schema(*types: Any, **more: Any) -> AlertSchema:
    fields = [{"name": f"f{n}", "type": type_} for n, type_ in enumerate(types)]
    fields += [{"name": name, "type": type_} for name, type_ in more.items()]
    return parse_schema({"type": "record", "name": "R", "fields": fields})


def alert(written: AlertSchema, **values: Any) -> Alert:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(written.json), values)
    return Alert(written, out.getvalue(), provenance=Provenance(Origin.ALERT, source="x"))


def loose(node: Any, names: dict[str, Any]) -> Any:
    """A schema as Fink writes it: other names, every field nullable, and a field more in each record."""
    if isinstance(node, str):
        return names.get(node, node)
    if isinstance(node, list):
        branches = [loose(branch, names) for branch in node if branch != "null"]
        return ["null", *branches]
    if node["type"] == "array":
        return {"type": "array", "items": loose(node["items"], names)}
    if node["type"] != "record":
        return node
    names[node["name"]] = f"broker.{node['name'].replace('.', '_')}"
    fields = [{"name": f["name"], "type": as_nullable(loose(f["type"], names))} for f in node["fields"]]
    extra = {"name": "brokerClass", "type": ["null", "string"], "default": None}
    return {"type": "record", "name": names[node["name"]], "fields": [*fields, extra]}


def as_nullable(type_: Any) -> Any:
    return type_ if isinstance(type_, list) else ["null", type_]


@pytest.mark.parametrize("name", ["lsst/10.0", "lsst/11.1", "ztf/4.02"])
def test_what_a_broker_re_wrote_comes_back(name: str) -> None:
    target = registry.get(name)
    theirs = parse_schema(loose(target.json, {}))
    fast = fastavro.parse_schema(theirs.json)
    layout = Layout(target.root)

    @settings(max_examples=15)
    @given(raw_records(target, rows=2))
    def check(raw: list[Any]) -> None:
        value = python_value(target.root, raw)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fast, value)
        made, left = project(Alert(theirs, out.getvalue(), provenance=Provenance(Origin.ALERT)), target)
        assert made.schema is target
        assert made.framing.kind == "raw"
        assert made.provenance == Provenance(Origin.ALERT)
        assert layout.write(without_nan(layout.read(made.payload))) == layout.write(without_nan(raw))
        assert "brokerClass" in left
        assert all(path.endswith("brokerClass") for path in left)

    check()


def without_nan(raw: Any) -> Any:
    """Python's float forgets which NaN it was."""
    if isinstance(raw, list):
        return [without_nan(item) for item in raw]
    if isinstance(raw, bytes) and len(raw) in (4, 8):
        (number,) = struct.unpack("<f" if len(raw) == 4 else "<d", raw)
        return raw if number == number else b"NaN "
    return raw


def test_real_alerts_of_fink(lsst_container: bytes) -> None:
    target = registry.get("lsst/10.0")
    alerts = list(container.read(io.BytesIO(lsst_container)))
    assert len(alerts) == 7
    for one in alerts:
        assert isinstance(one, Alert)
        made, left = project(one, target)
        Layout(target.root).check(made.payload)
        assert "fink_broker_version" in left
        assert values_of(made)["diaSourceId"] == values_of(one)["diaSourceId"]


@pytest.mark.parametrize("name", ["lsst/10.0", "lsst/7.1", "lsst/3.0"])
def test_names_alone_do_not_fit(name: str) -> None:
    """Another released version with the same names and other fields is no match, and the error says where."""
    written = registry.get(name)
    found = Alert(written, encode(written.root, _Maker(1, None, 2).value(written.root)))
    with pytest.raises(SchemaError) as caught:
        project(found, registry.get("lsst/11.1"))
    assert caught.value.code == "schema-project"
    assert caught.value.where.path


def test_a_record_of_nulls_is_a_null_record_where_one_may_be() -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": ["null", "int"]}]}
    theirs, ours = schema(a=inner, b="I"), schema(a=["null", inner], b="I")
    made, _ = project(alert(theirs, a={"x": None}, b={"x": None}), ours)
    assert values_of(made) == {"a": None, "b": {"x": None}}
    made, _ = project(alert(theirs, a={"x": 1}, b={"x": None}), ours)
    assert values_of(made) == {"a": {"x": 1}, "b": {"x": None}}


@pytest.mark.parametrize(
    ("theirs", "ours", "value"),
    [
        (["null", "int"], "int", None),
        ("long", "int", 2**31),
        ("long", "int", -(2**31) - 1),
        ("int", "double", 1),
        ("int", "string", 1),
        ("string", "int", "1"),
        ("string", "bytes", SECRET),
        ("bytes", "string", SECRET.encode()),
        ("boolean", "int", True),
        ("int", "boolean", 1),
        ("double", "float", 0.1),
        ("double", "float", 1e300),
        ("double", "int", 1.0),
        ("string", {"type": "array", "items": "string"}, SECRET),
        ({"type": "array", "items": ["null", "int"]}, {"type": "array", "items": "int"}, [1, None]),
        ({"type": "map", "values": "int"}, {"type": "array", "items": "int"}, {SECRET: 1}),
        ("int", {"type": "record", "name": "I", "fields": [{"name": "x", "type": "int"}]}, 1),
        ({"type": "array", "items": "int"}, {"type": "map", "values": "int"}, [1]),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_the_field(theirs: Any, ours: Any, value: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        project(alert(schema("int", here=theirs), f0=1, here=value), schema("int", here=ours))
    assert caught.value.code == "schema-project"
    assert caught.value.where.path in ("here", "here[]")
    assert SECRET not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize(
    ("theirs", "ours", "value"),
    [
        ("long", "int", 2**31 - 1),
        ("int", "long", -5),
        ("double", "float", 0.5),
        ("double", "float", float("inf")),
        ("float", "double", 0.5),
        (["string", "null"], "string", SECRET),
        ("int", ["null", "int"], 0),
    ],
)
def test_what_fits_exactly_is_taken(theirs: Any, ours: Any, value: Any) -> None:
    made, left = project(alert(schema(here=theirs), here=value), schema(here=ours))
    assert values_of(made) == {"here": value}
    assert left == ()


@pytest.mark.parametrize("type_", ["int", ["null", "int"]])
def test_a_field_that_is_missing_is_not_invented(type_: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        project(alert(schema("int"), f0=1), schema("int", gone=type_))
    assert caught.value.where.path == "gone"


def test_text_that_is_none() -> None:
    with pytest.raises(AvroError) as caught:
        values_of(Alert(schema("string"), b"\x04\xff\xfe"))
    assert caught.value.code == "avro-text"
    assert caught.value.__suppress_context__


@given(st.data())
def test_values_are_those_of_the_record(data: st.DataObject) -> None:
    written = data.draw(st.sampled_from([registry.get("lsst/8.0"), registry.get("ztf/3.2")]))
    raw = data.draw(raw_records(written))
    found = values_of(Alert(written, encode(written.root, raw)))
    assert repr(found) == repr(python_value(written.root, raw))  # repr: NaN is NaN
