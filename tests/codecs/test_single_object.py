import io

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs import single_object
from gateway.errors import AvroError, GatewayError, SchemaError
from gateway.model.provenance import Origin, Provenance
from gateway.schema import registry
from gateway.schema.parse import canonical_form

SECRET = b"s3ntinel"


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_there_and_back(key: object) -> None:
    schema = registry.get(key)
    message = single_object.frame(schema, SECRET)
    declared = Provenance(Origin.ALERT)
    alert = single_object.read(message, declared)
    assert alert.schema is schema
    assert (alert.payload, alert.framing.kind, alert.provenance) == (SECRET, "single-object", declared)
    assert single_object.frame(alert.schema, alert.payload) == message


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_the_fingerprint_is_little_endian_and_that_of_the_canonical_form(key: object) -> None:
    schema = registry.get(key)
    empty = 0xC15D213AA4D7A795
    value = empty
    for byte in canonical_form(schema.root).encode():
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (empty & -(value & 1))
    assert single_object.frame(schema, b"") == b"\xc3\x01" + value.to_bytes(8, "little")


def test_fastavro_reads_what_follows() -> None:
    from strategies import _Maker, encode

    schema = registry.get("ztf/3.3")
    payload = encode(schema.root, _Maker(3, None, 2).value(schema.root))
    alert = single_object.read(single_object.frame(schema, payload))
    stream = io.BytesIO(alert.payload)
    fastavro.schemaless_reader(stream, fastavro.parse_schema(schema.json), None)
    assert stream.read() == b""


@pytest.mark.parametrize(
    ("data", "kind", "code", "offset"),
    [
        (b"", AvroError, "avro-framing", 0),
        (b"\xc3", AvroError, "avro-framing", 0),
        (b"\xc3\x02" + bytes(8), AvroError, "avro-framing", 0),
        (b"\x00\x00\x00\x03\x84", AvroError, "avro-framing", 0),
        (b"\xc3\x01", AvroError, "avro-truncated", 2),
        (b"\xc3\x01" + bytes(7), AvroError, "avro-truncated", 9),
        (b"\xc3\x01" + bytes(8) + SECRET, SchemaError, "schema-unknown", 2),
        (b"\xc3\x01" + registry.get("lsst/11.1").rabin[::-1], SchemaError, "schema-unknown", 2),
    ],
)
def test_what_is_refused(data: bytes, kind: type[GatewayError], code: str, offset: int) -> None:
    with pytest.raises(kind) as caught:
        single_object.read(data)
    assert (caught.value.code, caught.value.where.offset) == (code, offset)
    assert SECRET.decode() not in f"{caught.value} {caught.value!r}"


@given(st.binary(max_size=20) | st.binary(max_size=12).map(lambda tail: b"\xc3\x01" + tail))
def test_whatever_comes(data: bytes) -> None:
    try:
        alert = single_object.read(data)
    except GatewayError:
        return
    assert single_object.frame(alert.schema, alert.payload) == data
