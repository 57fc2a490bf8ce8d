"""Splices against fastavro: what a decoder, a change of the dict and an encoder would have made, byte for byte."""

import io
import json
from typing import Any

import fastavro
import pytest
from alerts import KEYS, NEWEST, samples, simulated
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import AvroError
from gateway.model.avrotype import Array, AvroType, Fixed, Map, Primitive, Record, Union, leaves, nullable
from gateway.model.fieldpath import FieldPath
from gateway.schema import registry
from gateway.schema.parse import canonical_form, parse_schema
from gateway.schema.project import values_of
from gateway.schema.splice import Splicer, blanks, drops, only_nulls, without

FOUR = ("prvDiaForcedSources", "diaObject", "cutoutScience", "cutoutTemplate")


def written(record: Any, root: Record) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(canonical_form(root))), record)
    return out.getvalue()


def blank(type_: AvroType) -> Any:
    rest, may_be_null = nullable(type_)
    if may_be_null:
        return None
    if isinstance(rest, Record):
        return {field.name: blank(field.type) for field in rest.fields}
    if isinstance(rest, Array):
        return []
    if isinstance(rest, Map):
        return {}
    assert isinstance(rest, Primitive)
    return {"string": "", "bytes": b"", "boolean": False, "float": 0.0, "double": 0.0}.get(rest.name, 0)


def blanked(value: Any, type_: AvroType, path: FieldPath, wanted: frozenset[FieldPath]) -> Any:
    """The slow way: a value with some leaves blank."""
    if path in wanted:
        return blank(type_)
    rest, _ = nullable(type_)
    if value is None:
        return None
    if isinstance(rest, (Record, Array)) and all(leaf in wanted for leaf, _ in leaves(rest, path)):
        return blank(type_)
    if isinstance(rest, Record):
        return {f.name: blanked(value[f.name], f.type, path / f.name, wanted) for f in rest.fields}
    if isinstance(rest, Array):
        return [blanked(item, rest.items, path.items(), wanted) for item in value]
    return value


def dropped(value: Any, type_: AvroType, path: FieldPath, wanted: frozenset[FieldPath]) -> Any:
    """The slow way: a value without some leaves."""
    rest, _ = nullable(type_)
    if value is None:
        return None
    if isinstance(rest, Record):
        return {
            f.name: dropped(value[f.name], f.type, path / f.name, wanted)
            for f in rest.fields
            if not all(leaf in wanted for leaf, _ in leaves(f.type, path / f.name))
        }
    if isinstance(rest, Array):
        return [dropped(item, rest.items, path.items(), wanted) for item in value]
    return value


def paths_of(root: Record) -> list[FieldPath]:
    return [path for path, _ in leaves(root)]


@settings(max_examples=60)
@given(st.sampled_from(KEYS), st.data())
def test_any_leaves_of_any_version(key: str, data: st.DataObject) -> None:
    found = data.draw(st.sampled_from(simulated(key)))
    root, paths = found.schema.root, paths_of(found.schema.root)
    record = data.draw(st.sampled_from([f.name for f in root.fields]))
    some = data.draw(st.sets(st.sampled_from(paths), max_size=12))
    wanted = frozenset(some | {p for p in paths if p.top == record and data.draw(st.booleans())})
    values = values_of(found)
    by_hand = {f.name: blanked(values[f.name], f.type, FieldPath((f.name,)), wanted) for f in root.fields}
    assert Splicer(root, blanks(root, wanted))(found.payload) == written(by_hand, root)
    target = without(root, wanted)
    rest = {
        f.name: dropped(values[f.name], f.type, FieldPath((f.name,)), wanted)
        for f in root.fields
        if not all(leaf in wanted for leaf, _ in leaves(f.type, FieldPath((f.name,))))
    }
    assert drops(root, wanted)(found.payload) == written(rest, target)


@pytest.mark.parametrize("key", KEYS)
def test_every_leaf_blank_is_the_blank_record(key: str) -> None:
    root = registry.get(key).root
    wanted = frozenset(paths_of(root))
    for found in simulated(key):
        assert Splicer(root, blanks(root, wanted))(found.payload) == written(blank(root), root)
    assert without(root, wanted).fields == ()


def test_nothing_to_do_leaves_the_bytes_alone() -> None:
    for found in (*simulated(), *samples().values()):
        root = found.schema.root
        assert Splicer(root, {})(found.payload) == found.payload
        assert drops(root, ())(found.payload) == found.payload


