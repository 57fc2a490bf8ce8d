"""`from gateway import read, convert, validate`."""

import pytest
from alerts import NEWEST, opened, simulated
from cli_runs import message, packed

import gateway
from gateway import convert, read, validate
from gateway.errors import AvroError, GatewayError, PolicyError, SettingsError
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.provenance import Origin

ALERTS = simulated(NEWEST, 3, "none")


def test_the_way_of_the_readme(tmp_path):
    file = tmp_path / "visit.avro"
    file.write_bytes(packed(ALERTS))
    for number, alert in enumerate(read(file)):
        event = convert(alert, authority="org.mine", stream="lsst", detail="full")
        assert [found for found in validate(event) if found.severity.name != "NOTE"] == []
        (document,) = read(event)
        assert isinstance(document, Document)
        assert convert(document, "avro") == ALERTS[number].payload
        assert convert(document, "voevent") == event
    assert number == 2


def test_sources(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.msg").write_bytes(message(ALERTS[0]))
    for source in (tmp_path, str(tmp_path), tmp_path / "a" / "x.msg", message(ALERTS[0])):
        (found,) = read(source)
        assert found.payload == ALERTS[0].payload


def test_bare_data():
    (found,) = read(ALERTS[0].payload, schema=NEWEST)
    assert isinstance(found, Alert)


def test_reading_is_lazy(tmp_path):
    (tmp_path / "1").write_bytes(message(ALERTS[0]))
    (tmp_path / "2").write_bytes(b"garbage")
    found = read(tmp_path)
    assert next(found).payload == ALERTS[0].payload
    with pytest.raises(GatewayError) as error:
        next(found)
    assert error.value.where.input == str(tmp_path / "2")


@pytest.mark.parametrize("origin", ["data-release", Origin.DATA_RELEASE])
def test_origins(origin):
    (found,) = read(message(ALERTS[0]), origin=origin)
    for to in ("voevent", "avro", "json"):
        with pytest.raises(PolicyError):
            convert(found, to)


def test_errors_are_ours():
    with pytest.raises(GatewayError):
        list(read("no-such-file"))
    with pytest.raises(GatewayError):
        list(read(b""))
    with pytest.raises(GatewayError):
        list(read(b"x", schema="lsst/99.0"))
    with pytest.raises(GatewayError):
        list(read(b"x", origin="nowhere"))
    with pytest.raises(AvroError):
        convert(opened(packed(ALERTS))[0].__class__(ALERTS[0].schema, b"", provenance=ALERTS[0].provenance))
    with pytest.raises(SettingsError):
        convert(ALERTS[0], detail="everything")
    with pytest.raises(GatewayError):
        validate(b"<!DOCTYPE a><a/>")


def test_names():
    assert {"read", "convert", "validate"} <= set(gateway.__all__)
    assert gateway.convert is convert
