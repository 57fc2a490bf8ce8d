"""The tables of an LSST alert: sources, forced sources, diaObject and, for minor planets, ssSource and orbit.

Rules (those about nulls and ids are measured on real alerts of March 2026)
1. The trigger and the previous sources are rows of one table, the trigger last.
2. Never filled: psfLnL, errors and chi2 of trails, timeWithdrawnMjdTai, first/lastDiaSourceMjdTai and fpFlux
   of diaObject. Dipole fields are filled for dipoles only; trail and shape fields are null where the shape
   fit failed.
3. A diaObject has the id of its first diaSource. diaObjectId or ssObjectId is 0 when the trigger has none.
4. diaObject counts and averages all sources in the packet, the trigger included; forced fluxes give
   scienceFluxMean.
5. A minor planet has neither diaObject nor history. An object without history has null arrays, not empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.simulate import minor
from gateway.simulate.campaign import Campaign, lsst_detector
from gateway.simulate.exact import Draws, Floats, sine
from gateway.simulate.lightcurve import Light
from gateway.simulate.objects import Kind

__all__ = ["Packet", "packet"]

_DIPOLE = (
    "dipoleMeanFlux",
    "dipoleMeanFluxErr",
    "dipoleFluxDiff",
    "dipoleFluxDiffErr",
    "dipoleLength",
    "dipoleAngle",
    "dipoleChi2",
)

_FEATURES = [
    f"{band}_lc{kind}{n:02}"
    for band in "ugrizy"
    for kind, many in (("Periodic", 32), ("NonPeriodic", 20))
    for n in range(1, many + 1)
]
"""Light-curve features of schemas 3 to 5. Their meaning was never documented, so any number will do."""

Columns = dict[str, Any]


@dataclass
class Packet:
    """The tables of one alert; `arrays` by the name of their field, with their number of rows."""

    sources: Columns
    history: int
    arrays: dict[str, tuple[Columns, int]]
    diaObject: Columns | None
    minor: Columns | None


def packet(draws: Draws, campaign: Campaign, kind: Kind, light: Light, index: int) -> Packet:
    """The tables of alert number `index` of a visit."""
    angle, reach = draws.uniforms(2)
    radius = campaign.survey.radius * math.sqrt(reach)
    north, east = (radius * sine(np.array([angle, angle + 0.25]))).tolist()
    if abs(north) > 1.05 and abs(east) > 1.05:  # no detectors in the corners
        north, east = north * 0.8, east * 0.8
    asteroid = kind.name == "asteroid"
    sources = _sources(draws, campaign, kind, light, index, (east, north))
    ids = sources["diaSourceId"]
    diaObject = _object(draws, campaign, light, sources) if not asteroid else None
    number = 0 if asteroid else ids[0]
    sources["diaObjectId"] = number
    sources["ssObjectId"] = [None] * (len(ids) - 1) + [0]
    planet = minor.table(draws, campaign, sources) if asteroid else None
    if planet:
        sources["ssObjectId"] = planet["ssObjectId"]
    arrays = {
        "prvDiaForcedSources": (_forced(draws, campaign, light, sources), len(light.forced)),
        "prvDiaNondetectionLimits": _limits(campaign, light),
    }
    return Packet(sources, len(ids) - 1, arrays, diaObject, planet)


def _exposures(campaign: Campaign, at: list[int], detectors: list[int]) -> Columns:
    visits = [campaign.visits[i] for i in at]
    bands = campaign.survey.bands
    return {
        "visit": visits,
        "detector": detectors,
        "ccdVisitId": [visit * 1000 + detector for visit, detector in zip(visits, detectors, strict=True)],
        "midpointMjdTai": campaign.mjd[at],
        "timeProcessedMjdTai": campaign.mjd[at] + 0.0019,
        "timeWithdrawnMjdTai": None,
        "band": [bands[i] for i in campaign.band[at].tolist()],
        "programId": 1,
    }


def _sources(
    draws: Draws, campaign: Campaign, kind: Kind, light: Light, index: int, place: tuple[float, float]
) -> Columns:
    at: list[int] = light.seen.tolist()
    n = len(at)
    flux, error = light.flux, light.error
    snr = np.abs(flux) / error
    detectors: list[int] = draws.integers(n, 0, 188).tolist()
    x, y = draws.uniforms(n, 20, 4050), draws.uniforms(n, 20, 3980)
    detectors[-1], x[-1], y[-1] = lsst_detector(*place)
    counters: list[int] = draws.integers(n, 0, 1 << 14).tolist()
    counters[-1] = index
    ra, dec = campaign.place(*place)
    where = 0.25 / snr / 3600
    seeing = draws.uniforms(n, 0.65, 1.4)
    width = seeing * seeing * 0.18
    shapeless = draws.uniforms(n) < 0.12
    blank = np.where(shapeless, np.nan, 1.0)
    template = np.abs(flux[-1]) * draws.uniform(*kind.template) + 30.0
    dipole = kind.name == "dipole"
    spread = draws.normals(6 * n).reshape(6, n)
    reliability = 1 - draws.uniforms(n) * (0.9 if dipole else 0.35)
    trail = blank * draws.uniforms(n, 0.2, 1.8)
    off_centre = draws.uniforms(n) < 0.007
    table = _exposures(campaign, at, detectors)
    table |= {
        "diaSourceId": [campaign.id(i, d, c) for i, d, c in zip(at, detectors, counters, strict=True)],
        "parentDiaSourceId": 0, "exposureTime": 30.0,
        "ra": ra + spread[0] * where, "raErr": where, "dec": dec + spread[1] * where, "decErr": where * 0.97,
        "ra_dec_Cov": where * where * 0.02 * spread[2],
        "x": x, "xErr": where * 18000, "y": y, "yErr": where * 17500, "x_y_Cov": where * spread[2],
        "centroid_flag": off_centre, "apFlux": flux + error * spread[3], "apFluxErr": 2.3 * error,
        "apFlux_flag": off_centre, "apFlux_flag_apertureTruncated": False, "isNegative": flux < 0, "snr": snr,
        "psfFlux": flux, "psfFluxErr": error, "psfRa": ra + spread[0] * where,
        "psfDec": dec + spread[1] * where,
        "psfRaErr": where, "psfDecErr": where, "psfLnL": None,
        "psfChi2": 1681 + 60 * spread[4] + snr * snr / 9,
        "psfNdata": 1681, "psfFlux_flag": off_centre, "psfFlux_flag_edge": False,
        "psfFlux_flag_noGoodPixels": False,
        "trailFlux": blank * flux * 0.98, "trailFluxErr": blank * error * 0.02, "trailRa": blank * ra,
        "trailDec": blank * dec,
        "trailLength": trail, "trailAngle": blank * draws.uniforms(n, -90, 90), "trailNdata": 0,
        "trail_flag_edge": False,
        "trail_flag": shapeless, "trailAlgorithm": 1,
        "dipoleNdata": 2100 if dipole else 0, "isDipole": dipole, "dipoleFitAttempted": dipole,
        "scienceFlux": flux + template, "scienceFluxErr": 1.01 * error, "forced_PsfFlux_flag": off_centre,
        "forced_PsfFlux_flag_edge": False, "forced_PsfFlux_flag_noGoodPixels": False,
        "templateFlux": template + 0.05 * error * spread[5], "templateFluxErr": 0.06 * error,
        "ixx": blank * width * (1 + 0.1 * spread[3]), "iyy": blank * width * (1 + 0.1 * spread[4]),
        "ixy": blank * 0.03 * spread[5],
        "ixxPSF": width, "iyyPSF": width * 1.02, "ixyPSF": 0.01 * spread[2],
        "shape_flag": shapeless, "shape_flag_no_pixels": False, "shape_flag_not_contained": False,
        "shape_flag_parent_source": False,
        "extendedness": blank * draws.uniforms(n, 0, 0.4), "reliability": reliability,
        "spuriousness": 1 - reliability,
        "reliabilityVersion": "simulated", "glint_trail": False,
        "bboxSize": np.minimum(14 + snr * 0.35 + trail_pixels(draws, kind, n), 130).astype(np.int64),
        "pixelFlags_bad": draws.uniforms(n) < 0.005, "pixelFlags_streak": draws.uniforms(n) < 0.001,
    }  # fmt: skip
    table["pixelFlags_interpolated"] = table["pixelFlags_bad"]
    table["seeing"] = float(seeing[-1])
    table["template"] = float(template)
    table["sky"] = (float(table["ra"][-1]), float(table["dec"][-1]))
    if dipole:
        length = draws.uniforms(n, 0.01, 0.12)
        values = (
            30 * np.abs(flux),
            error * 0.7,
            np.zeros(n),
            error * 1.4,
            length,
            draws.uniforms(n, -180, 180),
            draws.uniforms(n, 100, 1500),
        )
        table |= dict(zip(_DIPOLE, values, strict=True))
    return table


def trail_pixels(draws: Draws, kind: Kind, n: int) -> Floats:
    """How much longer than a star the footprint is, pixels: asteroids and some artefacts."""
    long = {"asteroid": 25, "dipole": 12}.get(kind.name, 8)
    u = draws.uniforms(n)
    return long * u * u * u * u


def _forced(draws: Draws, campaign: Campaign, light: Light, sources: Columns) -> Columns:
    at: list[int] = light.forced.tolist()
    n = len(at)
    detectors: list[int] = draws.integers(n, 0, 188).tolist()
    counters: list[int] = draws.integers(n, 0, 1 << 14).tolist()
    ra, dec = sources["sky"]
    return _exposures(campaign, at, detectors) | {
        "diaForcedSourceId": [campaign.id(i, d, c) for i, d, c in zip(at, detectors, counters, strict=True)],
        "diaObjectId": sources["diaObjectId"],
        "ra": ra, "dec": dec, "x": draws.uniforms(n, 20, 4050), "y": draws.uniforms(n, 20, 3980), "flags": 0,
        "psfFlux": light.forced_flux, "psfFluxErr": light.forced_error,
        "scienceFlux": light.forced_flux + sources["template"], "scienceFluxErr": 1.01 * light.forced_error,
    }  # fmt: skip


def _limits(campaign: Campaign, light: Light) -> tuple[Columns, int]:
    """The noise of the last exposures that did not detect the object (schemas up to 7.4)."""
    seen = set(light.seen.tolist())
    at = [i for i in light.forced.tolist() if i not in seen][-10:]
    return _exposures(campaign, at, [94] * len(at)) | {"diaNoise": campaign.error[at]}, len(at)


def _object(draws: Draws, campaign: Campaign, light: Light, sources: Columns) -> Columns:
    where = sources["raErr"]
    n = len(where)
    table: Columns = {
        "diaObjectId": sources["diaSourceId"][0], "nDiaSources": n,
        "validityStartMjdTai": campaign.mjd[-1] + 0.00195,
        "radecMjdTai": campaign.mjd[-1], "firstDiaSourceMjdTai": None, "lastDiaSourceMjdTai": None,
        "ra": math.fsum(sources["ra"].tolist()) / n, "dec": math.fsum(sources["dec"].tolist()) / n,
        "raErr": where[-1] / math.sqrt(n), "decErr": where[-1] / math.sqrt(n),
        "ra_dec_Cov": sources["ra_dec_Cov"][-1] / n,
    }  # fmt: skip
    seen, forced = campaign.band[light.seen], campaign.band[light.forced]
    for number, band in enumerate(campaign.survey.bands):
        mine, theirs = seen == number, forced == number
        mjd = campaign.mjd[light.seen[mine]]
        stats = _statistics(mjd, light.flux[mine], light.error[mine])
        table |= {f"{band}_psfFlux{name}": value for name, value in stats.items()}
        science = _mean(light.forced_flux[theirs] + sources["template"], light.forced_error[theirs])
        table |= {f"{band}_scienceFluxMean": science[0], f"{band}_scienceFluxMeanErr": science[1]}
        table |= dict.fromkeys((f"{band}_fpFluxMean", f"{band}_fpFluxMeanErr", f"{band}_fpFluxSigma"))
    if n >= 10:
        table |= zip(_FEATURES, draws.normals(len(_FEATURES)).tolist(), strict=True)
    return table


def _mean(flux: Floats, error: Floats) -> tuple[float | None, float | None]:
    """The mean weighted by the inverse variance, and its error."""
    if not len(flux):
        return None, None
    weight = 1 / (error * error)
    total = math.fsum(weight.tolist())
    return math.fsum((flux * weight).tolist()) / total, math.sqrt(1 / total)


def _statistics(mjd: Floats, flux: Floats, error: Floats) -> Columns:
    n = len(flux)
    mean, mean_error = _mean(flux, error)
    table: Columns = {
        "Mean": mean,
        "MeanErr": mean_error,
        "Ndata": n,
        "Chi2": None,
        "Sigma": None,
        "MaxSlope": None,
    }
    table |= {"Min": None, "Max": None, "ErrMean": None}
    if mean is not None:
        off = flux - mean
        table["Chi2"] = math.fsum((off * off / (error * error)).tolist())
        table |= {"Min": flux.min(), "Max": flux.max(), "ErrMean": math.fsum(error.tolist()) / n}
        if n > 1:
            table["Sigma"] = math.sqrt(math.fsum((off * off).tolist()) / (n - 1))
            table["MaxSlope"] = (np.diff(flux) / np.diff(mjd)).max()
    return table
