"""gateway.codecs.alert_json: an alert as JSON, for any reader of JSON; and back, or an error."""

import json
import math
import re

import jsonschema
import pytest
from alerts import (
    CONFLUENT,
    CONTAINER,
    KEYS,
    NEWEST,
    RAW,
    SINGLE,
    alert,
    changed,
    long,
    opened,
    real_lsst,
    released,
    samples,
    simulated,
    values,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strategies import odd_payloads, payloads

from gateway import resources
from gateway.codecs import alert_json
from gateway.errors import AvroError, ConversionError, GatewayError, JSONError, LimitError, SchemaError
from gateway.model.alert import Alert
from gateway.model.fieldpath import FieldPath
from gateway.schema import registry

QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((resources.schemas() / "json" / "alert.schema.json").read_text("utf-8"))
)


def assert_comes_back(found):
    data = alert_json.encode(found)
    assert data.endswith(b"}\n")
    assert data.count(b"\n") == 1
    back = alert_json.decode(data)
    assert (back.payload, back.schema, back.framing) == (found.payload, found.schema, found.framing)
    return json.loads(data)


@pytest.mark.parametrize("key", KEYS)
def test_there_and_back(key):
    for found in simulated(key, 3, "image"):
        assert_comes_back(found)
    if key in samples():
        VALIDATOR.validate(assert_comes_back(samples()[key]))


def test_real_alerts(lsst_container, ztf_containers):
    for found in real_lsst(lsst_container)[:3]:
        assert_comes_back(found)
    for data in ztf_containers.values():
        assert_comes_back(opened(data)[0])


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=5, phases=QUICK)
@given(data=st.data())
def test_whatever_a_schema_allows(key, data):
    """The same bytes, or an error that says that they are not in canonical encoding."""
    odd = data.draw(st.booleans())
    found = alert(key, data.draw((odd_payloads if odd else payloads)(registry.get(key))), CONFLUENT)
    text = alert_json.encode(found)
    back = outcome(text)
    if isinstance(back, ConversionError):
        assert back.code == "convert-mismatch"
        assert odd or b"NaN" in text
    else:
        assert back.payload == found.payload


@pytest.mark.parametrize("framing", [RAW, CONFLUENT, SINGLE, CONTAINER])
def test_framing(framing):
    assert_comes_back(alert(NEWEST, simulated()[0].payload, framing))


@pytest.mark.parametrize("key", ["lsst/11.1", "ztf/4.02"])
def test_other_readers_read_the_same_values(key):
    for found in simulated(key, 3, "none"):
        _same(json.loads(alert_json.encode(found))["record"], values(found))


def _same(text, value):
    if isinstance(value, dict):
        assert list(text) == list(value)
        for name in value:
            _same(text[name], value[name])
    elif isinstance(value, list):
        for one, other in zip(text, value, strict=True):
            _same(one, other)
    elif isinstance(value, float):
        assert float(text) == pytest.approx(value, rel=1e-6) or math.isnan(value)
    elif isinstance(value, bool) or value is None:
        assert text is value
    elif isinstance(value, int) and isinstance(text, str) and "T" in text:
        assert text.endswith("Z")
    elif isinstance(value, (int, str)):
        assert str(text) == str(value)


def test_how_values_are_spelled():
    found = changed(
        samples()[NEWEST],
        diaSourceId=long(2**63 - 1),
        target_name='é\0"\\\n'.encode(),
        diaSource__psfFlux=b"\0\0\xc0\x7f",
        diaSource__apFlux=b"\0\0\x80\xff",
        diaSource__detector=long(-5),
        cutoutScience=b"\xff\0",
    )
    record = assert_comes_back(found)["record"]
    assert record["diaSourceId"] == "9223372036854775807"
    assert record["target_name"] == 'é\0"\\\n'
    assert record["diaSource"]["psfFlux"] == "NaN"
    assert record["diaSource"]["apFlux"] == "-INF"
    assert record["diaSource"]["detector"] == -5
    assert record["cutoutScience"] == "/wA="
    assert record["diaSource"]["centroid_flag"] in (True, False, None)


# What is withheld


def test_withheld_fields_are_nowhere():
    found = changed(
        simulated(NEWEST, 1, "image")[0], target_name=b"SENTINEL", diaSource__visit=long(123456787654321)
    )
    hidden = ["target_name", "diaSource.visit", "cutoutScience", "prvDiaSources[].psfFlux"]
    data = alert_json.encode(found, released(found, hidden).withheld)
    form = json.loads(data)
    VALIDATOR.validate(form)
    assert form["withheld"] == sorted(hidden)
    assert "sha256" not in form
    for trace in (b"SENTINEL", b"123456787654321"):
        assert trace not in data
    assert "cutoutScience" not in form["record"]
    assert all("psfFlux" not in row for row in form["record"]["prvDiaSources"] or ())
    with pytest.raises(ConversionError) as error:
        alert_json.decode(data)
    assert error.value.code == "convert-incomplete"


