"""Packets that a broker has re-written (L29): what it added never leaves as a part of the alert.

Real packets from Fink: another namespace, seventeen fields more, records that are null written as records of nulls. Into each
text and number that Fink added a canary is put, and looked for in all that leaves.
"""

import io
import struct
from typing import Any

import fastavro
import pytest

from gateway.codecs import container
from gateway.conversion import TARGETS, Converter
from gateway.errors import PolicyError
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.provenance import Origin, Provenance
from gateway.schema import registry
from gateway.schema.project import project

ALERT = Provenance(Origin.ALERT)
RELEASED = "lsst/10.0"
CORE = {field.name for field in registry.get(RELEASED).root.fields}
TEXT, NUMBER, INTEGER = "c4n4ry77", 7.712345678901234e77, 771234567


def poisoned(value: Any, type_: Any, names: dict[str, Any]) -> Any:
    """A value of a broker's field with a canary in each of its leaves, those that were null too."""
    if isinstance(type_, list):
        return poisoned(value, next(branch for branch in type_ if branch != "null"), names)
    if isinstance(type_, str):
        type_ = names.get(type_, type_)
    if type_ == "string":
        return TEXT
    if type_ == "double":
        return NUMBER
    if type_ == "float":
        return struct.unpack("<f", struct.pack("<f", 7.7123457e33))[0]
    if type_ in ("int", "long"):
        return INTEGER
    if not isinstance(type_, dict):
        return value
    if type_["type"] == "record":
        names[type_["name"]] = type_
        inner = value or {}
        return {f["name"]: poisoned(inner.get(f["name"]), f["type"], names) for f in type_["fields"]}
    if type_["type"] == "map":
        return {TEXT: poisoned(None, type_["values"], names)}
    return [poisoned(None, type_["items"], names)] if type_["type"] == "array" else value


@pytest.fixture(scope="session")
def packets(lsst_container: bytes) -> list[Alert]:
    """The real packets, with canaries."""
    reader = fastavro.reader(io.BytesIO(lsst_container))
    schema: Any = reader.writer_schema
    names: dict[str, Any] = {}
    records = [
        {
            field["name"]: record[field["name"]]
            if field["name"] in CORE
            else poisoned(record[field["name"]], field["type"], names)
            for field in schema["fields"]
        }
        for record in reader
    ]
    out = io.BytesIO()
    fastavro.writer(out, schema, records)
    return [item for item in container.read(io.BytesIO(out.getvalue()), ALERT) if isinstance(item, Alert)]


def canaries() -> list[bytes]:
    texts = [TEXT, "771234567", "7.7123456789", "7.7123457e+33", "7.7123457E+33"]
    numbers = [struct.pack("<d", NUMBER), struct.pack("<f", 7.7123457e33)]
    return [*(text.encode() for text in texts), *numbers, b"topLevelRecord", b"fink", b"Fink"]


def test_the_canaries_are_there(packets: list[Alert]) -> None:
    assert len(packets) == 7
    for item in packets:
        assert item.schema.key is None
        assert item.payload.count(TEXT.encode()) >= 10
        assert struct.pack("<d", NUMBER) in item.payload


@pytest.mark.parametrize("to", TARGETS)
def test_a_re_written_packet_is_not_an_alert_by_itself(packets: list[Alert], to: Any) -> None:
    for item in packets:
        with pytest.raises(PolicyError) as error:
            Converter(to).convert(item)
        assert error.value.code == "policy-withheld"
        assert TEXT not in f"{error.value!r} {error.value}"


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("detail", ["core", "full"])
def test_what_a_broker_added_stays_behind(packets: list[Alert], to: Any, detail: Any) -> None:
    converter = Converter(to, Settings(detail=detail), project_to=RELEASED)
    for item in packets:
        output = converter.convert(item)
        left = {loss.path.partition(".")[0] for loss in output.losses}
        assert {"clf", "xm", "pred", "misc", "lc_features", "publisher"} <= left
        assert TEXT not in repr(output)  # which names fields, as the losses do
        seen = [output.data, output.stem.encode(), str(output.ivorn).encode()]
        if output.datum:
            seen.append(output.datum.contained())
        for canary in canaries():
            assert not [data for data in seen if canary in data], canary


def test_what_is_left_is_the_packet_that_the_survey_sent(packets: list[Alert], lsst_container: bytes) -> None:
    """Canaries or not: the released part is the same, null records are null, and the namespace is the survey's."""
    originals = [
        item for item in container.read(io.BytesIO(lsst_container), ALERT) if isinstance(item, Alert)
    ]
    for item, original in zip(packets, originals, strict=True):
        output = Converter("avro", project_to=RELEASED).convert(item)
        assert output.datum is not None
        assert output.datum.schema.name == "lsst.v10_0.alert"
        assert output.datum.payload == project(original, registry.get(RELEASED))[0].payload


def test_a_broker_may_not_call_its_packet_an_annotation_either(packets: list[Alert]) -> None:
    annotated = Alert(
        packets[0].schema, packets[0].payload, packets[0].framing, Provenance(Origin.BROKER_ANNOTATION)
    )
    for project_to in (None, RELEASED):
        with pytest.raises(PolicyError):
            Converter("json", project_to=project_to).convert(annotated)
