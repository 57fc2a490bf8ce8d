"""A simulated visit: the same bytes everywhere, readable by fastavro, and alerts that agree with themselves."""

import gzip
import hashlib
import io
import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import fastavro
import numpy as np
import pytest
from astropy.io import fits

from gateway.errors import SettingsError
from gateway.model.alert import Framing
from gateway.model.provenance import Origin
from gateway.schema import registry
from gateway.schema.parse import parse_schema
from gateway.schema.raw import Layout
from gateway.simulate import CUTOUTS, HISTORIES, Simulation, identifier, visit
from gateway.simulate.campaign import LSST, ZTF, Campaign
from gateway.simulate.exact import Draws
from gateway.simulate.rows import newest

GOLDEN = Path(__file__).parents[1] / "data" / "simulated.json"
KEYS = list(map(str, registry.keys()))
LSST_KEYS = [key for key in KEYS if key.startswith("lsst")]
ZTF_KEYS = [key for key in KEYS if key.startswith("ztf")]
NEWEST = "lsst/11.1"


@cache
def decoded(key, count=60, **options):
    """The alerts as fastavro reads them, with fields under their newest names."""
    schema = registry.get(key)
    parsed = fastavro.parse_schema(schema.json)
    alerts = []
    for alert in visit(count, schema=schema, **options):
        stream = io.BytesIO(alert.payload)
        alerts.append(renamed(fastavro.schemaless_reader(stream, parsed)))
        assert stream.read() == b""
    return alerts


def renamed(value):
    if isinstance(value, dict):
        return {newest(name): renamed(inner) for name, inner in value.items()}
    return [renamed(item) for item in value] if isinstance(value, list) else value


def separation(ra1, dec1, ra2, dec2):
    """Degrees between two positions in degrees."""
    a, b, c, d = map(math.radians, (ra1, dec1, ra2, dec2))
    half = math.sin((d - b) / 2) ** 2 + math.cos(b) * math.cos(d) * math.sin((c - a) / 2) ** 2
    return math.degrees(2 * math.asin(math.sqrt(half)))


# The same bytes


def digest(key, seed=0, **options):
    alerts = visit(12, schema=registry.get(key), seed=seed, **options)
    return hashlib.sha256(b"".join(alert.payload for alert in alerts)).hexdigest()


def test_golden(update_golden):
    found = {key: digest(key) for key in KEYS} | {
        f"{NEWEST} {history} {cutouts}": digest(NEWEST, history=history, cutouts=cutouts)
        for history in HISTORIES
        for cutouts in CUTOUTS
    }
    if update_golden:
        GOLDEN.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("key", ["lsst/11.0", "ztf/4.02"])
def test_any_order(key):
    simulation = Simulation(registry.get(key), seed=3)
    backwards = [simulation.payload(index) for index in reversed(range(20))]
    assert backwards[::-1] == [alert.payload for alert in visit(20, schema=registry.get(key), seed=3)]


def test_seeds_differ():
    assert len({digest(NEWEST, seed) for seed in range(5)}) == 5
    a, b = (decoded(NEWEST, 5, seed=seed, cutouts="none") for seed in (1, 2))
    assert a[0]["diaSource"]["midpointMjdTai"] != b[0]["diaSource"]["midpointMjdTai"]
    # Not only the pointing: the objects are others, too.
    assert {alert["diaSource"]["snr"] for alert in a}.isdisjoint(alert["diaSource"]["snr"] for alert in b)


def test_one_at_a_time():
    alerts = visit(10**12, schema=registry.get(NEWEST))
    assert iter(alerts) is alerts
    assert next(alerts).payload != next(alerts).payload


# Every version


@pytest.mark.parametrize("key", KEYS)
def test_canonical_encoding(key):
    """fastavro's encoding of what fastavro read is the datum again: nothing is lost and nothing is odd."""
    schema = registry.get(key)
    parsed = fastavro.parse_schema(schema.json)
    for alert in visit(8, schema=schema):
        value = fastavro.schemaless_reader(io.BytesIO(alert.payload), parsed)
        again = io.BytesIO()
        fastavro.schemaless_writer(again, parsed, value)
        assert again.getvalue() == alert.payload
        Layout(schema.root).check(alert.payload)


