"""A minor planet of the main belt at a place of the sky: its orbit, and where it is seen from.

Distances, velocities and angles of the place agree with each other, as do the elements of the orbit; but the
orbit is not one that leads through the place.

Rules
1. Angles in degrees, distances in au, velocities in km/s, rates in deg/d (fields of ssSource).
2. The Sun is where its mean longitude says; the Earth moves in a circle.
3. The seven characters of a packed provisional designation (MPC) are an LSST ssObjectId, read as an integer.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from gateway.simulate.campaign import TILT, Campaign, sun
from gateway.simulate.exact import Draws, Floats, sine

__all__ = ["packed", "table"]

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXY"
_GALAXY = np.array(
    [
        (-0.0548755604, -0.8734370902, -0.4838350155),
        (0.4941094279, -0.44482963, 0.7469822445),
        (-0.867666149, -0.1980763734, 0.4559837762),
    ]
)
"""Rotation from equatorial to galactic coordinates (ESA 1997, Hipparcos catalogue, section 1.5.3)."""
_SMALL = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
"""Sizes of the errors of orbital elements."""


def packed(year: int, half: str, letter: str, cycle: int) -> str:
    """A provisional designation in packed form: 2004 JQ12 is K04J12Q."""
    return f"{chr(ord('A') + year // 100 - 10)}{year % 100:02}{half}{cycle:02}{letter}"


def _unit(longitude: float, latitude: float) -> Floats:
    east, north, up, out = sine(np.array([longitude, longitude + 90, latitude, latitude + 90]) / 360)
    return np.array([north * out, east * out, up])


def _angles(vector: Floats) -> tuple[float, float]:
    x, y, z = vector.tolist()
    flat = math.sqrt(x * x + y * y)
    return round(math.degrees(math.atan2(y, x)) % 360, 6), round(math.degrees(math.atan2(z, flat)), 6)


def _dot(a: Floats, b: Floats) -> float:
    return math.fsum((a * b).tolist())


def _between(a: Floats, b: Floats) -> float:
    cosine = _dot(a, b) / math.sqrt(_dot(a, a) * _dot(b, b))
    return round(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))), 4)


def _ecliptic(vector: Floats) -> Floats:
    sin, cos = sine(np.array([TILT, TILT + 90]) / 360).tolist()
    x, y, z = vector.tolist()
    return np.array([x, y * cos + z * sin, z * cos - y * sin])


def table(draws: Draws, campaign: Campaign, source: dict[str, Any]) -> dict[str, Any]:
    """Columns for ssSource, mpc_orbits, MPCORB and ssObject of what the last row of `source` saw."""
    mjd = float(campaign.mjd[-1])
    year, cycle = draws.integer(1995, 2026), draws.integer(0, 99)
    half, letter = (_LETTERS[draws.integer(0, len(_LETTERS) - 1)] for _ in range(2))
    name, short = f"{year} {half}{letter}{cycle or ''}", packed(year, half, letter, cycle)
    number = int.from_bytes(short.encode(), "big")
    orbit = _orbit(draws, mjd, name, short)
    place = _place(draws, mjd, source, orbit["a"])
    return place | orbit | {"ssObjectId": number}


def _place(draws: Draws, mjd: float, source: dict[str, Any], a: float) -> dict[str, Any]:
    ra, dec = float(source["ra"][-1]), float(source["dec"][-1])
    sight = _unit(ra, dec)
    longitude = sun(mjd)
    sin, cos = sine(np.array([TILT, TILT + 90]) / 360).tolist()
    x, y, _ = _unit(longitude, 0).tolist()
    to_sun = np.array([x, y * cos, y * sin])
    earth_x, earth_y, _ = _unit(longitude + 90, 0).tolist()
    earth_v = 29.78 * np.array([-earth_x, -earth_y * cos, -earth_y * sin])
    distance = max(a * draws.uniform(0.85, 1.15), 1.05)
    # The line of sight meets the sphere of that radius around the Sun once, as the Earth is inside.
    along = _dot(sight, to_sun)
    reach = along + math.sqrt(distance * distance - 1 + along * along)
    topo, helio = sight * reach, sight * reach - to_sun
    around = np.array([-helio[1], helio[0], 0.0])
    helio_v = around * (29.78 / math.sqrt(distance * _dot(around, around)))
    helio_v = helio_v + helio * draws.uniform(-0.5, 0.5)
    topo_v = helio_v - earth_v
    offset = draws.normals(2) * 0.02
    rate = draws.normals(2) * 0.12
    lam, beta = _angles(_ecliptic(sight))
    lon, lat = _angles(np.array([_dot(row, sight) for row in _GALAXY]))
    place: dict[str, Any] = {
        "diaSourceId": source["diaSourceId"][-1],
        "eclLambda": lam, "eclBeta": beta, "galLon": lon, "galLat": lat,
        "elongation": _between(sight, to_sun), "phaseAngle": _between(topo, helio),
        "topoRange": reach, "topoRangeRate": _dot(topo_v, sight),
        "helioRange": distance, "helioRangeRate": _dot(helio_v, helio) / distance,
        "ephRa": ra - offset[0] / 3600, "ephDec": dec - offset[1] / 3600,
        "ephVmag": draws.uniform(18, 24), "ephRate": math.sqrt(_dot(rate, rate)),
        "ephRateRa": rate[0], "ephRateDec": rate[1],
        "ephOffset": math.sqrt(_dot(offset, offset)), "ephOffsetRa": offset[0], "ephOffsetDec": offset[1],
        "ephOffsetAlongTrack": None, "ephOffsetCrossTrack": None, "diaDistanceRank": 1,
    }  # fmt: skip
    for name, vector, velocity in (("helio", helio, helio_v), ("topo", topo, topo_v)):
        for axis, p, v in zip("xyz", vector.tolist(), velocity.tolist(), strict=True):
            place |= {f"{name}_{axis}": p, f"{name}_v{axis}": v}
            place |= {f"{name}centric{axis.upper()}": p, f"{name}centricV{axis.upper()}": v}  # 8.0 and 9.0
        place[f"{name}_vtot"] = math.sqrt(_dot(velocity, velocity))
    return place


def _orbit(draws: Draws, mjd: float, name: str, short: str) -> dict[str, Any]:
    a, e = draws.uniform(2.1, 3.3), abs(draws.normal()) * 0.08
    period = math.sqrt(a * a * a) * 365.25
    elements = {
        "a": a, "q": a * (1 - e), "e": e, "i": abs(draws.normal()) * 9, "node": draws.uniform(0, 360),
        "argperi": draws.uniform(0, 360), "peri_time": mjd + draws.uniform(-0.5, 0.5) * period,
        "mean_anomaly": draws.uniform(0, 360), "period": period, "mean_motion": 360 / period,
    }  # fmt: skip
    elements = {key: round(value, 12) for key, value in elements.items()}
    unc = {
        f"{key}_unc": round(draws.choice(_SMALL, (1, 1, 1, 1, 1)) * draws.uniform(1, 9), 14)
        for key in elements
    }
    forces = {
        f"{key}{suffix}": 0.0
        for key in ("yarkovsky", "srp", "a1", "a2", "a3", "dt")
        for suffix in ("", "_unc")
    }
    arc, observations, magnitude = (
        round(draws.uniform(1000, 12000), 5),
        draws.integer(40, 900),
        round(draws.uniform(14, 20), 3),
    )
    six = ("q", "e", "i", "node", "argperi", "peri_time")
    document = {
        "COM": {"coefficient_names": six, "coefficient_values": [elements[key] for key in six],
                "coefficient_uncertainties": [unc[f"{key}_unc"] for key in six]},
        "epoch_data": {"epoch": 61000.0, "timeform": "MJD", "timesystem": "TDT"},
        "magnitude_data": {"G": 0.15, "H": magnitude},
        "designation_data": {"unpacked_primary_provisional_designation": name,
        "packed_primary_provisional_designation": short},
        "orbit_fit_statistics": {"nobs_total": observations, "normalized_RMS": 0.5},
    }  # fmt: skip
    return elements | unc | forces | {
        "id": 0, "designation": name, "packed_primary_provisional_designation": short,
        "unpacked_primary_provisional_designation": name, "mpc_orb_jsonb": json.dumps(document),
        "created_at": 61000.0, "updated_at": 61200.0, "fitting_datetime": 61200.0,
        "orbit_type_int": 11, "u_param": draws.integer(0, 3), "nopp": draws.integer(2, 20),
        "arc_length_total": arc, "arc_length_sel": arc, "nobs_total": observations,
        "nobs_total_sel": observations - draws.integer(0, 16),
        "epoch_mjd": 61000.0, "h": magnitude, "g": 0.15, "not_normalized_rms": 0.0,
        "normalized_rms": round(draws.uniform(0.3, 0.9), 6),
        "earth_moid": round(draws.uniform(0.8, 2), 6),
    }  # fmt: skip
