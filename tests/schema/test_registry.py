import fastavro.schema
import pytest

from gateway import resources
from gateway.errors import SchemaError
from gateway.model.alert import SchemaKey
from gateway.schema import registry
from gateway.schema.parse import parse_schema

KEYS = registry.keys()


def test_versions_are_there_in_order() -> None:
    assert len(KEYS) >= 18
    assert list(KEYS) == sorted(KEYS)
    assert {"lsst/3.0", "lsst/11.1", "ztf/3.2", "ztf/4.02"} <= set(map(str, KEYS))


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_version_is_found_by_everything_that_names_it(key: SchemaKey) -> None:
    schema = registry.get(key)
    assert schema.key == key
    assert registry.get(str(key)) is schema
    assert registry.by_sha256(schema.sha256) is schema
    assert registry.by_rabin(schema.rabin) is schema
    assert registry.released(schema) is schema
    if key.family == "lsst":
        assert registry.by_wire_id(100 * key.major + key.minor) is schema
        assert schema.name == f"lsst.v{key.major}_{key.minor}.alert"


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_fingerprints_are_those_of_fastavro(key: SchemaKey) -> None:
    family, _, version = str(key).partition("/")
    folder = version.replace(".", "/") if family == "lsst" else version
    text = (resources.schemas() / "avro" / family / folder / "alert.avsc").read_text("utf-8")
    canonical = fastavro.schema.to_parsing_canonical_form(
        fastavro.schema.parse_schema(__import__("json").loads(text))
    )
    assert registry.get(key).sha256 == fastavro.schema.fingerprint(canonical, "sha256")
    assert registry.get(key).rabin.hex() == fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")


def test_no_two_versions_are_the_same_schema() -> None:
    for name in ("sha256", "rabin"):
        assert len({getattr(registry.get(key), name) for key in KEYS}) == len(KEYS)


def test_the_id_of_a_real_packet() -> None:
    assert str(registry.by_wire_id(0x0384).key) == "lsst/9.0"


@pytest.mark.parametrize("wire_id", [0, 1, 299, 303, 402, 1102, 2**31, 2**32 - 1])
def test_an_unknown_id(wire_id: int) -> None:
    with pytest.raises(SchemaError) as caught:
        registry.by_wire_id(wire_id)
    assert caught.value.code == "schema-unknown"
    assert str(wire_id) in str(caught.value)


@pytest.mark.parametrize("key", [key for key in KEYS if key.family == "lsst"], ids=str)
def test_an_id_with_its_bytes_swapped(key: SchemaKey) -> None:
    swapped = int.from_bytes(key.wire_id.to_bytes(4, "little"), "big")
    with pytest.raises(SchemaError) as caught:
        registry.by_wire_id(swapped)
    assert caught.value.code == "schema-endian"
    assert str(key.wire_id) in str(caught.value)


@pytest.mark.parametrize(
    "name", ["", "lsst", "lsst/", "lsst/11", "11.1", "ztf/4.2", "LSST/11.1", "lsst/11.01", "lsst/99.0"]
)
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(SchemaError) as caught:
        registry.get(name)
    assert caught.value.code == "schema-unknown"
    assert "lsst/11.1" in str(caught.value)


def test_an_unknown_fingerprint() -> None:
    assert registry.by_sha256("0" * 64) is None
    with pytest.raises(SchemaError):
        registry.by_rabin(bytes(8))


def test_a_copy_of_a_released_schema_is_the_released_one_and_a_forgery_is_not() -> None:
    schema = registry.get("lsst/11.1")
    copy = parse_schema({**schema.json, "doc": "annotated"})
    assert copy.key is None
    assert registry.released(copy) is schema
    fields = schema.json["fields"]
    for forged in (
        [*fields, {"name": "exposureTimePrivate", "type": "double"}],
        fields[:-1],
        [fields[1], fields[0], *fields[2:]],
        [{**fields[0], "name": "other"}, *fields[1:]],
    ):
        forgery = parse_schema({**schema.json, "fields": forged})
        assert forgery.name == schema.name
        assert registry.released(forgery) is forgery
        assert forgery.key is None