def test_declared():
    alert = next(visit(1, schema=registry.get(NEWEST)))
    assert alert.schema is registry.get(NEWEST)
    assert alert.framing == Framing("container", "null")
    assert (alert.provenance.origin, alert.provenance.source) == (Origin.ALERT, "simulated")


@pytest.mark.parametrize("key", KEYS)
def test_identifier(key):
    simulation = Simulation(registry.get(key), cutouts="none")
    ids = [identifier(simulation.alert(index)) for index in range(60)]
    name = "candid" if key in ZTF_KEYS else "diaSourceId"
    assert ids == [alert[name] for alert in decoded(key, cutouts="none")]
    assert len(set(ids)) == 60
    assert all(2**53 < number < 2**63 for number in ids)


@pytest.mark.parametrize(
    "options",
    [{"history": "long"}, {"cutouts": "png"}, {"seed": -1}],
    ids=lambda options: next(iter(options)),
)
def test_wrong_options(options):
    with pytest.raises(SettingsError) as caught:
        visit(1, schema=registry.get(NEWEST), **options)
    assert caught.value.code == "settings-value"


def test_unreleased_schema():
    schema = parse_schema({"type": "record", "name": "mine", "fields": [{"name": "one", "type": "int"}]})
    with pytest.raises(SettingsError, match="released"):
        visit(1, schema=schema)


# One visit


@pytest.mark.parametrize("key", LSST_KEYS)
def test_one_exposure_lsst(key):
    triggers = [alert["diaSource"] for alert in decoded(key, cutouts="none")]
    exposure = "visit" if "visit" in triggers[0] else "programId"
    for name in ("midpointMjdTai", "band", exposure if exposure in triggers[0] else "band"):
        assert len({trigger[name] for trigger in triggers}) == 1
    field = Campaign.draw(Draws(0), LSST)
    assert all(separation(field.ra, field.dec, t["ra"], t["dec"]) < 1.75 for t in triggers)
    assert max(separation(field.ra, field.dec, t["ra"], t["dec"]) for t in triggers) > 1.2
    if "detector" in triggers[0]:
        detectors = {trigger["detector"] for trigger in triggers}
        assert len(detectors) > 20
        assert detectors <= set(range(189))


@pytest.mark.parametrize("key", ZTF_KEYS)
def test_one_exposure_ztf(key):
    alerts = decoded(key)
    candidates = [alert["candidate"] for alert in alerts]
    for name in ("jd", "fid", "pid", "rcid", "field", "pdiffimfilename"):
        assert len({candidate[name] for candidate in candidates}) == 1
    field = Campaign.draw(Draws(0), ZTF)
    assert all(separation(field.ra, field.dec, c["ra"], c["dec"]) < 0.43 for c in candidates)
    for alert in alerts:
        candidate = alert["candidate"]
        assert alert["candid"] == candidate["candid"]
        assert str(alert["candid"]).startswith(str(candidate["pid"]))
        assert alert["schemavsn"] == key.partition("/")[2]
        assert candidate["programid"] == 1


# History


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("key", LSST_KEYS)
def test_history_lsst(key, history):
    for alert in decoded(key, 8 if history == "mature" else 30, history=history, cutouts="none"):
        trigger, thing = alert["diaSource"], alert["diaObject"]
        previous, forced = alert["prvDiaSources"] or [], alert["prvDiaForcedSources"] or []
        assert alert["diaSourceId"] == trigger["diaSourceId"]
        times = [row["midpointMjdTai"] for row in previous]
        assert times == sorted(set(times))
        assert all(trigger["midpointMjdTai"] - 365 < time < trigger["midpointMjdTai"] for time in times)
        later = [row["midpointMjdTai"] for row in forced]
        assert later == sorted(set(later))
        assert all(trigger["midpointMjdTai"] - 365 < time <= trigger["midpointMjdTai"] for time in later)
        assert all(abs(row["snr"]) >= 5 for row in [*previous, trigger])
        assert [] not in (alert["prvDiaSources"], alert["prvDiaForcedSources"])
        if history == "mature":
            assert 30 <= len(previous) <= 150
            assert 30 <= len(forced) <= 300
        if history == "new":
            assert previous == forced == []
        if thing is None:
            assert trigger["ssObjectId"]
            assert previous == forced == []
            continue
        ids = {row["diaObjectId"] for row in [*previous, *forced, trigger]}
        assert ids == {thing["diaObjectId"]} == {[*previous, trigger][0]["diaSourceId"]}
        assert thing.get("nDiaSources", len(previous) + 1) == len(previous) + 1
        assert statistics_agree(thing, [*previous, trigger])


