"""gateway.conversion: the table of what becomes of what; everything passes the policy first."""

import json
from dataclasses import replace

import pytest
from alerts import (
    CONFLUENT,
    CONTAINER,
    NEWEST,
    PUBLIC,
    RAW,
    SINGLE,
    alert,
    changed,
    long,
    opened,
    released,
    simulated,
    withholding,
)

from gateway.codecs import confluent, single_object, voevent, voevent_avro
from gateway.conversion import TARGETS, Converter
from gateway.errors import (
    AvroError,
    ConversionError,
    GatewayError,
    PolicyError,
    SchemaError,
    SettingsError,
    VOEventError,
)
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.provenance import UNDECLARED, Origin, Provenance

(FOUND,) = simulated(NEWEST, 1, "image")
EXTERNAL = Provenance(Origin.EXTERNAL)
FULL = Settings(detail="full")
FOREIGN = (
    b"<?xml version='1.0'?>\n<v:VOEvent xmlns:v='http://www.ivoa.net/xml/VOEvent/v2.1' version='2.1' role='test' "
    b"ivorn='ivo://a.b/c?d'><!-- x --></v:VOEvent>"
)


def document(data, event=EXTERNAL, as_alert=PUBLIC):
    return Document(data, event, as_alert)


def minted(chosen=FULL, framing=CONFLUENT):
    return Minter(chosen).mint(released(alert(NEWEST, FOUND.payload, framing))).data


@pytest.mark.parametrize("to", ["voevent", "voevent-2.0", "voevent-2.1"])
def test_an_alert_to_an_event(to):
    output = Converter(to, FULL).convert(FOUND)
    assert voevent.decode(output.data).version == ("2.1" if to == "voevent-2.1" else "2.0")
    assert output.exact
    assert (output.suffix, output.losses) == (".xml", ())
    assert output.ivorn == voevent.decode(output.data).ivorn
    assert output.stem == output.ivorn.partition("?")[2]


def test_the_version_of_the_settings_is_taken():
    assert b'version="2.1"' in Converter("voevent", Settings(version="2.1")).convert(FOUND).data


@pytest.mark.parametrize(
    ("framing", "data"),
    [
        (CONFLUENT, confluent.frame(FOUND.schema, FOUND.payload)),
        (SINGLE, single_object.frame(FOUND.schema, FOUND.payload)),
        (RAW, FOUND.payload),
        (CONTAINER, FOUND.payload),
    ],
)
def test_an_event_of_ours_to_avro(framing, data):
    output = Converter("avro").convert(document(minted(framing=framing)))
    assert output.data == data
    assert output.datum.payload == FOUND.payload
    assert output.datum.codec == framing.codec
    assert opened(output.datum.contained())[0].payload == FOUND.payload
    direct = Converter("avro").convert(alert(NEWEST, FOUND.payload, framing))
    assert (direct.data, direct.stem, direct.datum.codec) == (output.data, output.stem, output.datum.codec)


def test_an_alert_to_json():
    output = Converter("json").convert(FOUND)
    assert json.loads(output.data)["schema"] == NEWEST
    assert output.suffix == ".json"


@pytest.mark.parametrize("data", [FOREIGN, minted()])
def test_an_event_to_itself(data):
    assert Converter("voevent").convert(document(data)).data == data
    version = voevent.decode(data).version
    assert Converter(f"voevent-{version}").convert(document(data)).data == data


def test_an_event_to_its_other_version():
    output = Converter("voevent-2.0").convert(document(FOREIGN))
    assert voevent.decode(output.data) == replace(voevent.decode(FOREIGN), version="2.0")
    there = Converter("voevent-2.1").convert(document(minted()))
    assert voevent.decode(there.data).version == "2.1"


def test_an_event_of_ours_in_its_other_version_still_gives_the_alert_back():
    other = Converter("voevent-2.1").convert(document(minted()))
    assert Converter("avro").convert(document(other.data)).datum.payload == FOUND.payload


def test_a_foreign_event_to_avro_and_json():
    stored = Converter("avro").convert(document(FOREIGN))
    assert voevent_avro.decode(stored.data).original == FOREIGN
    assert stored.datum.codec == "null"
    assert json.loads(Converter("json").convert(document(FOREIGN)).data)["ivorn"] == "ivo://a.b/c?d"


def test_a_smaller_event_of_ours_is_no_alert_and_is_not_stored_as_foreign():
    with pytest.raises(ConversionError) as error:
        Converter("avro").convert(document(minted(Settings())))
    assert error.value.code == "convert-incomplete"


# The policy


@pytest.mark.parametrize("to", TARGETS)
def test_nothing_passes_without_declared_origin(to):
    for item in (Alert(FOUND.schema, FOUND.payload), Document(FOREIGN), Document(minted())):
        with pytest.raises(PolicyError) as error:
            Converter(to).convert(item)
        assert error.value.code == "policy-provenance"


PASSING = (Origin.ALERT, Origin.EXTERNAL, Origin.PPDB, Origin.DDP)
"""Of these something is public: packets, events of others, rows of the PPDB as packets, events of derived products."""


