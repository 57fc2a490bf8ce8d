"""gateway.schema.project: what a broker re-wrote, taken out again by structure; nothing is invented or coerced."""

import io
import json

import fastavro
import pytest
from alerts import KEYS, NEWEST, PUBLIC, alert, changed, opened, samples, simulated, values
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies import payloads

from gateway.codecs import container
from gateway.errors import AvroError, SchemaError
from gateway.schema import registry
from gateway.schema.parse import canonical_form, parse_schema
from gateway.schema.project import project, values_of


def rewritten(found, change_schema, change_record):
    """The alert in a container of somebody else."""
    declaration = json.loads(canonical_form(found.schema.root))
    change_schema(declaration)
    record = values(found)
    change_record(record)
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(declaration), [record])
    (other,) = opened(out.getvalue())
    return other


def field(declaration, name):
    return next(one for one in declaration["fields"] if one["name"] == name)


def test_fields_that_were_added_are_left_and_reported():
    found = samples()["lsst/11.0"]
    other = rewritten(
        found,
        lambda schema: schema["fields"].insert(2, {"name": "xm", "type": {"type": "map", "values": "string"}}),
        lambda record: record.update(xm={"a": "b"}),
    )
    assert other.schema.key is None
    back, left = project(other, found.schema)
    assert (back.payload, left) == (found.payload, ("xm",))
    assert back.framing.kind == "raw"
    assert back.provenance == other.provenance


def test_order_and_nullability_are_the_released_ones():
    found = samples()["lsst/11.0"]

    def reorder(schema):
        schema["fields"].reverse()
        for one in schema["fields"]:
            one["type"] = [one["type"], "null"] if not isinstance(one["type"], list) else one["type"]

    # The types are defined where they are used first, so the order of definitions must stay.
    def nullable_only(schema):
        for one in schema["fields"]:
            if not isinstance(one["type"], list):
                one["type"] = [one["type"], "null"]

    assert reorder
    back, left = project(rewritten(found, nullable_only, lambda record: None), found.schema)
    assert (back.payload, left) == (found.payload, ())


def test_a_record_of_nulls_is_a_null_record():
    found = changed(samples()["lsst/11.0"], diaObject=None)

    def open_up(schema):
        inner = field(schema, "diaObject")["type"]
        record = next(branch for branch in inner if isinstance(branch, dict))
        for one in record["fields"]:
            one["type"] = one["type"] if isinstance(one["type"], list) else ["null", one["type"]]

    def expand(record):
        record["diaObject"] = {}

    back, _ = project(rewritten(found, open_up, expand), found.schema)
    assert back.payload == found.payload


def test_a_null_that_is_not_allowed_is_an_error():
    found = samples()["lsst/11.0"]

    def allow(schema):
        field(schema, "diaSourceId")["type"] = ["null", "long"]

    with pytest.raises(SchemaError) as error:
        project(rewritten(found, allow, lambda record: record.update(diaSourceId=None)), found.schema)
    assert (error.value.code, error.value.where.path) == ("schema-project", "diaSourceId")


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        ("long", 5, True),
        ("long", 2**31 - 1, True),
        ("long", -(2**31), True),
        ("long", 2**31, False),
        ("int", 5, True),
        ("boolean", True, False),
        ("double", 5.0, False),
        ("string", "5", False),
        ("bytes", b"5", False),
    ],
)
def test_numbers_are_not_coerced(type_, value, fits):
    target = parse_schema({"type": "record", "name": "a", "fields": [{"name": "n", "type": "int"}]})
    _assert_fits(target, type_, value, fits)


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        ("double", 0.5, True),
        ("double", 0.1, False),
        ("double", float("inf"), True),
        ("double", float("nan"), True),
        ("double", 1e300, False),
        ("float", 0.5, True),
        ("int", 1, False),
        ("boolean", True, False),
    ],
)
def test_floats_are_not_rounded(type_, value, fits):
    target = parse_schema({"type": "record", "name": "a", "fields": [{"name": "n", "type": "float"}]})
    _assert_fits(target, type_, value, fits)


def _assert_fits(target, type_, value, fits):
    declared = parse_schema({"type": "record", "name": "a", "fields": [{"name": "n", "type": type_}]})
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(declared.json), {"n": value})
    other = io.BytesIO()
    container.write(other, declared, [out.getvalue()])
    (found,) = opened(other.getvalue())
    if fits:
        back, _ = project(found, target)
        assert values_of(back) == {"n": value} or value != value
    else:
        with pytest.raises(SchemaError) as error:
            project(found, target)
        assert error.value.code == "schema-project"


def test_names_alone_do_not_fit():
    """Another released version with the same names and other types is no match, and says where."""
    with pytest.raises(SchemaError) as error:
        project(samples()["lsst/7.1"], registry.get("lsst/11.0"))
    assert error.value.code == "schema-project"
    assert error.value.where.path


def test_real_alerts(lsst_container):
    for found in opened(lsst_container):
        back, left = project(found, registry.get("lsst/10.0"))
        mine, theirs = values_of(back), values_of(found)
        assert {name: mine[name] for name in ("diaSource", "prvDiaSources")} == {
            name: theirs[name] for name in ("diaSource", "prvDiaSources")
        }
        assert left
        assert not set(left) & set(mine)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=3, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(data=st.data())
def test_onto_itself(key, data):
    found = alert(key, data.draw(payloads(registry.get(key))))
    back, left = project(found, found.schema)
    assert left == ()
    assert repr(values_of(back)) == repr(values_of(found))


def test_values_need_utf8():
    with pytest.raises(AvroError) as error:
        values_of(changed(samples()[NEWEST], target_name=b"\xff"))
    assert error.value.code == "avro-text"


def test_simulated_provenance_is_kept():
    (found,) = simulated(NEWEST, 1, "none")
    assert project(found, found.schema)[0].provenance == found.provenance != PUBLIC