def statistics_agree(thing, sources):
    for band in "ugrizy":
        rows = [row for row in sources if row["band"] == band]
        assert thing[f"{band}_psfFluxNdata"] == len(rows)
        if not rows:
            assert thing[f"{band}_psfFluxMean"] is None
            continue
        flux, error = (np.array([row[name] for row in rows]) for name in ("psfFlux", "psfFluxErr"))
        mean = np.average(flux, weights=1 / error**2)
        # The packet has fluxes of 32 bits, from which a mean near 0 is not to be had to all its digits.
        assert thing[f"{band}_psfFluxMean"] == pytest.approx(mean, rel=1e-5, abs=1e-5 * np.abs(flux).max())
        assert thing[f"{band}_psfFluxMeanErr"] == pytest.approx((1 / error**2).sum() ** -0.5, rel=1e-5)
        if len(rows) > 1:
            sigma = math.sqrt(((flux - mean) ** 2).sum() / (len(rows) - 1))
            assert thing[f"{band}_psfFluxSigma"] == pytest.approx(sigma, rel=1e-4)
        if f"{band}_psfFluxMin" in thing:
            assert thing[f"{band}_psfFluxMin"] == flux.min()
            assert thing[f"{band}_psfFluxMax"] == flux.max()
    return True


def test_forced_fluxes_scatter_by_their_error():
    """Detections and forced fluxes of the same exposure are two measurements of one light."""
    pulls = []
    for alert in decoded(NEWEST, 12, history="mature", cutouts="none"):
        seen = {row["midpointMjdTai"]: row for row in alert["prvDiaSources"]}
        for row in alert["prvDiaForcedSources"]:
            if other := seen.get(row["midpointMjdTai"]):
                pulls.append((row["psfFlux"] - other["psfFlux"]) / row["psfFluxErr"])
    assert len(pulls) > 500
    assert np.std(pulls) == pytest.approx(math.sqrt(2), rel=0.1)


@pytest.mark.parametrize("key", ZTF_KEYS)
def test_history_ztf(key):
    alerts = decoded(key)
    assert 5 < sum(alert["prv_candidates"] is not None for alert in alerts) < 40
    for alert in alerts:
        candidate, previous = alert["candidate"], alert["prv_candidates"] or []
        seen = [row for row in previous if row["candid"] is not None]
        assert all(candidate["jd"] - 30 < row["jd"] < candidate["jd"] for row in previous)
        assert candidate["ndethist"] == len(seen) + 1 <= candidate["ncovhist"]
        assert all(row["magpsf"] <= row["diffmaglim"] for row in seen)
        unseen = [row for row in previous if row["candid"] is None]
        assert all(row["magpsf"] is None and row["diffmaglim"] is not None for row in unseen)
        if "fp_hists" in alert and previous:
            assert alert["fp_hists"][-1]["jd"] == candidate["jd"]


def test_timestamps():
    """Schema 8.0 has moments in UTC where later ones have TAI days: 37 s apart."""
    for old, new in zip(
        decoded("lsst/8.0", cutouts="none"), decoded("lsst/9.0", cutouts="none"), strict=True
    ):
        tai = new["diaSource"]["timeProcessedMjdTai"]
        assert 0 < tai - new["diaSource"]["midpointMjdTai"] < 0.01
        utc = old["diaSource"]["timeProcessedMjdTai"]
        expected = datetime(1858, 11, 17, tzinfo=UTC) + timedelta(days=tai, seconds=-37)
        assert abs(utc - expected) < timedelta(milliseconds=1)


