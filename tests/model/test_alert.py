import pytest

from gateway.errors import AvroError
from gateway.model.alert import Alert, Framing, SchemaKey
from gateway.model.provenance import UNDECLARED, Origin, Provenance
from gateway.model.rejected import Rejected
from gateway.schema import registry

SECRET = b"s3ntinel"


@pytest.mark.parametrize(
    ("key", "text", "version", "wire_id"),
    [
        (SchemaKey("lsst", 11, 1), "lsst/11.1", "11.1", 1101),
        (SchemaKey("lsst", 9, 0), "lsst/9.0", "9.0", 900),
        (SchemaKey("ztf", 3, 3), "ztf/3.3", "3.3", 303),
        (SchemaKey("ztf", 4, 2), "ztf/4.02", "4.02", 402),
    ],
)
def test_schema_keys(key: SchemaKey, text: str, version: str, wire_id: int) -> None:
    assert (str(key), key.version, key.wire_id) == (text, version, wire_id)


def test_keys_are_ordered_by_number() -> None:
    assert (
        SchemaKey("lsst", 9, 0) < SchemaKey("lsst", 10, 0) < SchemaKey("lsst", 11, 0) < SchemaKey("ztf", 3, 2)
    )


def test_a_payload_is_in_no_repr() -> None:
    alert = Alert(registry.get("lsst/11.1"), SECRET, Framing("raw"), Provenance(Origin.ALERT))
    rejected = Rejected(AvroError("avro-text", "A string is not valid UTF-8."), SECRET)
    for value in (alert, rejected):
        assert SECRET.decode() not in f"{value!r} {value}"
        assert SECRET.hex() not in repr(value)


def test_nothing_is_declared_unless_someone_declares_it() -> None:
    assert Alert(registry.get("ztf/3.3"), b"").provenance is UNDECLARED
    assert UNDECLARED.origin is None
    assert Provenance() == UNDECLARED


def test_framing_says_what_it_is() -> None:
    assert str(Framing()) == "raw"
    assert str(Framing("container", "snappy")) == "container/snappy"


@pytest.mark.parametrize("key", registry.keys(), ids=str)
def test_a_schema_is_not_printed_whole(key: SchemaKey) -> None:
    schema = registry.get(key)
    assert repr(schema) == f"AlertSchema({key}, {schema.name})"
