"""schemas/avro: each file says what the release says, and nobody has changed one by accident.

A new version is one folder in schemas/avro and one row in each of the two tables here.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest
from fastavro.schema import to_parsing_canonical_form

from . import AVRO, VERSIONS, load, records, short

FINGERPRINTS = {
    "lsst/3/0": "9ea71fef888c25abcefc5e2f894d3ff22e4aac935ef9c5b6e2d0308d18e18065",
    "lsst/4/0": "92e94d7055bcd4d7fc6d762d240110a26dd27006247cc4f9e57661ef8935246c",
    "lsst/5/0": "dfd5fff93cbb80583a136295b9d6baa8898272c60b68a303abfe8e6d01d4223f",
    "lsst/6/0": "a5b16e22aaba7bbdc361b62815958ff6c955db99694898bece3bb7267b1c841f",
    "lsst/6/1": "60ffbf56607987de26368a4b2926a09cb57c8c7cae1c93cdc7c8b6706b43e213",
    "lsst/7/0": "c176fef6a8a0962304c5cd0bdb990a0451dbf50bd673386ae59acca7bc2fdf3f",
    "lsst/7/1": "247bb62dc5e546e3e6170facbc39cc166fd31d0f765aa1f0835d45ecb2b90435",
    "lsst/7/2": "015124e9970354e918dac1a38d959916dc2110df2afe8b21c49e6d0747d7fbb9",
    "lsst/7/3": "0611d6b945c5e9c26a348f30f900f7e6537c341b1a9ad7366d04fc9e62a0d2cd",
    "lsst/7/4": "fd177231a19c203122617572a34a405aaba64ed03dfb8777d0143af5c6646e10",
    "lsst/8/0": "264a45e5ef1920023fa3fb5e26607d5fddb8e370e0eba2b08245ca8d37e67ac6",
    "lsst/9/0": "017239c3ff79ae5156cc4125ab1b12df955c1075e353a283627f590fed625b92",
    "lsst/10/0": "2c47c696524bdb8c19ea2b6e3947c55f642aa7eacc184e38c4b56a8380b03969",
    "lsst/11/0": "9c2dfb211e03b51c3b64fe4105b6dd02aaa9c630ce788656c8cc9a155d468314",
    "lsst/11/1": "9aa444ad610374fc167b7f7124a77f58b2d7d819a13b1b6d01cb1e265c783f27",
    "ztf/3.2": "42460973aa3610bd8e274e7298f30c2145a9b98c3bef3c6b264a20db3306a441",
    "ztf/3.3": "09b312a2dadfafcf684b816502cb0f505997175fc2df4ed64273d75d4ac75f61",
    "ztf/4.02": "2e3ca42a7603e5b42987c5d43503a9ec8b3ed803c54ad0a42d7d9101d7d9d32b",
}
"""SHA-256 of the Parsing Canonical Form of each version."""

FIELDS = {
    "lsst/3/0": "alert 9 diaSource 107 diaForcedSource 9 diaNondetectionLimit 4 diaObject 389 ssObject 81",
    "lsst/4/0": "alert 9 diaSource 107 diaForcedSource 9 diaNondetectionLimit 4 diaObject 389 ssObject 247",
    "lsst/5/0": "alert 9 diaSource 107 diaForcedSource 9 diaNondetectionLimit 4 diaObject 389 ssObject 247",
    "lsst/6/0": "alert 9 diaSource 104 diaForcedSource 10 diaNondetectionLimit 4 diaObject 83 ssObject 53",
    "lsst/6/1": "alert 10 diaSource 104 diaForcedSource 10 diaNondetectionLimit 4 diaObject 83 ssObject 53",
    "lsst/7/0": "alert 10 diaSource 136 diaForcedSource 10 diaNondetectionLimit 4 diaObject 82 ssObject 52",
    "lsst/7/1": "alert 10 diaSource 136 diaForcedSource 10 diaNondetectionLimit 4 diaObject 82 ssObject 52",
    "lsst/7/2": "alert 10 diaSource 137 diaForcedSource 10 diaNondetectionLimit 4 diaObject 82 ssObject 52",
    "lsst/7/3": "alert 10 diaSource 138 diaForcedSource 10 diaNondetectionLimit 4 diaObject 82 ssObject 52",
    "lsst/7/4": "alert 10 diaSource 140 diaForcedSource 10 diaNondetectionLimit 4 diaObject 82 ssObject 52",
    "lsst/8/0": "alert 12 diaSource 97 diaForcedSource 13 diaObject 82 ssSource 24 MPCORB 12",
    "lsst/9/0": "alert 12 diaSource 98 diaForcedSource 14 diaObject 82 ssSource 24 MPCORB 12",
    "lsst/10/0": "alert 12 diaSource 98 diaForcedSource 14 diaObject 82 ssSource 39 mpc_orbits 53",
    "lsst/11/0": "alert 12 diaSource 98 diaForcedSource 14 diaObject 82 ssSource 39 mpc_orbits 53",
    "lsst/11/1": "alert 12 diaSource 102 diaForcedSource 14 diaObject 82 ssSource 39 mpc_orbits 53",
    "ztf/3.2": "alert 9 candidate 101 prv_candidate 57 cutout 2",
    "ztf/3.3": "alert 9 candidate 103 prv_candidate 57 cutout 2",
    "ztf/4.02": "alert 10 candidate 103 prv_candidate 57 fp_hist 29 cutout 2",
}
"""The records of each version in the order of the file, and how many fields each has."""

FACTS = {"type", "name", "namespace", "fields", "items", "default", "logicalType"}
"""The attributes that a schema file may have; `doc` and `aliases` are not among them."""

ALL = VERSIONS["lsst"] + VERSIONS["ztf"]


def attributes(node: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Each default and logicalType with the fields on the way to it; the canonical form drops both."""
    if isinstance(node, list):
        for branch in node:
            yield from attributes(branch, path)
    elif isinstance(node, dict):
        if "logicalType" in node:
            yield path, "logicalType", node["logicalType"]
        for field in node.get("fields", []):
            inner = f"{path}.{field['name']}"
            if "default" in field:
                yield inner, "default", field["default"]
            yield from attributes(field["type"], inner)
        for nested in (node["type"], node.get("items")):
            yield from attributes(nested, path)


