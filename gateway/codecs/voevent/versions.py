"""VOEvent of one version -> the same event in another, and what could not be said there.

Rules
V1. Only the target matters: an event that has the target's version already is returned as it is; any other
    is fitted to the target by the rules below. The result is valid by the target's XSD whenever the source
    is by its own.
V2. Nothing goes silently: what is left out or changed is a Loss. A number is never left behind with
    another meaning: coordinates whose system the target cannot name are not written without it.
V3. Identifiers, texts and numbers stay verbatim (a ``#`` id stays one, Concepts are not translated).
    `original` is dropped, because the bytes are those of another document.
V4. An attribute or element that the target does not have and no rule below keeps is left out with a Loss;
    the table in `elements` knows what exists since when. So goes Reference@name, which 1.1 had and both
    later XSDs refuse.

The differences of 2.1 to 2.0, and what happens to each
D1  namespace, `version`     the writer's business.
D2  Contributor              to 2.0: becomes contributor, its text kept; its attributes are a Loss.
D3  AstroCoordSystem@id, coord_system_id
                             2.0 has a closed list of 14. The names of the list in another order of parts
                             or in lower case (1.1 packets write FK5-UTC-GEO) are respelled, to either
                             target. To 2.0 with any other name, or with frames instead of a name:
                             coordinates of the event cannot be converted (ConversionError); those of the
                             observatory are left out with a Loss; a name that no coordinates use is left
                             out with a Loss.
                             2.1 wants the ids unique in the document. The observatory's system, when it
                             is the same as the event's, is left out with a Loss: its coordinates refer to
                             the one that stays. A WhereWhen@id that is also a system's is left out with a
                             Loss.
D4  TimeFrame, SpaceFrame    to 2.0: V4.
D5  order in AstroCoords; PositionName
                             the writer's order suits both. To 2.0: V4.
D6  order in Time; TimeInterval
                             as D5. To 2.0 an interval is a Loss, and the Time's Error with it: the error
                             of an interval says nothing alone, and no instant is made up.
D7  Error2Radius, Error2, Error3
                             2.0 requires the radius: a missing one becomes NaN, which says the same, so
                             that is no Loss. Error2 and Error3: V4; no radius is computed from them.
D8  pos_unit and ucd of coordinates
                             to 2.0: the units of the axes become the position's unit when every axis has
                             one (joined with ``-`` as STC does when they differ: ``deg-deg-m``); else V4.
                             A radius in another unit than the position's becomes NaN with a Loss. ucd: V4.
D9  form of IVOIDs, D10 Concept terms, D11 registration
                             nothing to do (V3).
1.1 to 2.0 or 2.1            the same rules; nothing else of 1.1 is known to the model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from gateway.codecs.voevent.elements import TEXT, VOEVENT, Many, Shape
from gateway.errors import ConversionError, Where
from gateway.model.loss import Loss
from gateway.model.voevent import (
    AstroCoords,
    AstroCoordSystem,
    Author,
    AuthorField,
    Coordinate,
    ObservationLocation,
    ObservatoryLocation,
    Position2D,
    Position3D,
    Time,
    Version,
    VOEvent,
    WhereWhen,
    Who,
)

__all__ = ["SYSTEMS_2_0", "to_version"]

SYSTEMS_2_0 = (
    "TT-ICRS-TOPO", "UTC-ICRS-TOPO", "GPS-ICRS-TOPO", "TT-FK5-TOPO", "UTC-FK5-TOPO", "GPS-FK5-TOPO",
    "TT-ICRS-GEO", "UTC-ICRS-GEO", "GPS-ICRS-GEO", "TT-FK5-GEO", "UTC-FK5-GEO",
    "TDB-ICRS-BARY", "TDB-FK5-BARY", "UTC-GEOD-TOPO",
)  # fmt: skip
"""The coordinate systems that the XSD of VOEvent 2.0 lists; GPS-FK5-GEO, which its text has, is not there."""

Place = TypeVar("Place", ObservatoryLocation, ObservationLocation)
Position = TypeVar("Position", Position2D, Position3D)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(sorted(name.strip().upper().split("-")))


_BY_PARTS = {_parts(name): name for name in SYSTEMS_2_0}
_OBS_DATA = "/VOEvent/WhereWhen/ObsDataLocation"


def to_version(event: VOEvent, version: Version) -> tuple[VOEvent, tuple[Loss, ...]]:
    """The event as VOEvent 2.0 or 2.1, and what was left out or changed (rules V1 to V4, D1 to D11).

    Raises ConversionError (convert-version) when the target is 1.1 or cannot name the coordinate system.
    """
    if version == event.version:
        return event, ()
    if version == "1.1":
        raise ConversionError("convert-version", "VOEvent 1.1 is read but not written; ask for 2.0 or 2.1.")
    losses: list[Loss] = []
    who, wherewhen = event.who, event.wherewhen
    if wherewhen:
        wherewhen = _wherewhen(wherewhen, version, losses)
    if who and version == "2.0":
        who = _contributors(who, losses)
    prepared = replace(event, version=version, who=who, wherewhen=wherewhen)
    fitted: VOEvent = _fit(VOEVENT, prepared, version, "/VOEvent", losses)
    return fitted, tuple(losses)


def _fit(shape: Shape, value: Any, version: Version, path: str, losses: list[Loss]) -> Any:
    """The value without what the target version does not have (rule V4)."""
    if shape is TEXT:
        return value
    values: dict[str, Any] = {}
    for attribute in shape.attributes:
        content = shape.get(value, attribute.field)
        if content is not None and not attribute.since <= version <= attribute.until:
            losses.append(Loss(f"{path}/@{attribute.name}", f"VOEvent {version} does not have it."))
            content = None
        values[attribute.field] = content
    if shape.text:
        values[shape.text] = shape.get(value, shape.text)
    for part in shape.children:
        content = shape.get(value, part.field)
        if isinstance(part, Many):
            values[part.field] = _fit_items(part, content, version, path, losses)
        elif content is None:
            continue
        elif part.shape.since > version:
            losses.append(Loss(f"{path}/{part.tag}", f"VOEvent {version} does not have it."))
        else:
            values[part.field] = _fit(part.shape, content, version, f"{path}/{part.tag}", losses)
    return shape.make(values)


def _fit_items(
    part: Many, items: Iterable[Any], version: Version, path: str, losses: list[Loss]
) -> tuple[Any, ...]:
    count = dict.fromkeys(part.shapes, 0)
    fitted = []
    for item in items:
        tag = part.tag(item)
        count[tag] += 1
        fitted.append(_fit(part.shapes[tag], item, version, f"{path}/{tag}[{count[tag]}]", losses))
    return tuple(fitted)


def _contributors(who: Who, losses: list[Loss]) -> Who:
    """D2."""
    items: list[AuthorField] = []
    for item in who.author.items if who.author else ():
        if item.kind == "Contributor":
            if any(value is not None for value in (item.ivorn, item.alt_identifier, item.role)):
                number = 1 + sum(other.kind == "contributor" for other in items)
                losses.append(
                    Loss(
                        f"/VOEvent/Who/Author/contributor[{number}]",
                        "In VOEvent 2.0 a contributor has no role and no identifiers; only the name is kept.",
                    )
                )
            item = AuthorField("contributor", item.text)
        items.append(item)
    return replace(who, author=Author(tuple(items))) if who.author else who


# WhereWhen


def _wherewhen(wherewhen: WhereWhen, version: Version, losses: list[Loss]) -> WhereWhen:
    """D3, D6, D7 and D8."""
    observatory, observation = wherewhen.observatory, wherewhen.observation
    if observation:
        observation = _respelled(observation, f"{_OBS_DATA}/ObservationLocation", losses)
    if observatory:
        observatory = _respelled(observatory, f"{_OBS_DATA}/ObservatoryLocation", losses)
    wherewhen = replace(wherewhen, observatory=observatory, observation=observation)
    if version == "2.1":
        return _unique(wherewhen, losses)
    if observation:
        observation = _downgraded(observation, f"{_OBS_DATA}/ObservationLocation", losses)
    if observatory:
        observatory = _downgraded(observatory, f"{_OBS_DATA}/ObservatoryLocation", losses)
    return replace(wherewhen, observatory=observatory, observation=observation)


def _respelled(place: Place, path: str, losses: list[Loss]) -> Place:
    """D3, for both targets: names of the list whose parts are in another order or case."""

    def respell(name: str | None, path: str) -> str | None:
        known = name and _BY_PARTS.get(_parts(name))
        if not known or known == name:
            return name
        losses.append(Loss(path, "It is respelled as VOEvent lists it: time-space-center."))
        return known

    system, coords = place.system, place.coords
    if system:
        system = replace(system, id=respell(system.id, f"{path}/AstroCoordSystem/@id"))
    if coords:
        name = respell(coords.coord_system_id, f"{path}/AstroCoords/@coord_system_id")
        coords = replace(coords, coord_system_id=name)
    return replace(place, system=system, coords=coords)


def _unique(wherewhen: WhereWhen, losses: list[Loss]) -> WhereWhen:
    """D3, to 2.1: no id twice."""
    observatory, observation = wherewhen.observatory, wherewhen.observation
    ids = [
        place.system.id for place in (observation, observatory) if place and place.system and place.system.id
    ]
    if observatory and len(set(ids)) < len(ids):
        reason = "An id is unique in VOEvent 2.1, and the event's location declares the same system."
        losses.append(Loss(f"{_OBS_DATA}/ObservatoryLocation/AstroCoordSystem", reason))
        observatory = replace(observatory, system=None)
    identifier = wherewhen.id
    if identifier is not None and identifier.strip() in ids:
        reason = "An id is unique in VOEvent 2.1, and a coordinate system has this one."
        losses.append(Loss("/VOEvent/WhereWhen/@id", reason))
        identifier = None
    return replace(wherewhen, id=identifier, observatory=observatory)


def _downgraded(place: Place, path: str, losses: list[Loss]) -> Place:
    """A location fitted to 2.0."""
    place = _nameable(place, path, losses)
    coords = place.coords
    if coords:
        path = f"{path}/AstroCoords"
        coords = replace(
            coords,
            time=coords.time and _instant(coords.time, f"{path}/Time", losses),
            position2d=coords.position2d and _with_radius(coords.position2d, f"{path}/Position2D", losses),
            position3d=coords.position3d and _with_unit(coords.position3d),
        )
    return replace(place, coords=coords)


def _nameable(place: Place, path: str, losses: list[Loss]) -> Place:
    """D3, to 2.0: no name that is not of the list, and no coordinates that need one."""
    system, coords = place.system or AstroCoordSystem(), place.coords or AstroCoords()
    unnamed = system.id is None and (system.time_frame or system.space_frame)
    strange = {system.id, coords.coord_system_id} - {None, *SYSTEMS_2_0}
    if (unnamed or strange) and (coords.time or coords.position2d or coords.position3d):
        if isinstance(place, ObservationLocation):
            raise ConversionError(
                "convert-version",
                "VOEvent 2.0 cannot name the coordinate system of this event; write it as VOEvent 2.1.",
                where=Where(path=path),
            )
        losses.append(Loss(f"{path}/AstroCoords", "VOEvent 2.0 cannot name their coordinate system."))
        return replace(place, system=_nameless(place.system, path, losses), coords=None)
    if coords.coord_system_id in strange:
        losses.append(Loss(f"{path}/AstroCoords/@coord_system_id", "VOEvent 2.0 does not list this system."))
        place = replace(place, coords=replace(coords, coord_system_id=None))
    return replace(place, system=_nameless(place.system, path, losses))


def _nameless(system: AstroCoordSystem | None, path: str, losses: list[Loss]) -> AstroCoordSystem | None:
    if system is None or system.id is None or system.id in SYSTEMS_2_0:
        return system
    losses.append(Loss(f"{path}/AstroCoordSystem/@id", "VOEvent 2.0 does not list this system."))
    return replace(system, id=None)


def _instant(time: Time, path: str, losses: list[Loss]) -> Time | None:
    """D6: no Time of an interval alone."""
    if time.interval is None or time.instant is not None:
        return time
    losses.append(Loss(path, "VOEvent 2.0 has no time intervals."))
    return None


def _with_unit(position: Position) -> Position:
    """D8: the units of the axes as the position's unit, when every axis has one."""
    axes: tuple[Coordinate, ...] = position.value or ()
    units = [axis.pos_unit or unit for axis, unit in zip(axes, _units(position.unit, len(axes)), strict=True)]
    if not all(units) or not any(axis.pos_unit for axis in axes):
        return position
    bare: Any = tuple(replace(axis, pos_unit=None) for axis in axes)
    return replace(position, unit=_joined(units), value=bare)


def _with_radius(position: Position2D, path: str, losses: list[Loss]) -> Position2D:
    """D7, and D8 for the radius."""
    fitted, radius = _with_unit(position), position.error_radius
    if radius is None:
        return replace(fitted, error_radius=Coordinate("NaN"))
    unit = radius.pos_unit or _joined(_units(position.unit, 2))
    if unit and unit != _joined(_units(fitted.unit, 2)):
        reason = "It has another unit than the position, which VOEvent 2.0 cannot say."
        losses.append(Loss(f"{path}/Error2Radius", reason))
        return replace(fitted, error_radius=Coordinate("NaN", radius.ucd))
    return replace(fitted, error_radius=replace(radius, pos_unit=None))


def _units(unit: str | None, axes: int) -> list[str]:
    """The unit of each axis: ``deg-deg-m`` is three of them, ``deg`` is that of all."""
    parts = (unit or "").split("-")
    return parts if len(parts) == axes and all(map(str.isalpha, parts)) else [unit or ""] * axes


def _joined(units: list[str]) -> str:
    return units[0] if len(set(units)) == 1 else "-".join(units)