# Nulls and kinds


@pytest.mark.parametrize("key", LSST_KEYS)
def test_nulls_as_in_real_packets(key):
    alerts = decoded(key, cutouts="none")
    rows = [row for alert in alerts for row in [*(alert["prvDiaSources"] or []), alert["diaSource"]]]
    for name in ("psfLnL", "trailRaErr", "trailLengthErr", "trailChi2", "timeWithdrawnMjdTai"):
        assert all(row[name] is None for row in rows if name in row)
    null = Counter(name for row in rows for name, value in row.items() if value is None)
    assert 0.05 < null["trailLength"] / len(rows) < 0.2
    assert 0.9 < null["dipoleLength"] / len(rows) < 1
    assert null["psfFlux"] == null["snr"] == null["band"] == null["raErr"] == 0
    if key == NEWEST:
        assert 0.08 < sum(null.values()) / len(rows) / len(rows[0]) < 0.25


@pytest.mark.parametrize("key", LSST_KEYS)
def test_minor_planets(key):
    alerts = decoded(key, cutouts="none")
    planets = [alert for alert in alerts if alert["diaObject"] is None]
    assert 3 < len(planets) < 25
    for alert in alerts:
        records = [alert[name] for name in ("ssObject", "ssSource", "MPCORB", "mpc_orbits") if name in alert]
        assert records
        assert all((record is not None) == (alert["diaObject"] is None) for record in records)
    for alert in planets:
        trigger = alert["diaSource"]
        assert trigger["diaObjectId"] == 0
        for name in ("ssObject", "ssSource", "MPCORB"):
            assert alert.get(name) is None or alert[name]["ssObjectId"] == trigger["ssObjectId"]
        if place := alert.get("ssSource"):
            away = separation(
                trigger["ra"],
                trigger["dec"],
                place.get("ephRa", trigger["ra"]),
                place.get("ephDec", trigger["dec"]),
            )
            assert away < 0.1 / 3600
            assert 1 < place["helioRange"] < 4.5
            assert abs(place["topoRange"] - place["helioRange"]) <= 1.0001


def test_designation_is_the_id():
    planets = [alert for alert in decoded("lsst/11.0", cutouts="none") if alert["mpc_orbits"]]
    for alert in planets:
        orbit, place = alert["mpc_orbits"], alert["ssSource"]
        short = orbit["packed_primary_provisional_designation"]
        assert place["ssObjectId"].to_bytes(7, "big").decode() == short
        assert orbit["q"] == pytest.approx(orbit["a"] * (1 - orbit["e"]))
        assert orbit["mean_motion"] * orbit["period"] == pytest.approx(360)
        assert json.loads(orbit["mpc_orb_jsonb"])["magnitude_data"]["H"] == orbit["h"]
        assert place["designation"] == orbit["designation"]


def test_marked_as_simulated():
    for alert in decoded(NEWEST, cutouts="none"):
        assert alert["observation_reason"] == alert["target_name"] == "simulated"
        assert str(alert["diaSource"]["visit"]).startswith("7")
        injected = [value for name, value in alert["diaSource"].items() if "injected" in name]
        assert injected == [False] * 4
    assert decoded(ZTF_KEYS[0])[0]["publisher"] == "simulated"


def test_dipoles_and_negatives():
    triggers = [alert["diaSource"] for alert in decoded(NEWEST, cutouts="none")]
    assert 1 < sum(trigger["isDipole"] for trigger in triggers) < 20
    for trigger in triggers:
        assert (trigger["dipoleLength"] is not None) == trigger["isDipole"]
        assert trigger["isNegative"] == (trigger["psfFlux"] < 0)
    assert 2 < sum(trigger["isNegative"] for trigger in triggers) < 30


# Cutouts