def test_each_leaf_can_be_withheld():
    found = simulated("lsst/11.0", 1, "none")[0]
    for path, _ in released(found).decisions[::7]:
        form = json.loads(alert_json.encode(found, frozenset({path})))
        part = form["record"]
        for step in path.steps[:-1]:
            part = part[step.rstrip("[]")] if part is not None else None
            part = part[0] if isinstance(part, list) and part else part
        assert not part or path.steps[-1] not in part
    assert isinstance(path, FieldPath)


# Bad input


def outcome(data):
    """The alert, or the error."""
    try:
        found = alert_json.decode(data)
    except GatewayError as error:
        found = error
    assert "SENTINEL" not in str(found)
    return found


SMALL = changed(
    simulated("lsst/9.0", 1, "none")[0], prvDiaSources=None, prvDiaForcedSources=None, diaObject=None
)
GOOD = alert_json.encode(SMALL)


def edited(**parts):
    return json.dumps(json.loads(GOOD) | parts).encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "json-malformed"),
        (b"\xff", "json-malformed"),
        (b"[]", "json-form"),
        (b"1", "json-form"),
        (b"{}", "json-form"),
        (b"{" + b'"a":[' * 100_000, None),
        (b'{"a": NaN}', "json-malformed"),
        (b'{"a": Infinity}', "json-malformed"),
        (GOOD[:-5], "json-malformed"),
        (GOOD + GOOD, "json-malformed"),
        (GOOD.replace(b'{"schema"', b'{"schema":"lsst/9.0","schema"'), "json-malformed"),
        (edited(schema="lsst/9.9"), "schema-unknown"),
        (edited(schema="SENTINEL"), "json-form"),
        (edited(framing="SENTINEL"), "json-form"),
        (edited(framing="container/evil"), "json-form"),
        (edited(sha256="0" * 64), "convert-mismatch"),
        (edited(sha256="SENTINEL"), "json-form"),
        (edited(record={}), "json-form"),
        (edited(record=[]), "json-form"),
        (edited(record=None), "json-form"),
        (edited(SENTINEL=1), "json-form"),
        (edited(schema="lsst/11.0"), "json-form"),
        (edited(withheld=["diaSource.ra"]), None),
        (b'{"a":' + b"9" * 10_000 + b"}", None),
    ],
)
def test_bad_input(data, code):
    error = outcome(data)
    assert isinstance(error, GatewayError)
    assert code in (None, error.code)


WRONG = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2**31,
    2**63,
    10**400,
    "",
    "SENTINEL",
    "NaN",
    "1",
    "1.0",
    "\ud800",
    [],
    {},
    [1],
    1.5,
    "INF",
    "1e999",
]


def test_wrong_types_anywhere():
    """Each leaf in turn has a value of another type: an error, or the same alert."""
    text = GOOD.decode()
    for number, leaf in enumerate(re.finditer(r'(?<=":)(?:"[^"]*"|[^\[{,}\]]+)(?=[,}])', text)):
        for value in (WRONG[number % len(WRONG)], WRONG[(number * 7 + 3) % len(WRONG)]):
            try:
                spelled = json.dumps(value)
            except ValueError:
                continue
            data = (text[: leaf.start()] + spelled + text[leaf.end() :]).encode()
            result = outcome(data)
            assert isinstance(result, GatewayError) or result.payload == SMALL.payload


@settings(max_examples=60)
@given(data=st.data())
def test_whatever_is_done_to_the_text(data):
    at = data.draw(st.integers(0, len(GOOD)))
    damaged = GOOD[:at] + data.draw(st.binary(max_size=6)) + GOOD[at + data.draw(st.integers(0, 6)) :]
    result = outcome(damaged)
    assert isinstance(result, GatewayError) or result.payload == SMALL.payload


@pytest.mark.parametrize("depth", [50, 400, 900, 5000])
@pytest.mark.parametrize("name", ["record", "framing", "other"])
def test_deep_nesting(name, depth):
    nested = '{"a":' * depth + "1" + "}" * depth
    error = outcome(edited(**{name: 0}).replace(f'"{name}": 0'.encode(), f'"{name}": {nested}'.encode()))
    assert error.code in ("json-form", "limit-depth")


def test_a_damaged_datum():
    for cut in (0, 5, 200):
        with pytest.raises(AvroError):
            alert_json.encode(Alert(SMALL.schema, SMALL.payload[:cut], RAW))
    with pytest.raises(AvroError) as error:
        alert_json.encode(changed(samples()[NEWEST], target_name=b"SENTINEL\xff"))
    assert error.value.code == "avro-text"


def test_too_long():
    with pytest.raises(LimitError):
        alert_json.decode(b" " * (alert_json.MAX_BYTES + 1))


def test_errors_have_their_class():
    assert isinstance(outcome(b"{}"), JSONError)
    assert isinstance(outcome(edited(schema="lsst/9.9")), SchemaError)
