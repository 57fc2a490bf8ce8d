"""Where each survey keeps identity, position and time. A name that changed between versions is listed in order.

Time scales: LSST's MJDs are TAI; v8's `time_processed` is a timestamp, taken to be TAI like its neighbours;
ZTF's `jd` is a UTC Julian Date of the exposure's start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.model.timescale import tai_mjd_to_utc, tai_unix_micros_to_utc, utc_jd_to_utc

__all__ = ["SURVEYS", "Survey"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the mapping must know about a survey beyond its schemas.

    record : the record of the triggering detection; `id` to `injected` are fields of it
    to_utc : for each field that may hold a time, the function to UTC text
    history : the array of earlier detections and the field with their ids
    designation : record and field that name a known solar-system object
    cutout_type : media type of the cutouts
    schema_url : where people find the schema, with ``{major}`` and ``{minor}``
    """

    title: str
    instrument: str
    contributor: tuple[str, str]
    observatory: str
    record: str
    id: str
    ra: tuple[str, ...]
    dec: tuple[str, ...]
    ra_error: tuple[str, ...]
    dec_error: tuple[str, ...]
    covariance: tuple[str, ...]
    observed: tuple[str, ...]
    processed: tuple[str, ...]
    withdrawn: tuple[str, ...]
    injected: tuple[str, ...]
    to_utc: dict[str, Callable[[Any], str | None]]
    history: tuple[str, str]
    designation: tuple[str, str] | None
    cutout_type: str
    schema_url: str


SURVEYS: dict[str, Survey] = {
    "lsst": Survey(
        title="Rubin Observatory alert, converted by voevent-gateway",
        instrument="NSF-DOE Vera C. Rubin Observatory, LSSTCam, difference imaging",
        contributor=("NSF-DOE Vera C. Rubin Observatory", "https://ror.org/048g3cy84"),
        observatory="Vera C. Rubin Observatory",
        record="diaSource",
        id="diaSourceId",
        ra=("ra",),
        dec=("dec", "decl"),
        ra_error=("raErr",),
        dec_error=("decErr", "declErr"),
        covariance=("ra_dec_Cov", "ra_decl_Cov"),
        observed=("midpointMjdTai", "midPointTai"),
        processed=("timeProcessedMjdTai", "time_processed"),
        withdrawn=("timeWithdrawnMjdTai",),
        injected=(
            "pixelFlags_injected",
            "pixelFlags_injectedCenter",
            "pixelFlags_injected_template",
            "pixelFlags_injected_templateCenter",
        ),
        to_utc={
            "midpointMjdTai": tai_mjd_to_utc,
            "midPointTai": tai_mjd_to_utc,
            "timeProcessedMjdTai": tai_mjd_to_utc,
            "timeWithdrawnMjdTai": tai_mjd_to_utc,
            "time_processed": tai_unix_micros_to_utc,
        },
        history=("prvDiaSources", "diaSourceId"),
        designation=("ssSource", "designation"),
        cutout_type="image/fits",
        schema_url="https://github.com/lsst/alert_packet/tree/main/python/lsst/alert/packet/schema/{major}/{minor}",
    ),
    "ztf": Survey(
        title="Zwicky Transient Facility alert, converted by voevent-gateway",
        instrument="Zwicky Transient Facility, 48-inch Samuel Oschin Telescope, difference imaging",
        contributor=("Zwicky Transient Facility", "https://www.ztf.caltech.edu"),
        observatory="Palomar Observatory",
        record="candidate",
        id="candid",
        ra=("ra",),
        dec=("dec",),
        ra_error=(),
        dec_error=(),
        covariance=(),
        observed=("jd",),
        processed=(),
        withdrawn=(),
        injected=(),
        to_utc={"jd": utc_jd_to_utc},
        history=("prv_candidates", "candid"),
        designation=None,
        cutout_type="application/gzip",
        schema_url="https://github.com/ZwickyTransientFacility/ztf-avro-alert",
    ),
}
