"""gateway.codecs.voevent_json: the project's JSON form of a VOEvent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from voevents import EVERYTHING, events, real_packets

from gateway import resources
from gateway.codecs import voevent, voevent_json
from gateway.codecs.voevent.elements import VOEVENT, Many, Shape
from gateway.errors import ConversionError, JSONError, LimitError
from gateway.model.voevent import VOEvent

SCHEMA = json.loads((resources.schemas() / "json" / "voevent.schema.json").read_bytes())
SMALL = b'{"version":"2.0","ivorn":"ivo://example.org/s?1"%s}'


def test_the_form():
    document = b"""<VOEvent version="2.1" ivorn="i" role="test">
      <Who><Author><title>T</title><Contributor role="Other">C</Contributor></Author></Who>
      <What><Param name="a" value="1"><Description>d</Description></Param>
        <Table name="t"><Field name="f"/><Data><TR><TD>1</TD><TD/></TR></Data></Table></What>
      <WhereWhen><ObsDataLocation><ObservationLocation><AstroCoords><Position2D><Value2><C1>1</C1>
        <C2 pos_unit="deg">2</C2></Value2></Position2D></AstroCoords></ObservationLocation></ObsDataLocation>
      </WhereWhen>
      <Why importance="1"><Concept>c</Concept><Inference><Name>n</Name></Inference></Why>
      <Citations><EventIVORN cite="followup">e</EventIVORN><Description>x</Description></Citations>
    </VOEvent>"""
    assert voevent_json.encode(voevent.decode(document)).decode() == (
        '{"version":"2.1","ivorn":"i","role":"test",'
        '"Who":{"Author":[{"title":"T"},{"Contributor":{"role":"Other","text":"C"}}]},'
        '"What":[{"Param":{"name":"a","value":"1","items":[{"Description":"d"}]}},'
        '{"Table":{"name":"t","items":[{"Field":{"name":"f"}}],"Data":[["1",""]]}}],'
        '"WhereWhen":{"ObsDataLocation":{"ObservationLocation":{"AstroCoords":{"Position2D":{"Value2":'
        '{"C1":{"text":"1"},"C2":{"pos_unit":"deg","text":"2"}}}}}}},'
        '"Why":{"importance":"1","items":[{"Concept":"c"},{"Inference":{"items":[{"Name":"n"}]}}]},'
        '"Citations":{"EventIVORN":[{"cite":"followup","text":"e"}],"Description":"x"}}'
    )


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


def expected(shape: Shape) -> dict:
    """What the JSON Schema must say of an element, from the table of elements; references are followed."""
    if shape.text and not shape.attributes:
        return {"type": "string"}
    properties = {known.name: {"type": "string"} for known in shape.attributes}
    if shape.text:
        properties["text"] = {"type": "string"}
    for part in shape.children:
        if not isinstance(part, Many):
            properties[part.tag] = expected(part.shape)
            continue
        forms = {tag: expected(inner) for tag, inner in part.shapes.items()}
        item = {"type": "object", "properties": forms, "additionalProperties": False}
        item |= {"minProperties": 1, "maxProperties": 1}
        items = {"type": "array", "items": next(iter(forms.values())) if len(forms) == 1 else item}
        if len(shape.children) == 1 and not shape.attributes:
            return items
        properties[next(iter(forms)) if len(forms) == 1 else "items"] = items
    required = ["text"] if shape.text else list(shape.required)
    form = {"type": "object", "properties": properties, "additionalProperties": False}
    return form | {"required": required} if required else form


def followed(schema: object) -> object:
    """A schema with its references replaced by what they refer to."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return followed(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
        return {key: followed(value) for key, value in schema.items()}
    return schema


def test_the_schema_says_what_the_table_of_elements_says():
    root = expected(VOEVENT)
    root["properties"]["version"] = {"enum": ["1.1", "2.0", "2.1"]}
    root["required"] = ["version", "ivorn"]
    head = {key: SCHEMA[key] for key in ("type", "properties", "additionalProperties", "required")}
    assert followed(head) == root


def test_the_schema_defines_nothing_that_is_not_used():
    text = json.dumps(SCHEMA)
    assert [name for name in SCHEMA["$defs"] if f'"#/$defs/{name}"' not in text] == []


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_everything_comes_back(version):
    event = voevent.decode(EVERYTHING[version])
    assert voevent_json.decode(voevent_json.encode(event)) == event


@given(st.data())
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_arbitrary_events_come_back(version, data):
    event = data.draw(events(version))
    assert voevent_json.decode(voevent_json.encode(event)) == event


def test_real_packets_come_back(shared):
    for name, data in real_packets(shared):
        event = voevent.decode(data)
        assert voevent_json.decode(voevent_json.encode(event)) == event, name


def test_an_absent_role_stays_absent():
    event = VOEvent("1.1", "ivo://example.org/s#1", role=None)
    assert voevent_json.decode(voevent_json.encode(event)) == event


@pytest.mark.parametrize(
    ("inside", "path", "rule"),
    [
        (b',"Mood":"x"', "$", "additionalProperties"),
        (b',"What":[{"Param":{"nmae":"SECRET"}}]', "$.What[0].Param", "additionalProperties"),
        (b',"What":[{"Param":{}},{"Param":{},"Group":{}}]', "$.What[1]", "maxProperties"),
        (b',"What":[{}]', "$.What[0]", "minProperties"),
        (b',"What":[{"Param":{"value":1}}]', "$.What[0].Param.value", "type"),
        (b',"What":[{"Table":{"Data":[["a",null]]}}]', "$.What[0].Table.Data[0][1]", "type"),
        (b',"Who":"SECRET"', "$.Who", "type"),
        (b',"Citations":{"EventIVORN":[{"cite":"followup"}]}', "$.Citations.EventIVORN[0]", "required"),
    ],
)
def test_another_form_is_refused_with_its_path(inside, path, rule):
    with pytest.raises(JSONError, match=rule) as caught:
        voevent_json.decode(SMALL % inside)
    assert (caught.value.code, caught.value.where.path) == ("json-form", path)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [b"[]", b"1", b'"x"', b'{"version":"2.0"}', b'{"version":"3.0","ivorn":"x"}']
)
def test_another_root_is_refused(data):
    with pytest.raises(JSONError) as caught:
        voevent_json.decode(data)
    assert caught.value.code == "json-form"


@pytest.mark.parametrize(
    "data", [b"", b'{"version":', SMALL % b',"Description":"\xff"', b"[" * 5000 + b"]" * 5000]
)
def test_what_is_not_json_is_refused(data):
    with pytest.raises(JSONError) as caught:
        voevent_json.decode(data)
    assert caught.value.code == "json-malformed"


def test_the_size_is_limited():
    with pytest.raises(LimitError):
        voevent_json.decode(b" " * (2**24 + 1))


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ConversionError) as caught:
        voevent_json.encode(VOEvent("2.0", "ivo://example.org/s?1", description="\ud800"))
    assert caught.value.code == "convert-character"