CARDS = [
    *(
        "SIMPLE",
        "BITPIX",
        "NAXIS",
        "NAXIS1",
        "NAXIS2",
        "EXTEND",
        "CUTMINX",
        "CUTMINY",
        "ROTPA",
        "BUNIT",
        "WCSAXES",
    ),
    *("CRPIX1", "CRPIX2", "PC1_1", "PC1_2", "PC2_1", "PC2_2", "CDELT1", "CDELT2", "CRVAL1", "CRVAL2"),
    *("LATPOLE", "MJDREF"),
]
CUTOUT_FIELDS = ("cutoutDifference", "cutoutScience", "cutoutTemplate")


@pytest.mark.parametrize("key", LSST_KEYS)
def test_cutouts_lsst(key):
    sides = set()
    for alert in decoded(key, 25):
        source = alert["diaSource"]
        expected = min(max(source["bboxSize"], 30), 102) if "bboxSize" in source else None
        fields = [name for name in CUTOUT_FIELDS if name in alert]
        assert len(fields) >= 2
        for name in fields:
            with fits.open(io.BytesIO(alert[name])) as hdus:
                hdus.verify("exception")
                assert [hdu.name for hdu in hdus] == ["PRIMARY", "UNCERT", "PSFIMAGE"]
                image, variance, psf = hdus
                assert list(image.header) == CARDS
                assert image.header["BUNIT"] == "nJy"
                assert image.data.shape == variance.data.shape
                assert expected in (None, image.data.shape[0])
                assert (variance.data > 0).all()
                assert psf.data.dtype == ">f8"
                assert 41 <= psf.data.shape[0] <= 55
                assert psf.data.sum() == pytest.approx(1, abs=0.05)
                off = separation(image.header["CRVAL1"], image.header["CRVAL2"], source["ra"], source["dec"])
                assert off < 1e-8
                assert sum(hdu.filebytes() for hdu in hdus) == len(alert[name])
                sides.add(image.data.shape[0])
    assert min(sides) == 30
    assert max(sides) <= 102


def test_the_star_is_in_the_centre():
    """The sum of the difference image is about the flux, and most of it is within a few pixels."""
    bright = [alert for alert in decoded(NEWEST, 60) if alert["diaSource"]["snr"] > 40]
    assert bright
    for alert in bright:
        data = fits.getdata(io.BytesIO(alert["cutoutDifference"]))
        middle = data.shape[0] // 2
        inner = data[middle - 8 : middle + 9, middle - 8 : middle + 9].sum()
        assert inner == pytest.approx(alert["diaSource"]["psfFlux"], rel=0.3)


def test_large_stamps():
    """Among many alerts there are some larger than the least, and none larger than the most."""
    sizes = Counter(alert["diaSource"]["bboxSize"] for alert in decoded(NEWEST, 200, cutouts="none"))
    assert min(sizes) >= 9
    assert 0.005 < sum(count for size, count in sizes.items() if size > 30) / 200 < 0.3


@pytest.mark.parametrize("key", ["lsst/6.0", "lsst/11.0"])
def test_image_cutouts(key):
    for alert in decoded(key, 5, cutouts="image"):
        for name in CUTOUT_FIELDS:
            if name in alert:
                with fits.open(io.BytesIO(alert[name])) as hdus:
                    assert len(hdus) == 1
                    side = hdus[0].data.shape[0]
                assert len(alert[name]) == 2880 * (1 + math.ceil(side * side * 4 / 2880))


@pytest.mark.parametrize("key", ["lsst/11.0", "ztf/3.3"])
def test_no_cutouts(key):
    assert all(alert[name] is None for alert in decoded(key, 5, cutouts="none") for name in CUTOUT_FIELDS)


@pytest.mark.parametrize("key", ZTF_KEYS)
def test_cutouts_ztf(key):
    for alert in decoded(key, 10):
        for name in CUTOUT_FIELDS:
            cutout = alert[name]
            assert cutout["fileName"].startswith(f"candid{alert['candid']}_")
            assert cutout["fileName"].endswith(".fits.gz")
            with fits.open(io.BytesIO(gzip.decompress(cutout["stampData"]))) as hdus:
                hdus.verify("exception")
                assert len(hdus) == 1
                assert hdus[0].data.shape == (63, 63)
                assert list(hdus[0].header) == ["SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "BUNIT"]