def keys(node: Any) -> set[str]:
    """The attribute names used anywhere in a schema."""
    if isinstance(node, list):
        return set().union(*map(keys, node))
    return set(node).union(*map(keys, node.values())) if isinstance(node, dict) else set()


def payload_of(container: Path) -> bytes:
    """The bytes of the only record in a container file."""
    with container.open("rb") as file:
        (block,) = fastavro.block_reader(file)
        assert block.num_records == 1
        return block.bytes_.getvalue()


def assert_same_schema(version: str, released: Any) -> None:
    ours = load(version)
    assert to_parsing_canonical_form(ours) == to_parsing_canonical_form(released)
    assert list(attributes(ours)) == list(attributes(released))


def assert_decodes_exactly(version: str, payload: bytes) -> None:
    """Our schema reads the record to its last byte, and writes the same bytes again."""
    schema = fastavro.parse_schema(load(version))
    stream, again = io.BytesIO(payload), io.BytesIO()
    fastavro.schemaless_writer(again, schema, fastavro.schemaless_reader(stream, schema))
    assert stream.tell() == len(payload)
    assert again.getvalue() == payload


def test_every_version_has_been_reviewed() -> None:
    assert set(FINGERPRINTS) == set(FIELDS) == set(ALL)


@pytest.mark.parametrize("version", ALL)
class TestFile:
    def test_is_a_schema_whose_root_is_alert(self, version: str) -> None:
        schema = load(version)
        family, *numbers = version.split("/")
        fastavro.parse_schema(schema)
        assert schema["name"] == "alert"
        assert schema["namespace"] == (f"lsst.v{'_'.join(numbers)}" if family == "lsst" else "ztf")

    def test_has_the_fingerprint_that_was_reviewed(self, version: str) -> None:
        canonical = to_parsing_canonical_form(load(version))
        assert hashlib.sha256(canonical.encode()).hexdigest() == FINGERPRINTS[version]

    def test_has_the_records_and_fields_that_were_reviewed(self, version: str) -> None:
        counts = (f"{short(record['name'])} {len(record['fields'])}" for record in records(load(version)))
        assert " ".join(counts) == FIELDS[version]

    def test_holds_facts_only(self, version: str) -> None:
        assert keys(load(version)) <= FACTS

    def test_has_one_field_a_line(self, version: str) -> None:
        lines = (AVRO / version / "alert.avsc").read_text().splitlines()
        fields = [field["name"] for record in records(load(version)) for field in record["fields"]]
        named = [match[1] for line in lines if (match := re.match(r' +\{"name": "(\w+)", "type": ', line))]
        assert sorted(named) == sorted(fields)


class TestLsst:
    """Against the package in which Rubin releases its schemas."""

    @pytest.fixture
    def packet(self) -> Any:
        return pytest.importorskip("lsst.alert.packet", reason="lsst-alert-packet is not installed")

    def test_no_release_is_missing(self, packet: Any) -> None:
        root = Path(packet.get_schema_root())
        folders = (file.parent.relative_to(root).as_posix() for file in root.glob("*/*/lsst.v*.alert.avsc"))
        assert {f"lsst/{folder}" for folder in folders} == set(VERSIONS["lsst"])

    @pytest.mark.parametrize("version", VERSIONS["lsst"])
    def test_says_what_the_release_says(self, packet: Any, version: str) -> None:
        major, minor = version.split("/")[1:]
        file = Path(packet.get_schema_path(major, minor)) / f"lsst.v{major}_{minor}.alert.avsc"
        parsed = packet.Schema.from_file(str(file)).definition
        assert_same_schema(version, {name: parsed[name] for name in ("type", "name", "fields")})

    @pytest.mark.parametrize("version", VERSIONS["lsst"])
    def test_decodes_the_sample_of_the_release(self, packet: Any, version: str) -> None:
        major, minor = version.split("/")[1:]
        sample = Path(packet.get_schema_path(major, minor)) / "sample_data" / "fakeAlert.avro"
        assert_decodes_exactly(version, payload_of(sample))


@pytest.mark.parametrize("version", VERSIONS["ztf"])
class TestZtf:
    """Against a real alert of each version, whose container names its schema."""

    @pytest.fixture
    def container(self, shared: Path, version: str) -> Path:
        (file,) = (shared / "data" / "ztf").glob(f"ztf-{version.removeprefix('ztf/')}-*.avro")
        return file

    def test_says_what_the_container_says(self, container: Path, version: str) -> None:
        with container.open("rb") as file:
            assert_same_schema(version, json.loads(fastavro.reader(file).metadata["avro.schema"]))

    def test_decodes_the_alert(self, container: Path, version: str) -> None:
        assert_decodes_exactly(version, payload_of(container))