def test_four_fields_of_a_packet_with_history() -> None:
    found = simulated()[0]
    root, values = found.schema.root, values_of(found)
    wanted = [path for path in paths_of(root) if path.top in FOUR]
    assert any(values[name] for name in FOUR)
    rest = {name: value for name, value in values.items() if name not in FOUR}
    assert drops(root, wanted)(found.payload) == written(rest, without(root, wanted))
    nulls = values | dict.fromkeys(FOUR)
    assert Splicer(root, blanks(root, wanted))(found.payload) == written(nulls, root)


def test_behind_the_last_change_nothing_is_looked_at_and_before_it_everything() -> None:
    found = simulated()[0]
    root = found.schema.root
    splice = Splicer(root, blanks(root, [FieldPath.parse("diaSource.band")]))
    assert splice(found.payload + b"more").endswith(b"more")
    with pytest.raises(AvroError) as caught:
        splice(found.payload[:60])
    assert caught.value.code == "avro-truncated"


def test_a_record_used_twice_may_lose_different_fields() -> None:
    root = registry.get(NEWEST).root
    reduced = without(root, [FieldPath.parse("diaSource.ra")])
    one, other = (
        next(f for f in reduced.fields if f.name == name) for name in ("diaSource", "prvDiaSources")
    )
    array, _ = nullable(other.type)
    assert isinstance(one.type, Record)
    assert isinstance(array, Array)
    assert isinstance(array.items, Record)
    assert {one.type.fullname, array.items.fullname} == {"lsst.v11_1.diaSource", "lsst.v11_1.diaSource_2"}
    same = without(root, [FieldPath.parse("diaSource.ra"), FieldPath.parse("prvDiaSources[].ra")])
    array, _ = nullable(next(f for f in same.fields if f.name == "prvDiaSources").type)
    assert isinstance(array, Array)
    assert next(f for f in same.fields if f.name == "diaSource").type is array.items


@pytest.mark.parametrize(
    ("paths", "are_nulls"),
    [
        (["diaSource.band"], True),
        (["diaSource.ra"], False),
        (["diaObject.**"], True),
        (["prvDiaSources[].ra"], False),
        (["prvDiaSources[].**"], True),
        (["cutoutScience", "target_name"], True),
        (["diaSourceId"], False),
        ([], True),
    ],
)
def test_when_null_can_stand_for_it(paths: list[str], are_nulls: bool) -> None:
    root = registry.get(NEWEST).root
    wanted = {
        path
        for path in paths_of(root)
        for text in paths
        if str(path) == text or (text.endswith("**") and str(path).startswith(text[:-2]))
    }
    assert only_nulls(root, wanted) is are_nulls


def test_types_that_no_released_schema_has() -> None:
    schema = parse_schema(
        {
            "type": "record",
            "name": "r",
            "fields": [
                {"name": "m", "type": {"type": "map", "values": {"type": "record", "name": "v", "fields": [
                    {"name": "a", "type": "int"}, {"name": "b", "type": ["string", "long"]}]}}},
                {"name": "f", "type": {"type": "fixed", "name": "four", "size": 4}},
                {"name": "e", "type": {"type": "enum", "name": "e", "symbols": ["A", "B"]}},
                {"name": "u", "type": ["int", "string", "null"]},
            ],
        }
    )  # fmt: skip
    root = schema.root
    assert [type(field.type) for field in root.fields] == [Map, Fixed, type(root.fields[2].type), Union]
    values = {"m": {"k": {"a": 7, "b": "x"}}, "f": b"abcd", "e": "B", "u": "y"}
    payload = written(values, root)
    cut = {
        path: Splicer(root, blanks(root, [FieldPath.parse(path)]))(payload)
        for path in ("m{}.a", "m{}.b", "f", "e", "u")
    }
    assert cut["m{}.a"] == written(values | {"m": {"k": {"a": 0, "b": "x"}}}, root)
    assert cut["m{}.b"] == written(values | {"m": {"k": {"a": 7, "b": ""}}}, root)
    assert cut["f"] == written(values | {"f": bytes(4)}, root)
    assert cut["e"] == written(values | {"e": "A"}, root)
    assert cut["u"] == written(values | {"u": None}, root)
    wanted = [FieldPath.parse("m{}.b"), FieldPath.parse("f")]
    rest = {"m": {"k": {"a": 7}}, "e": "B", "u": "y"}
    assert drops(root, wanted)(payload) == written(rest, without(root, wanted))
