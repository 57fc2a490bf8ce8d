"""The versions of the LSST policy, topic by topic: section 2 of the specification as a table, and the clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.pattern import FAMILIES
from gateway.policy.profile import load
from gateway.policy.rule import Resource
from gateway.policy.verdict import explain

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PROFILES = ("seed-2018", "ldm612-2019", "rdo013-2025", "strict")
profile = cache(load)

# Exposures 25 hours and 81 hours before NOW: MJD 61368 is that day.
FRESH, OLD = 61368 - 25 / 24, 61368 - 81 / 24

# What it is, kind and path, origin, release, and for the public and for people with rights who passes it:
# s(eed), l(dm612), r(do013). `strict` passes what all three do.
TOPICS = [
    ("packet contents", "lsst diaSource.psfFlux", "alert", None, "slr", "slr"),
    ("forced photometry in a packet", "lsst prvDiaForcedSources[].psfFlux", "alert", None, "slr", "slr"),
    ("the science cutout", "lsst cutoutScience", "alert", None, "slr", "slr"),
    ("a cutout as a file", "image cutoutScience", "alert", None, "slr", "slr"),
    ("a larger image said to be of an alert", "image", "alert", None, "", ""),
    ("the four tables", "table DiaForcedSource.psfFlux", "ppdb", "dp2", "lr", "slr"),
    ("a column without counterpart", "table DiaSource.ssObjectReassocTimeMjdTai", "ppdb", "dp2", "lr", "slr"),
    ("SSObject", "table SSObject.MOIDEarth", "ppdb", "dp2", "lr", "slr"),
    ("SSSource is none of the four", "table SSSource.ephRa", "ppdb", "dp2", "r", "slr"),
    ("a column that is not published", "table DiaObject.validityEndMjdTai", "ppdb", "dp2", "", ""),
    ("the detector summary", "table DetectorVisitProcessingSummary.seeing", "ppdb", "dp2", "", ""),
    ("links to objects of a release", "table DiaObject_To_Object_Match.objectId", "ppdb", "dp2", "", ""),
    ("internal tables", "table metadata.name", "ppdb", "dp2", "", ""),
    ("a database row as a packet", "lsst diaSource.psfFlux", "ppdb", "dp2", "lr", "slr"),
    ("a minor planet's as well", "lsst ssSource.ephRa", "ppdb", "dp2", "r", "slr"),
    ("a cutout in no packet", "lsst cutoutScience", "ppdb", "dp2", "", ""),
    ("visit-image sources", "table PromptSource.ra", "prompt-visit", "dp2", "", "slr"),
    ("a catalogue of a release", "table DiaSource.psfFlux", "data-release", "dp2", "", "slr"),
    ("it in the form of a packet", "lsst diaSource.psfFlux", "data-release", "dp2", "", "slr"),
    ("a coadd", "image", "data-release", "dp2", "", "slr"),
    ("orbits", "table mpc_orbits.q", "data-release", "dp2", "slr", "slr"),
    ("orbits as JSON", "table mpc_orbits.mpc_orb_jsonb", "data-release", "dp2", "", ""),
    ("orbits in the database", "table mpc_orbits.q", "ppdb", None, "slr", "slr"),
    ("orbits from their source", "table mpc_orbits.q", "external", None, "slr", "slr"),
    ("any other table of somebody", "table gaia.ra", "external", None, "", ""),
    ("pointings", "table Visit.obsStartMJD", "data-release", "dp1", "r", "slr"),
    ("image quality", "table VisitDetector.seeing", "data-release", "dp2", "", "slr"),
    ("the schedule", "table ObsPlan.t_planning", "external", None, "slr", "slr"),
    ("an old image", f"image @{OLD}", "pixels", "dp2", "", "slr"),
    ("an image of yesterday", f"image @{FRESH}", "pixels", "dp2", "", "sl"),
    ("a picture of yesterday", f"image @{FRESH}", "ddp", "dp2", "", "sl"),
    ("an image of unknown age", "image", "pixels", "dp2", "", ""),
    ("a classification", "voevent Why.Inference", "ddp", "dp2", "lr", "slr"),
    ("a small table of them", "table Classes.sn #1000", "ddp", "dp2", "r", "slr"),
    ("a large one", "table Classes.sn #1001", "ddp", "dp2", "", "sl"),
    ("precovery on demand", "table Forced.flux", "user", "dp2", "", "slr"),
    ("what a broker added", "lsst diaSource.psfFlux", "broker-annotation", "dp2", "", ""),
    ("an event of somebody", "voevent What.x", "external", None, "slr", "slr"),
    ("an event made of a release", "voevent What.x", "data-release", "dp2", "", "slr"),
    ("an address into the platform", "link controlled.cloud.lsst.data", "data-release", "dp2", "", "slr"),
    ("it in an event of somebody", "link controlled.cloud.lsst.data", "external", None, "", ""),
    ("an address with a password", "link secret", "data-release", "dp2", "", ""),
    ("ZTF", "ztf candidate.magpsf", "alert", None, "slr", "slr"),
]  # fmt: skip


def resource(words: str) -> tuple[Resource, float | None]:
    """`table Classes.sn #1000`, `image @61000.5`."""
    kind, *rest = words.split()
    counts = [int(word[1:]) for word in rest if word.startswith("#")]
    times = [float(word[1:]) for word in rest if word.startswith("@")]
    paths = [word for word in rest if word[0] not in "#@"]
    version = {"lsst": (11, 1), "ztf": (4, 2)}[kind] if kind in FAMILIES else None
    path = FieldPath(tuple(paths[0].split(".")) if paths else ())
    return Resource(kind, path, version, counts[0] if counts else None), times[0] if times else None


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic[0])
@pytest.mark.parametrize("name", PROFILES)
def test_a_topic(name: str, topic: tuple[str, str, str, str | None, str, str]) -> None:
    _, words, origin, release, public, rights = topic
    thing, observed = resource(words)
    provenance = Provenance(Origin(origin), release, observed=observed)
    for audience, passes in ((PUBLIC, public), (Audience(frozenset({"dp1", "dp2"})), rights)):
        decision = explain(profile(name), thing, provenance, audience, NOW).decision
        expected = passes == "slr" if name == "strict" else name[0] in passes
        assert decision.passes == expected, f"{decision.effect} by {decision.rule}"


# Clocks


def passes(name: str, thing: Resource, provenance: Provenance, now: datetime, rights: str = "") -> bool:
    audience = Audience(frozenset({rights} if rights else ()))
    return explain(profile(name), thing, provenance, audience, now).decision.passes


@pytest.mark.parametrize(
    ("name", "hours"), [("seed-2018", 24), ("ldm612-2019", 24), ("rdo013-2025", 80), ("strict", 80)]
)
def test_an_embargo_ends_with_its_last_instant(name: str, hours: int) -> None:
    # 61000 is midnight of 2025-11-21 in TAI, 37 seconds before that in UTC.
    end = datetime(2025, 11, 21, tzinfo=UTC) - timedelta(seconds=37) + timedelta(hours=hours)
    pixels, image = Provenance(Origin.PIXELS, "dp2", observed=61000.0), Resource("image")
    assert not passes(name, image, pixels, end - timedelta(microseconds=1), "dp2")
    assert passes(name, image, pixels, end, "dp2")
    assert not passes(name, image, pixels, end)
    assert not passes(name, image, replace(pixels, observed=None), end + timedelta(days=3650), "dp2")


@pytest.mark.parametrize(
    ("release", "end"),
    [("dp1", datetime(2027, 7, 1, tzinfo=UTC)), ("dp2", datetime(2028, 7, 28, tzinfo=UTC))],
)
def test_a_release_is_public_when_the_day_two_years_later_is_over(release: str, end: datetime) -> None:
    row, column = Provenance(Origin.DATA_RELEASE, release), Resource("table", FieldPath(("Object", "ra")))
    assert not passes("rdo013-2025", column, row, end - timedelta(microseconds=1))
    assert passes("rdo013-2025", column, row, end)
    assert not passes("rdo013-2025", column, replace(row, release="dp3"), end)
    assert not passes("rdo013-2025", column, replace(row, origin=Origin.PROMPT_VISIT), end)
    assert not passes("strict", column, row, end)


def test_rows_that_a_rule_takes_away_concern_the_fields_in_them_only() -> None:
    alert = Provenance(Origin.ALERT)

    def conditional(path: str) -> set[str]:
        thing = resource(f"lsst {path}")[0]
        return {rule.id for rule in explain(profile("rdo013-2025"), thing, alert, PUBLIC, NOW).conditional}

    inside, outside = conditional("prvDiaSources[].ra"), conditional("diaObject.ra")
    assert inside - outside == {"history-of-twelve-months", "detections-before-the-trigger", "withdrawn-rows"}
    assert outside >= {"satellite-streak", "more-history-than-the-object-has", "withdrawn-source"}


def test_what_came_straight_from_the_survey_is_not_looked_into() -> None:
    issued = Provenance(Origin.ALERT, issued=True)
    found = explain(profile("strict"), resource("lsst prvDiaSources[].ra")[0], issued, PUBLIC, NOW)
    assert {rule.id for rule in found.conditional} == {
        "satellite-streak",
        "withdrawn-source",
        "withdrawn-rows",
    }
