"""VE-30 to VE-37: WhereWhen (VOEvent 2.1 section 3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.codecs.voevent.rules.document import (
    Document,
    Problem,
    children,
    content,
    descendants,
    has,
    name_of,
)
from gateway.model.finding import Severity
from gateway.model.voevent_values import param_float
from gateway.safexml import Element

__all__ = [
    "DEFAULT_SYSTEMS",
    "OBSERVATORY_SYSTEM",
    "SOLAR_SYSTEMS",
    "barycentre",
    "explicit_frames",
    "known_system",
    "numbers",
    "observatory",
    "parts",
    "same_system",
    "times",
]

DEFAULT_SYSTEMS = frozenset(
    f"{time}-{space}-{center}"
    for time in ("TT", "UTC", "GPS")
    for space in ("ICRS", "FK5")
    for center in ("TOPO", "GEO")
) | {"TDB-ICRS-BARY", "TDB-FK5-BARY"}
"""What every broker and client may be called upon to understand (section 3.4.1)."""

SOLAR_SYSTEMS = frozenset(f"UTC-{space}-TOPO" for space in ("HPC", "HPR", "HGS", "HGC"))
"""Systems of solar events (2.1, section 3.4.5)."""

OBSERVATORY_SYSTEM = "UTC-GEOD-TOPO"
"""The system of an observatory's coordinates (section 3.4.2)."""

_REQUIRED = {
    "WhereWhen": ("ObsDataLocation",),
    "ObsDataLocation": ("ObservatoryLocation", "ObservationLocation"),
    "ObservationLocation": ("AstroCoordSystem", "AstroCoords"),
}
_CENTERS = ("TOPO", "GEO", "BARY")
_ISO_TIME = re.compile(
    r"-?\d{4,}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-4]):[0-5]\d(:([0-5]\d|60)(\.\d+)?)?"
    r"(Z|[+-]\d\d:?\d\d)?\Z"
)
_XS_FLOAT = re.compile(r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)\Z")


def parts(document: Document) -> Iterator[Problem]:
    """VE-30."""
    for element in document.all(*_REQUIRED):
        present = {name_of(child) for child in children(element)}
        missing = [name for name in _REQUIRED[name_of(element)] if name not in present]
        if missing:
            message = f"{name_of(element)} has no {' and no '.join(missing)}."
            # The XSD happens to accept an empty WhereWhen, and section 3.4 says what it means: unknown.
            severity = Severity.WARNING if name_of(element) == "WhereWhen" else None
            yield Problem(element, message, severity=severity)


def _systems(document: Document) -> Iterator[tuple[Element, Element | None, Element | None]]:
    """Each ObservatoryLocation and ObservationLocation with its system and coordinates."""
    for location in document.all("ObservatoryLocation", "ObservationLocation"):
        system = next(children(location, "AstroCoordSystem"), None)
        yield location, system, next(children(location, "AstroCoords"), None)


def same_system(document: Document) -> Iterator[Problem]:
    """VE-31."""
    for _, system, coords in _systems(document):
        if system is not None and coords is not None and system.get("id") != coords.get("coord_system_id"):
            yield Problem(coords, "The coord_system_id is not the id of the AstroCoordSystem beside it.")


def known_system(document: Document) -> Iterator[Problem]:
    """VE-32. The XSD of 2.0 lists the ids itself; VE-33 and VE-35 say more about some of the others."""
    solar = SOLAR_SYSTEMS if document.version == "2.1" else frozenset()
    for location, system, _ in _systems(document):
        if system is None or has(system, "TimeFrame", "SpaceFrame"):
            continue
        identifier = system.get("id")
        if identifier is None:
            yield Problem(
                system, "The AstroCoordSystem has neither an id nor a frame, so its coordinates mean nothing."
            )
            continue
        understood = DEFAULT_SYSTEMS | solar
        if name_of(location) == "ObservatoryLocation":
            understood |= {OBSERVATORY_SYSTEM}
        if document.version == "2.0" or identifier in understood:
            continue
        time, _, center = _split(identifier)
        if not center:
            yield Problem(system, "The id is not of the form time-space-center, such as UTC-ICRS-TOPO.", "id")
        elif center in _CENTERS and (time == "TDB") == (center == "BARY"):
            message = (
                "The id is not in the list that clients are expected to understand; prefer UTC-ICRS-TOPO."
            )
            yield Problem(system, message, "id")


def barycentre(document: Document) -> Iterator[Problem]:
    """VE-33."""
    for _, system, _ in _systems(document):
        if system is not None:
            time, _, center = _split(system.get("id", ""))
            if center in _CENTERS and (time == "TDB") != (center == "BARY"):
                yield Problem(system, "TDB goes with BARY and BARY with TDB.", "id")


def observatory(document: Document) -> Iterator[Problem]:
    """VE-34."""
    topocentric = any(
        _split(system.get("id", ""))[2] == "TOPO"
        for location, system, _ in _systems(document)
        if system is not None and name_of(location) == "ObservationLocation"
    )
    for location, system, coords in _systems(document):
        if name_of(location) != "ObservatoryLocation":
            continue
        if coords is None:
            if topocentric and not location.get("id"):
                yield Problem(location, "A TOPO system needs the observatory: give an id or coordinates.")
            continue
        if system is None or system.get("id") != OBSERVATORY_SYSTEM:
            yield Problem(location, f"Coordinates of an observatory are given in {OBSERVATORY_SYSTEM}.")
        if document.version == "2.1":
            for value in descendants(coords, "C1", "C2", "C3"):
                if value.get("pos_unit") is None:
                    yield Problem(value, f"{name_of(value)} of an observatory has no pos_unit.")


def explicit_frames(document: Document) -> Iterator[Problem]:
    """VE-35 (2.1)."""
    for _, system, _ in _systems(document):
        if system is not None:
            center = _split(system.get("id", ""))[2]
            frames = {name_of(child) for child in children(system)}
            if center and center not in _CENTERS and not frames >= {"TimeFrame", "SpaceFrame"}:
                message = "A center other than TOPO, GEO and BARY needs a TimeFrame and a SpaceFrame."
                yield Problem(system, message)


def _split(identifier: str) -> tuple[str, str, str]:
    """Time, space and center; three empty texts when there are not three parts."""
    found = identifier.split("-")
    return (found[0], found[1], found[2]) if len(found) == 3 and all(found) else ("", "", "")


def times(document: Document) -> Iterator[Problem]:
    """VE-36."""
    for element in document.all("ISOTime", "ISOTimeStart", "ISOTimeStop"):
        if not _ISO_TIME.match(content(element)):
            yield Problem(element, f"{name_of(element)} is not of the form yyyy-mm-ddThh:mm:ss.")


def numbers(document: Document) -> Iterator[Problem]:
    """VE-37."""
    for coords in document.all("AstroCoords"):
        for element in descendants(coords, "C1", "C2", "C3", "Error", "Error2Radius", "TimeOffset"):
            if len(element):
                continue
            text, name = content(element), name_of(element)
            if not _XS_FLOAT.match(text):
                yield Problem(element, f"{name} is not a number, INF, -INF or NaN.")
            elif (name.startswith("Error") or _in_error(element)) and param_float(text) < 0:
                yield Problem(element, "An error is not negative.", severity=Severity.WARNING)


def _in_error(element: Element) -> bool:
    parent = element.getparent()
    return parent is not None and name_of(parent).startswith("Error")
