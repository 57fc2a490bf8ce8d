"""gateway.codecs.json_misfit: whoever has almost an alert in JSON is told which field is in the way."""

import json

import pytest
from alerts import NEWEST, simulated

from gateway.codecs import alert_json
from gateway.codecs.json_misfit import MAX_NAME, no_form
from gateway.errors import JSONError
from gateway.schema import registry

FORM = json.loads(alert_json.encode(simulated(NEWEST, 1, "none")[0]))
ENVELOPE = "without what an alert has around it."


def edited(path, **changes):
    """The record with other keys in the object at a path; None takes a key away."""
    record = json.loads(json.dumps(FORM["record"]))
    place = record
    for step in path:
        place = place[step]
    for key, value in changes.items():
        if value is None:
            del place[key]
        else:
            place[key] = value
    return record


def in_form(record):
    with pytest.raises(JSONError) as error:
        alert_json.decode(json.dumps(FORM | {"record": record}).encode())
    return error.value


MISFITS = [
    (edited([], targetname="x"), "targetname", "nearest is `target_name`"),
    (edited(["diaSource"], decl=1), "diaSource.decl", "nearest is `dec`"),
    (edited(["diaSource"], psfFlux=None, psfflux=1), "diaSource.psfflux", "nearest is `psfFlux`"),
    (edited(["diaSource"], myBrokerScore=1), "diaSource.myBrokerScore", "no such field."),
    (edited(["diaSource"], psfFlux=None), "diaSource.psfFlux", "The field is missing."),
]


@pytest.mark.parametrize(("record", "path", "message"), MISFITS)
def test_the_first_field_that_does_not_fit_is_named(record, path, message):
    for error in (in_form(record), no_form(record)):
        assert (error.code, error.where.path) == ("json-form", path)
        assert message in error.message


def test_what_was_meant_comes_before_what_is_missing():
    record = edited(["diaSource"], extra=1)
    del record["target_name"]
    assert no_form(record).where.path == "diaSource.extra"


def test_rows_are_looked_at():
    record = FORM["record"] | {
        "prvDiaSources": [
            edited(
                [],
            )["diaSource"]
            | {"decl": 1}
        ]
    }
    assert in_form(record).where.path == "prvDiaSources[].decl"
    assert no_form(record).where.path == "prvDiaSources[].decl"


@pytest.mark.parametrize("key", ["lsst/3.0", "lsst/7.1", NEWEST, "ztf/4.02"])
def test_a_record_without_its_envelope(key):
    record = json.loads(alert_json.encode(simulated(key, 1, "none")[0]))["record"]
    error = no_form(record)
    assert error.message.endswith(ENVELOPE)
    # Versions that differ in no field that is there are alike.
    named = next(k for k in registry.keys() if f" {k}, without" in error.message)  # noqa: SIM118 - a function
    assert named.family == key.partition("/")[0]


@pytest.mark.parametrize(
    "key", ["SENTINEL value", "SENTINEL\n", "\x1b[31mSENTINEL", "S" * (MAX_NAME + 1), "", "SENTINEL.x", "é"]
)
def test_a_key_that_is_no_identifier_is_not_repeated(key):
    record = edited(["diaSource"]) | {"diaSource": FORM["record"]["diaSource"] | {key: 1}}
    for error in (in_form(record), no_form(record)):
        assert error.where.path == "diaSource"
        assert "no name of a field" in error.message
        assert key == "" or key not in str(error)


@pytest.mark.parametrize(
    "found", [{}, {"SENTINEL": "SENTINEL"}, {"a" * 10**6: 1}, {"a": [{}]}, {"a": {"b": {}}}]
)
def test_what_is_like_no_alert(found):
    error = no_form(found)
    assert error.code == "json-form"
    assert "most like" not in error.message
    assert "`record`" in error.message
    assert "`ivorn`" in error.message
    assert "SENTINEL" not in str(error)


def test_real_alerts_of_a_broker(shared):
    for version, path in (("v10", "diaSource.decl"), ("v7_1", "diaSource.")):
        file = shared / f"data/lsst/lasair-lsst-{version}-alert.json"
        error = no_form(alert_json.decode_values(file.read_bytes()))
        assert error.where.path.startswith(path)