@pytest.mark.parametrize("to", TARGETS)
@pytest.mark.parametrize("origin", [one for one in Origin if one not in PASSING])
def test_nothing_that_is_not_public_passes(to, origin):
    hidden = Provenance(origin)
    items = (
        replace(FOUND, provenance=hidden),
        document(FOREIGN, hidden, hidden),
        document(minted(), hidden, hidden),
    )
    for item in items:
        with pytest.raises(PolicyError):
            Converter(to).convert(item)


@pytest.mark.parametrize("to", TARGETS)
def test_an_alert_in_a_schema_that_is_not_released(to, lsst_container):
    for item in opened(lsst_container)[:1]:
        with pytest.raises((PolicyError, SchemaError)):
            Converter(to).convert(item)


def test_what_is_withheld_goes_nowhere():
    secret = changed(FOUND, target_name=b"SENTINEL")
    policy = withholding(["target_name"])
    for to in TARGETS:
        output = Converter(to, FULL, policy).convert(secret)
        assert b"SENTINEL" not in output.data
        assert "1 fields: withheld by the policy" in map(str, output.losses)
    stored = document(Minter(FULL).mint(released(secret)).data)
    assert b"SENTINEL" not in Converter("avro", FULL, policy).convert(stored).data


def test_withheld_identity_is_in_no_name():
    policy = withholding(["diaSourceId", "diaSource.diaSourceId"])
    secret = changed(FOUND, diaSourceId=long(123456787654321), diaSource__diaSourceId=long(123456787654321))
    output = Converter("json", FULL, policy).convert(secret)
    assert output.stem == "alert"
    assert "123456787654321" not in f"{output.stem} {output.ivorn} {output.data}"
    with pytest.raises(PolicyError) as error:
        Converter("voevent", FULL, policy).convert(secret)
    assert "123456787654321" not in str(error.value)


@pytest.mark.parametrize("to", ["avro", "json"])
@pytest.mark.parametrize("reprocessed", [False, True])
def test_an_alert_and_its_event_have_one_name(to, reprocessed):
    settings = replace(FULL, reprocessed=reprocessed)
    expected = Converter("voevent", settings).convert(FOUND).stem
    assert Converter(to, settings).convert(FOUND).stem == expected
    assert ("_" in expected) is reprocessed


# Projection


def test_projection_reports_what_is_left(lsst_container):
    item = opened(lsst_container)[0]
    output = Converter("voevent", FULL, project_to="lsst/10.0").convert(item)
    assert output.exact
    assert all("not in the released schema" in loss.reason for loss in output.losses)
    assert any(loss.path.startswith("fink") for loss in output.losses)
    # A released alert stays what it is.
    assert Converter("voevent", FULL, project_to="lsst/10.0").convert(FOUND).losses == ()


def test_a_projection_needs_an_origin(lsst_container):
    item = replace(opened(lsst_container)[0], provenance=UNDECLARED)
    with pytest.raises(PolicyError):
        Converter("voevent", project_to="lsst/10.0").convert(item)


def test_wrong_settings():
    with pytest.raises(SettingsError):
        Converter("xml")
    with pytest.raises(SchemaError):
        Converter("voevent", project_to="lsst/99.0")


# Damage


@pytest.mark.parametrize("to", TARGETS)
def test_a_string_that_is_none(to):
    """Also where the bytes could go on as they came."""
    for field in ("target_name", "diaSource__band"):
        with pytest.raises(AvroError) as error:
            Converter(to, FULL).convert(changed(FOUND, **{field: b"SENTINEL\xff"}))
        assert error.value.code == "avro-text"
        assert "SENTINEL" not in str(error.value)


@pytest.mark.parametrize("to", TARGETS)
def test_damaged_items(to):
    for cut in (0, 1, 20, 300):
        with pytest.raises(AvroError):
            Converter(to, FULL).convert(alert(NEWEST, FOUND.payload[:cut]))
    for data in (b"<a/>", FOREIGN[:60], minted()[:900]):
        with pytest.raises(GatewayError):
            Converter(to).convert(document(data))
    with pytest.raises(VOEventError):
        Converter(to).convert(document(b"<a/>"))


def test_trailing_bytes_are_seen_where_the_end_is_read():
    longer = alert(NEWEST, FOUND.payload + b"\0")
    for to, chosen in (("avro", FULL), ("json", FULL), ("voevent", FULL)):
        with pytest.raises(AvroError) as error:
            Converter(to, chosen).convert(longer)
        assert error.value.code == "avro-trailing"


@pytest.mark.parametrize(
    ("ivorn", "stem"),
    [
        ("ivo://a.b/c?d", "d"),
        ("ivo://a.b/c#d/e", "d_e"),
        ("ivo://a.b/c", "a.b_c"),
        ("ivo://a.b/c?../../x", "x"),
        ("ivo://a.b/c?..", "event"),
        ("ivo://a.b/c?", "a.b_c"),
        ("ivo://a.b/c?" + "x" * 500, "x" * 120),
        ("ivo://a.b/c?a b\u00e9:", "a_b"),
    ],
)
def test_names_of_files(ivorn, stem):
    event = FOREIGN.replace(b"ivo://a.b/c?d", ivorn.encode())
    assert Converter("voevent").convert(document(event)).stem == stem
