"""The images of a packet put to rules: which rules hold of which, and which images are made again."""

import gzip

import pytest
from alerts import changed, simulated
from rules import rule
from strategies import zigzag

from gateway.model.alert import Alert
from gateway.policy.alerts.conditions import Held
from gateway.policy.alerts.stamps import Stamps
from gateway.policy.facts import Condition
from gateway.policy.rule import Rule
from gateway.schema.project import values_of
from gateway.schema.raw import Layout
from gateway.schema.splice import Edit

LSST, ZTF = simulated("lsst/11.1", cutouts="real")[0], simulated("ztf/4.02", cutouts="real")[0]
STAMPS = ("cutoutDifference", "cutoutScience", "cutoutTemplate")
ALERTS = pytest.mark.parametrize("alert", [LSST, ZTF], ids=["lsst", "ztf"])


def asking(where: str, *paths: str) -> Rule:
    return rule(f"{where} {paths}", "quarantine", *(paths or STAMPS), where=Condition.parse(where))


BESIDE, NONE_OF_THEIRS = asking("stamp = 1"), asking("stamp > 1")


def stamp(alert: Alert, name: str) -> bytes:
    value = values_of(alert)[name]
    found: bytes = value["stampData"] if isinstance(value, dict) else value
    return found


def with_stamp(alert: Alert, name: str, data: bytes | None) -> Alert:
    """The alert with another image, or with none at all."""
    if data is None or isinstance(values_of(alert)[name], bytes):
        return changed(alert, **{name: data})
    return changed(alert, **{f"{name}__stampData": data})


def more(data: bytes) -> bytes:
    """The stamp with something behind the image."""
    return (
        gzip.compress(gzip.decompress(data) + b"s3ntinel") if data[:2] == b"\x1f\x8b" else data + b"s3ntinel"
    )


def looked_at(alert: Alert, *rules: Rule) -> tuple[list[Held], dict[str, Edit]]:
    return Stamps(alert.schema, rules)(alert.payload)


@ALERTS
def test_images_as_issued_are_as_they_are(alert: Alert) -> None:
    assert looked_at(alert, BESIDE, NONE_OF_THEIRS) == ([], {})


@ALERTS
@pytest.mark.parametrize("name", STAMPS)
def test_what_is_none_of_the_surveys_is_held(alert: Alert, name: str) -> None:
    wrong = with_stamp(alert, name, b"no image")
    assert looked_at(wrong, BESIDE, NONE_OF_THEIRS) == ([Held(NONE_OF_THEIRS, name)], {})
    others = asking("stamp > 1", *(one for one in STAMPS if one != name))
    assert looked_at(wrong, others) == ([], {})


@ALERTS
@pytest.mark.parametrize("name", STAMPS)
def test_what_has_something_beside_it_is_made_again_in_its_place(alert: Alert, name: str) -> None:
    held, edits = looked_at(with_stamp(alert, name, more(stamp(alert, name))), BESIDE, NONE_OF_THEIRS)
    assert held == [Held(BESIDE, name)]
    assert list(edits) == [name]
    raw = Layout(alert.schema.root).read(alert.payload)[list(values_of(alert)).index(name)]
    record = not isinstance(raw, bytes)
    again = edits[name]([b"name", b"s3ntinel", b"further"] if record else b"s3ntinel")
    assert again == [b"name", again[1], b"further"] if record else again == stamp(alert, name)
    if record:
        assert gzip.decompress(again[1]) == gzip.decompress(stamp(alert, name))


@ALERTS
def test_an_image_that_is_not_there_hides_no_other(alert: Alert) -> None:
    wrong = with_stamp(alert, STAMPS[2], b"no image")
    for name in STAMPS[:2]:
        wrong = with_stamp(wrong, name, None)
    assert looked_at(wrong, NONE_OF_THEIRS)[0] == [Held(NONE_OF_THEIRS, STAMPS[2])]


@pytest.mark.parametrize("field", ["bboxSize", "ra", "dec"])
def test_the_position_of_the_trigger_is_looked_at(field: str) -> None:
    elsewhere = {"bboxSize": zigzag(500), "ra": bytes(8), "dec": bytes(8)}
    moved = changed(LSST, **{f"diaSource__{field}": elsewhere[field]})
    assert looked_at(moved, NONE_OF_THEIRS)[0]


@ALERTS
def test_without_a_rule_no_image_is_looked_at(alert: Alert) -> None:
    assert Stamps(alert.schema, [NONE_OF_THEIRS])
    assert not Stamps(alert.schema, [])
    assert not Stamps(alert.schema, [asking("stamp > 1", "diaSource")])
