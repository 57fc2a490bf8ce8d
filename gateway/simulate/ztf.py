"""The tables of a ZTF alert: candidate, prv_candidate, fp_hist and the file names of the stamps.

Rules (measured on real alerts of schemas 3.2, 3.3 and 4.02)
1. prv_candidates holds thirty days of exposures since the object was first seen. Where it was not detected,
   all but the facts about the exposure are null. fp_hists (4.02) holds forced fluxes of the same exposures.
2. candid is <pid>01<four digits>; pid is the number of the night, the fraction of the day in five digits,
   rcid and 15.
3. A quantity that does not exist is -999 in candidate: distances to a minor planet or to a neighbour that was
   not found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from gateway.simulate.campaign import MJD_ZERO, Campaign
from gateway.simulate.exact import Draws, magnitude, sine
from gateway.simulate.lightcurve import Light
from gateway.simulate.objects import Kind

__all__ = ["Packet", "file_names", "packet"]

_JD = 2400000.5
_NIGHT_ZERO = 57754
"""MJD of night 0 (JD 2457754.5)."""
_ZERO = 26.2
_PROGRAM = 1

Columns = dict[str, Any]


@dataclass
class Packet:
    """The tables of one alert; `arrays` by the name of their field, with their number of rows."""

    root: Columns
    candidate: Columns
    arrays: dict[str, tuple[Columns, int]]


def packet(draws: Draws, campaign: Campaign, kind: Kind, light: Light, index: int) -> Packet:
    """The tables of alert number `index` of a visit."""
    last = len(campaign.mjd) - 1
    asteroid = kind.name == "asteroid"
    angle, reach = draws.uniforms(2)
    radius = campaign.survey.radius * math.sqrt(reach)
    north, east = (radius * sine(np.array([angle, angle + 0.25]))).tolist()
    ra, dec = campaign.place(east, north)
    field, rcid = 200 + int(campaign.ra + campaign.dec) % 700, int(campaign.ra) % 64
    reference = {
        "distnr": draws.uniform(0.05, 3), "magnr": draws.uniform(15, 21.5), "sigmagnr": 0.02, "chinr": 0.6,
        "sharpnr": 0.01, "ranr": round(ra, 7), "decnr": round(dec, 7),
    }  # fmt: skip
    quadrant = {"field": field, "rcid": rcid}
    history = list(range(int(light.seen[0]), last)) if len(light.seen) > 1 else []
    exposures = _exposures(draws, campaign, np.array([*history, last]), quadrant)
    photometry = _photometry(draws, light, (ra, dec)) | reference
    at = {exposure: row for row, exposure in enumerate(light.seen.tolist())}
    seen = [at.get(exposure) for exposure in history]
    previous = {name: _at(column, seen) for name, column in photometry.items()}
    previous |= {
        name: column[:-1] if isinstance(column, list) else column for name, column in exposures.items()
    }
    previous["tblid"] = [None if row is None else draws.integer(0, 300) for row in seen]
    previous["candid"] = [
        None if number is None else _candid(pid, number)
        for pid, number in zip(previous["pid"], previous["tblid"], strict=True)
    ]
    candidate = {name: _at(column, [-1])[0] for name, column in (photometry | exposures).items()}
    candidate |= {"candid": _candid(candidate["pid"], index), "tblid": index}
    candidate |= {"flux": float(light.flux[-1]), "error": float(light.error[-1])}
    candidate |= _candidate(draws, campaign, light, asteroid, len(history))
    letters = "".join(chr(97 + draws.integer(0, 25)) for _ in range(7))
    name = f"ZTF{campaign.days[-1].year % 100:02}{letters}"
    root = {"publisher": "simulated", "objectId": name, "candid": candidate["candid"]}
    forced = _forced(draws, campaign, light, reference, quadrant)
    arrays = {"prv_candidates": (previous, len(history)), "fp_hists": (forced, len(light.forced))}
    return Packet(root, candidate, arrays)


def _candid(pid: int, counter: int) -> int:
    return pid * 1_000_000 + 10_000 + counter


def _at(column: Any, places: list[int | None]) -> list[Any]:
    """The values of a column at these places, null at None; what is no list is the same everywhere."""
    if not isinstance(column, list):
        return [None if place is None else column for place in places]
    return [None if place is None else column[place] for place in places]


def _exposures(draws: Draws, campaign: Campaign, at: Any, quadrant: Columns) -> Columns:
    """What is known about an exposure whether something was found in it or not."""
    n = len(at)
    rcid = quadrant["rcid"]
    mjds: list[float] = campaign.mjd[at].tolist()
    jd = [round(mjd + _JD, 7) for mjd in mjds]
    nid = [int(mjd - _NIGHT_ZERO) for mjd in mjds]
    pid = [
        (night * 100_000 + int(mjd % 1 * 100_000)) * 10_000 + rcid * 100 + 15
        for night, mjd in zip(nid, mjds, strict=True)
    ]
    bands: list[int] = campaign.band[at].tolist()
    place = f"{quadrant['field']:06}_z{{}}_c{rcid // 4 + 1:02}_o_q{rcid % 4 + 1}_scimrefdiffimg.fits"
    names = [
        f"ztf_{date.fromordinal(int(mjd) + MJD_ZERO):%Y%m%d}{int(mjd % 1 * 1e6):06}_"
        + place.format(campaign.survey.bands[band])
        for mjd, band in zip(mjds, bands, strict=True)
    ]
    return {
        "jd": jd, "fid": [band + 1 for band in bands], "pid": pid, "nid": nid,
        "diffmaglim": magnitude(5 * campaign.error[at], _ZERO).tolist(), "pdiffimfilename": names,
        "programpi": "simulated", "programid": _PROGRAM,
        "magzpsci": _ZERO, "magzpsciunc": 4e-6, "magzpscirms": draws.uniforms(n, 0.02, 0.04).tolist(),
        "clrcoeff": 0.09, "clrcounc": 7e-6,
        "rbversion": "t17_f5_c3",
    } | quadrant  # fmt: skip


def _photometry(draws: Draws, light: Light, place: tuple[float, float]) -> Columns:
    """What is known about a detection; lists along light.seen."""
    n = len(light.seen)
    flux, error = np.abs(light.flux), light.error
    snr = flux / error
    spread = draws.normals(6 * n).reshape(6, n)
    mag = magnitude(flux, _ZERO)
    limit = magnitude(5 * error, _ZERO)
    wide = draws.uniforms(n, 1.8, 3.5)
    columns: dict[str, Any] = {
        "isdiffpos": ["f" if f < 0 else "t" for f in light.flux.tolist()],
        "xpos": draws.uniforms(n, 10, 3060), "ypos": draws.uniforms(n, 10, 3070),
        "ra": [round(v, 7) for v in (place[0] + spread[0] * 2e-5).tolist()],
        "dec": [round(v, 7) for v in (place[1] + spread[1] * 2e-5).tolist()],
        "magpsf": mag, "sigmapsf": 1.0857 / snr, "chipsf": 1 + 0.05 * snr + np.abs(spread[2]),
        "magap": mag + 0.05 * spread[3],
        "sigmagap": 0.8 / snr, "sky": spread[4], "magdiff": 0.05 * spread[3], "fwhm": wide,
        "classtar": 1 - draws.uniforms(n, 0, 0.4), "mindtoedge": draws.uniforms(n, 10, 1500),
        "magfromlim": limit - mag,
        "seeratio": draws.uniforms(n, 0.7, 1.3), "aimage": wide * 0.34, "bimage": wide * 0.3,
        "aimagerat": 0.34, "bimagerat": 0.3,
        "elong": 1.05 + np.abs(spread[5]) * 0.1, "nneg": draws.integers(n, 0, 8), "nbad": 0,
        "rb": 1 - draws.uniforms(n, 0, 0.6),
        "ssdistnr": None, "ssmagnr": None, "ssnamenr": None, "sumrat": 1 - draws.uniforms(n, 0, 0.3),
        "magapbig": mag - 0.05,
        "sigmagapbig": 1.1 / snr, "scorr": snr,
    }  # fmt: skip
    return {name: c.tolist() if isinstance(c, np.ndarray) else c for name, c in columns.items()}


def _candidate(draws: Draws, campaign: Campaign, light: Light, asteroid: bool, covered: int) -> Columns:
    """What only the triggering candidate has: neighbours, reference image, history in numbers."""
    table: Columns = {
        "ssdistnr": draws.uniform(0, 4) if asteroid else -999.0,
        "ssmagnr": draws.uniform(15, 20) if asteroid else -999.0,
        "ssnamenr": str(draws.integer(1, 600_000)) if asteroid else "null",
        "ndethist": len(light.seen), "ncovhist": len(light.seen) + covered + draws.integer(0, 400),
        "jdstarthist": round(float(campaign.mjd[light.seen[0]]) + _JD, 7),
        "jdendhist": round(float(campaign.mjd[-1]) + _JD, 7),
        "tooflag": 0, "nmtchps": draws.integer(0, 25), "rfid": draws.integer(10**8, 9 * 10**8),
        "jdstartref": 2458160.811632, "jdendref": 2458430.578206, "nframesref": draws.integer(15, 40),
        "dsnrms": draws.uniform(5, 300), "ssnrms": draws.uniform(20, 700),
        "nmatches": draws.integer(200, 2500),
        "zpclrcov": -4.6e-6, "zpmed": 26.25, "clrmed": 0.7, "clrrms": 0.2, "neargaia": draws.uniform(0.1, 60),
        "neargaiabright": -999.0, "maggaia": draws.uniform(13, 20), "maggaiabright": -999.0, "exptime": 30.0,
        "drb": 1 - draws.uniform(0, 0.5), "drbversion": "d6_m7",
    }  # fmt: skip
    table["dsdiff"] = table["dsnrms"] - table["ssnrms"]
    for number in "123":
        found = draws.chance(0.9)
        mags = draws.uniforms(4, 15, 22).tolist() if found else [-999.0] * 4
        table |= {f"s{band}mag{number}": mag for band, mag in zip("griz", mags, strict=True)}
        table[f"objectidps{number}"] = draws.integer(9 * 10**16, 2 * 10**17) if found else None
        table[f"sgscore{number}"] = draws.uniform() if found else -999.0
        table[f"distpsnr{number}"] = draws.uniform(0.05, 25) if found else -999.0
    return table


def _forced(draws: Draws, campaign: Campaign, light: Light, reference: Columns, quadrant: Columns) -> Columns:
    at = light.forced
    n = len(at)
    return _exposures(draws, campaign, at, quadrant) | reference | {
        "rfid": draws.integer(10**8, 9 * 10**8), "sciinpseeing": draws.uniforms(n, 1.6, 3.5),
        "scibckgnd": draws.uniforms(n, 100, 400),
        "scisigpix": draws.uniforms(n, 4, 12), "exptime": 30.0, "adpctdif1": draws.uniforms(n, 0, 0.2),
        "adpctdif2": draws.uniforms(n, 0, 0.2),
        "forcediffimflux": light.forced_flux, "forcediffimfluxunc": light.forced_error, "procstatus": "0",
    }  # fmt: skip


def file_names(candidate: Columns) -> dict[str, str]:
    """The names of the three files."""
    candid, pid = candidate["candid"], candidate["pid"]
    return {
        "cutoutScience": f"candid{candid}_pid{pid}_targ_sci.fits.gz",
        "cutoutTemplate": f"candid{candid}_ref.fits.gz",
        "cutoutDifference": f"candid{candid}_pid{pid}_targ_scimref.fits.gz",
    }
