import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs import confluent
from gateway.errors import AvroError, GatewayError, SchemaError
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.schema import registry
from gateway.schema.parse import parse_schema

LSST = [key for key in registry.keys() if key.family == "lsst"]  # noqa: SIM118
SECRET = b"s3ntinel"


@pytest.mark.parametrize("key", LSST, ids=str)
def test_there_and_back(key: object) -> None:
    schema = registry.get(key)
    message = confluent.frame(schema, SECRET)
    declared = Provenance(Origin.ALERT, position=7)
    alert = confluent.read(message, declared)
    assert alert.schema is schema
    assert alert.payload == SECRET
    assert alert.framing.kind == "confluent"
    assert alert.provenance is declared
    assert confluent.frame(alert.schema, alert.payload) == message


def test_the_framing_of_a_real_packet() -> None:
    assert confluent.frame(registry.get("lsst/9.0"), b"x") == b"\x00\x00\x00\x03\x84x"
    assert confluent.read(b"\x00\x00\x00\x03\x84").payload == b""
    assert confluent.read(b"\x00\x00\x00\x03\x84").provenance is UNDECLARED


@pytest.mark.parametrize(
    ("data", "kind", "code", "offset"),
    [
        (b"", AvroError, "avro-framing", 0),
        (b"\x01\x00\x00\x03\x84", AvroError, "avro-framing", 0),
        (b"Obj\x01", AvroError, "avro-framing", 0),
        (b"\xc3\x01" + bytes(8), AvroError, "avro-framing", 0),
        (b"\x00", AvroError, "avro-truncated", 1),
        (b"\x00\x00\x00\x03", AvroError, "avro-truncated", 4),
        (b"\x00\x00\x00\x03\x85" + SECRET, SchemaError, "schema-unknown", 1),
        (b"\x00\xff\xff\xff\xff", SchemaError, "schema-unknown", 1),
        (b"\x00\x00\x00\x01\x2f", SchemaError, "schema-unknown", 1),
        (b"\x00\x84\x03\x00\x00" + SECRET, SchemaError, "schema-endian", 1),
    ],
)
def test_what_is_refused(data: bytes, kind: type[GatewayError], code: str, offset: int) -> None:
    with pytest.raises(kind) as caught:
        confluent.read(data)
    assert caught.value.code == code
    assert caught.value.where.offset == offset
    assert SECRET.decode() not in f"{caught.value} {caught.value!r}"


@pytest.mark.parametrize("key", LSST, ids=str)
def test_a_little_endian_id_is_reported_as_one(key: object) -> None:
    schema = registry.get(key)
    assert schema.key is not None
    with pytest.raises(SchemaError) as caught:
        confluent.read(b"\0" + schema.key.wire_id.to_bytes(4, "little") + SECRET)
    assert caught.value.code == "schema-endian"
    assert str(schema.key.wire_id) in caught.value.message


def test_schemas_without_an_id() -> None:
    nobody = parse_schema({"type": "record", "name": "R", "fields": [{"name": "x", "type": "int"}]})
    for schema in (registry.get("ztf/3.3"), nobody):
        with pytest.raises(AvroError) as caught:
            confluent.frame(schema, b"")
        assert caught.value.code == "avro-framing"


@given(st.binary(max_size=20) | st.binary(max_size=8).map(lambda tail: b"\0\0\0" + tail))
def test_whatever_comes(data: bytes) -> None:
    try:
        alert = confluent.read(data)
    except GatewayError:
        return
    assert confluent.frame(alert.schema, alert.payload) == data
