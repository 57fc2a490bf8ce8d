"""What an alert says about itself, and the VOEvent around its What: Who, WhereWhen, How, Why, Citations.

Rules (docs/mapping.md)
1. Who/Date is when the alert was processed, else when it was observed: never the time of conversion. It is an
   xs:dateTime, which has no second 60; there, 59 is written.
2. The system is UTC-ICRS-TOPO, valid in both versions and in every list of systems to be understood (VE-32).
3. Error2Radius is the 1-sigma semi-major axis of the position's error ellipse, in degrees: the square root of
   the larger eigenvalue of [[raErr^2, cov], [cov, decErr^2]]. It has 6 digits. Without errors, 2.1 leaves it
   out; 2.0 requires it, and NaN is the only true value.
4. An injected source is a test event (VE-06), whatever the stream's role; so is one whose injection flags are
   withheld, for who may not see them cannot tell it from a real one.
5. Citations: a withdrawn source retracts its event; a repeated one supersedes it, with complete content
   (VE-53); else a further detection may follow up earlier ones. A retraction or repetition needs an id of its
   own, ``<id>/<time in ms>``, because the packet it cites has ``<id>``.
6. Without the id of the detection there is no event: a common name for all such alerts would make them one to
   whoever compares IVOIDs.
7. AuthorIVORN is the organisation that mints, the authority itself, and not one of its streams (VE-11).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gateway.errors import PolicyError, Where
from gateway.mapping.settings import Settings
from gateway.mapping.surveys import Survey
from gateway.model.alert import SchemaKey
from gateway.model.floattext import text64
from gateway.model.voevent import (
    AstroCoords,
    AstroCoordSystem,
    Author,
    AuthorField,
    Citations,
    Concept,
    Coordinate,
    Description,
    EventIVORN,
    How,
    Inference,
    Name,
    ObservationLocation,
    ObservatoryLocation,
    Position2D,
    Reference,
    Time,
    TimeInstant,
    VOEvent,
    What,
    WhereWhen,
    Who,
    Why,
)

__all__ = [
    "MAX_CITED",
    "Facts",
    "Trigger",
    "designation_text",
    "envelope",
    "facts_of",
    "identity",
    "measured",
    "newest_first",
    "position",
    "utc",
]

MAX_CITED = 100
"""Most earlier detections cited, newest first: more would crowd a core event."""

SYSTEM = "UTC-ICRS-TOPO"
_NO_TIME = 2.0**63
"""So many milliseconds are no time: nothing is named for them, nor for NaN and infinity."""
_SOLAR_SYSTEM = "http://www.ivoa.net/rdf/uat#small-solar-system-bodies"
_ERROR_NOTE = (
    "Position: ICRS, as measured. Error2Radius is the 1-sigma semi-major axis of the error ellipse, in degrees; "
    "NaN means that the packet gives no errors."
)


@dataclass(slots=True)
class Trigger:
    """The values of the triggering detection that the envelope needs; times as the packet has them.

    `observed`, `processed` and `withdrawn` are (field name, value). Whatever is withheld or null is None; a source
    is `injected` also when that is withheld.
    """

    id: int | None = None
    ra: float | None = None
    dec: float | None = None
    ra_error: float | None = None
    dec_error: float | None = None
    covariance: float | None = None
    observed: tuple[str, float] | None = None
    processed: tuple[str, float] | None = None
    withdrawn: tuple[str, float] | None = None
    injected: bool = False
    earlier: tuple[int, ...] = ()
    designation: str | None = None


class Facts(NamedTuple):
    """The texts that go into an envelope, and what else shapes it. A text that is None leaves its element out.

    local : the id of the detection, without a time behind it; names the cutouts
    citations : (cite, ivorn) of each cited event
    """

    ivorn: str
    date: str | None
    time: str | None
    ra: str | None
    dec: str | None
    radius: str | None
    designation: str | None
    local: str
    role: str
    citations: tuple[tuple[str, str], ...] = ()

    @property
    def texts(self) -> tuple[str | None, ...]:
        """Those from `ivorn` to `designation`, which are plain ASCII without anything that XML escapes."""
        return self[:7]

    @property
    def cites(self) -> tuple[str, ...]:
        """What each citation is: followup, supersedes or retraction."""
        return tuple([cite for cite, _ in self.citations]) if self.citations else ()


def facts_of(
    trigger: Trigger, survey: Survey, settings: Settings, where: Sequence[str] | None = None
) -> Facts:
    """The texts for an alert's envelope. Raises PolicyError (policy-withheld) without an id (rule 6).

    where : the texts of `measured(trigger)`, if they are written already
    """
    local, citations = identity(trigger, survey, settings)
    observed = utc(trigger.observed, survey)
    date = utc(trigger.processed, survey) or observed
    if where is None:
        where = [text64(number) for number in measured(trigger)]
    ra, dec = where[:2] if where else (None, None)
    radius = where[2] if len(where) > 2 else "NaN" if where and settings.version == "2.0" else None
    return Facts(
        settings.ivorn(local),
        date.replace(":60.", ":59.") if date else None,
        observed,
        ra,
        dec,
        radius,
        trigger.designation if settings.classify else None,
        str(trigger.id),
        "test" if trigger.injected else settings.role,
        citations,
    )


def newest_first(rows: list[tuple[float, int]], *, all_of_them: bool) -> tuple[int, ...]:
    """The ids of earlier detections to cite, from (time, id) pairs."""
    ordered = sorted((row for row in rows if not math.isnan(row[0])), reverse=True)
    return tuple(dict.fromkeys(number for _, number in ordered[: MAX_CITED if all_of_them else 1]))


def designation_text(text: str) -> str | None:
    """A designation as Why may carry it; None for what is no short plain name."""
    return text if re.fullmatch(r"[A-Za-z0-9()/ '+.-]{1,64}", text) else None


def measured(trigger: Trigger) -> tuple[float, ...]:
    """Right ascension, declination and, if it is known, Error2Radius, deg (rule 3); half a position is none."""
    if trigger.ra is None or trigger.dec is None:
        return ()
    radius = _semi_major_axis(trigger)
    if math.isnan(radius):
        return trigger.ra, trigger.dec
    return trigger.ra, trigger.dec, float(f"{radius:.6g}")


def position(trigger: Trigger) -> tuple[str | None, str | None]:
    """Right ascension and declination, deg; half a position is none."""
    if trigger.ra is None or trigger.dec is None:
        return None, None
    return text64(trigger.ra), text64(trigger.dec)


def utc(time: tuple[str, float] | None, survey: Survey) -> str | None:
    """The ISO 8601 text, in UTC, of a time of the trigger."""
    return survey.to_utc[time[0]](time[1]) if time else None


def _semi_major_axis(trigger: Trigger) -> float:
    """Rule 3; NaN without errors, or when the numbers are no covariance matrix."""
    if trigger.ra_error is None or trigger.dec_error is None:
        return math.nan
    a, b, c = (
        trigger.ra_error * trigger.ra_error,
        trigger.dec_error * trigger.dec_error,
        trigger.covariance or 0.0,
    )
    # Square roots of sums and products are the same on every machine; hypot and pow need not be.
    radius = math.sqrt((a + b) / 2 + math.sqrt((a - b) * (a - b) / 4 + c * c))
    return radius if radius < 1e30 else math.nan


def identity(trigger: Trigger, survey: Survey, settings: Settings) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The local part of the IVOID, and (cite, ivorn) of what is cited (rule 5).

    Raises PolicyError (policy-withheld) without an id (rule 6).
    """
    if trigger.id is None:
        raise PolicyError(
            "policy-withheld",
            "The id of the detection is withheld, and without it an event has no identity.",
            where=Where(path=f"{survey.record}.{survey.id}"),
        )
    name = str(trigger.id)
    moment, cite = (
        (trigger.withdrawn, "retraction")
        if trigger.withdrawn
        else (trigger.processed or trigger.observed, "supersedes")
        if settings.reprocessed
        else (None, "")
    )
    if moment:
        number = moment[1] / 1000 if moment[0] == "time_processed" else moment[1] * 86_400_000
        if abs(number) < _NO_TIME:
            return f"{name}/{round(number)}", ((cite, settings.ivorn(name)),)
    return name, tuple([("followup", settings.ivorn(str(earlier))) for earlier in trigger.earlier])


