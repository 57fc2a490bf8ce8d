"""gateway.schema.describe: a schema for people."""

from itertools import pairwise

import pytest
from alerts import KEYS

from gateway.model.avrotype import leaves
from gateway.schema import registry
from gateway.schema.describe import differences, leaves_of, type_text
from gateway.schema.parse import parse_schema


@pytest.mark.parametrize("key", KEYS)
def test_every_leaf_is_there_once(key):
    schema = registry.get(key)
    paths = [leaf.path for leaf in leaves_of(schema)]
    assert paths == [str(path) for path, _ in leaves(schema.root)]
    assert len(set(paths)) == len(paths)
    assert all(leaf.description for leaf in leaves_of(schema))


def typed(type_):
    schema = parse_schema({"type": "record", "name": "a", "fields": [{"name": "x", "type": type_}]})
    return type_text(schema.root.fields[0].type)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("float", "float"),
        (["null", "float"], "float or null"),
        (["float", "null"], "float or null"),
        ({"type": "long", "logicalType": "timestamp-micros"}, "timestamp-micros"),
        ({"type": "array", "items": "string"}, "array of string"),
        (["null", {"type": "map", "values": ["null", "int"]}], "map of int or null or null"),
        (["int", "string"], "int or string"),
        (["null", "int", "string"], "int or string or null"),
        ({"type": "fixed", "name": "f", "size": 3}, "f"),
    ],
)
def test_types_in_words(type_, text):
    assert typed(type_) == text


def test_a_schema_that_is_not_released_has_no_meanings():
    schema = parse_schema({"type": "record", "name": "a", "fields": [{"name": "ra", "type": "double"}]})
    (leaf,) = leaves_of(schema)
    assert leaf.values() == {"path": "ra", "type": "double", "ucd": "", "unit": "", "description": ""}


@pytest.mark.parametrize(("old", "new"), list(pairwise(KEYS)))
def test_differences_lead_from_one_to_the_other(old, new):
    one, other = registry.get(old), registry.get(new)
    added, dropped, changed = differences(one, other)
    before = {leaf.path: leaf.type for leaf in leaves_of(one)}
    after = {leaf.path: leaf.type for leaf in leaves_of(other)}
    made = {path: kind for path, kind in before.items() if path not in {leaf.path for leaf in dropped}}
    made |= {leaf.path: leaf.type for leaf in added} | {leaf.path: leaf.type for _, leaf in changed}
    assert made == after
    assert all(before[leaf.path] == leaf.type for leaf, _ in changed)


def test_no_difference():
    assert differences(registry.get("lsst/11.0"), registry.get("lsst/11.0")) == ([], [], [])
