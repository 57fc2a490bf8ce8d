"""gateway.schema.datum: a datum is looked at from end to end, and every string, wherever it is."""

import io

import fastavro
import pytest
from alerts import KEYS, changed, simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import payloads

from gateway.errors import AvroError
from gateway.schema import registry
from gateway.schema.datum import check_datum
from gateway.schema.parse import parse_schema

EVERYWHERE = {
    "type": "record",
    "name": "r",
    "fields": [
        {"name": "number", "type": "long"},
        {"name": "plain", "type": "string"},
        {"name": "perhaps", "type": ["null", "string"]},
        {"name": "either", "type": ["null", "long", "string"]},
        {"name": "inner", "type": {"type": "record", "name": "s", "fields": [{"name": "text", "type": "string"}]}},
        {"name": "rows", "type": ["null", {"type": "array", "items": ["null", "s"]}]},
        {"name": "entries", "type": {"type": "map", "values": "string"}},
        {"name": "raw", "type": "bytes"},
    ],
}  # fmt: skip
SCHEMA = parse_schema(EVERYWHERE)
GOOD = "g\u00f6\u00f6d"
WHOLE = {
    "number": -1, "plain": GOOD, "perhaps": GOOD, "either": GOOD, "inner": {"text": GOOD},
    "rows": [None, {"text": GOOD}], "entries": {GOOD: GOOD}, "raw": b"\xff",
}  # fmt: skip


def datum(values=WHOLE):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(EVERYWHERE), values)
    return out.getvalue()


def test_good_strings_pass():
    check_datum(SCHEMA, datum())
    check_datum(SCHEMA, datum(WHOLE | {"perhaps": None, "either": 7, "rows": None, "entries": {}}))


PATHS = ["plain", "perhaps", "either", "inner.text", "rows[].text", "entries", "entries{}"]


@pytest.mark.parametrize("number", range(len(PATHS)))
def test_a_bad_string_is_found_wherever_it_is(number):
    data, good = datum(), GOOD.encode()
    place = -1
    for _ in range(number + 1):
        place = data.index(good, place + 1)
    assert data.count(good) == len(PATHS)
    bad = data[:place] + good[:-1] + b"\xff" + data[place + len(good) :]
    with pytest.raises(AvroError) as error:
        check_datum(SCHEMA, bad)
    assert (error.value.code, error.value.where.path) == ("avro-text", PATHS[number])


def test_a_schema_without_strings():
    schema = parse_schema({"type": "record", "name": "r", "fields": [{"name": "a", "type": "bytes"}]})
    check_datum(schema, b"\x02\xff")


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=3)
@given(data=st.data())
def test_whatever_a_schema_allows(key, data):
    schema = registry.get(key)
    check_datum(schema, data.draw(payloads(schema)))


@pytest.mark.parametrize("text", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"a\xe2\x82"])
def test_the_strings_of_an_alert(text):
    found = simulated("lsst/11.0")[0]
    check_datum(found.schema, found.payload)
    with pytest.raises(AvroError) as error:
        check_datum(found.schema, changed(found, diaSource__band=text).payload)
    assert error.value.where.path == "diaSource.band"


def test_a_damaged_datum():
    found = simulated("lsst/11.0")[0]
    for bad in (found.payload[:-1], found.payload + b"\0", b""):
        with pytest.raises(AvroError):
            check_datum(found.schema, bad)