def envelope(facts: Facts, survey: Survey, key: SchemaKey, settings: Settings, what: What) -> VOEvent:
    """The event around a What."""
    contributors: tuple[AuthorField, ...] = ()
    if settings.version == "2.1":
        name, url = survey.contributor
        contributors = (AuthorField("Contributor", name, alt_identifier=url, role="DataCollector"),)
    return VOEvent(
        version=settings.version,
        ivorn=facts.ivorn,
        role=facts.role,
        who=Who(
            author_ivorn=f"ivo://{settings.authority}",
            date=facts.date,
            author=Author((AuthorField("title", survey.title), *contributors)),
        ),
        what=what,
        wherewhen=_wherewhen(facts, survey),
        how=How(
            (
                Description(survey.instrument),
                Reference(
                    survey.schema_url.format(major=key.major, minor=key.minor),
                    mimetype="text/html",
                    meaning="http://www.ivoa.net/rdf/datalink/core#documentation",
                ),
            )
        ),
        why=_why(facts),
        citations=_citations(facts),
    )


def _wherewhen(facts: Facts, survey: Survey) -> WhereWhen:
    position = None
    if facts.ra is not None and facts.dec is not None:
        position = Position2D(
            value=(Coordinate(facts.ra), Coordinate(facts.dec)),
            unit="deg",
            name1="RA",
            name2="Dec",
            error_radius=Coordinate(facts.radius) if facts.radius is not None else None,
        )
    time = Time(instant=TimeInstant(iso_time=facts.time), unit="s") if facts.time else None
    return WhereWhen(
        observatory=ObservatoryLocation(id=survey.observatory),
        observation=ObservationLocation(
            AstroCoordSystem(SYSTEM), AstroCoords(SYSTEM, time=time, position2d=position)
        ),
        items=(Description(_ERROR_NOTE),) if position else (),
    )


def _why(facts: Facts) -> Why | None:
    if facts.designation is None:
        return None
    return Why(
        items=(Inference(relation="identified", items=(Name(facts.designation), Concept(_SOLAR_SYSTEM))),)
    )


_CITED = {
    "retraction": "The survey withdrew this detection.",
    "supersedes": "The survey processed this detection again; this packet replaces the earlier one.",
    "followup": "Earlier detections of the same object.",
}


def _citations(facts: Facts) -> Citations | None:
    if not facts.citations:
        return None
    events = tuple(EventIVORN(ivorn, cite) for cite, ivorn in facts.citations)
    return Citations(events, _CITED[facts.citations[0][0]])
