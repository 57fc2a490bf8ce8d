"""VOEvent: the standard's tree as plain values (VOEvent 2.1 sections 3.1 to 3.9; 2.0 and 1.1 are subsets).

Rules
1. Text is kept verbatim, numbers included: `float(param.value)` is the reader's business (VE-26, VE-27).
2. Where the standard lets children come in any order and number, they are one tuple `items` in document order;
   where each child occurs at most once, it is an attribute, None when absent.
3. An attribute of an element is an attribute here, None when absent (an absent one is not an empty one).
4. `original` keeps the bytes a document was read from, for relay and for exact storage (VTP-05). They are not
   part of the value: two events are equal when their trees are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "NAMESPACES",
    "ROLES",
    "AstroCoordSystem",
    "AstroCoords",
    "Author",
    "AuthorField",
    "Citations",
    "Concept",
    "Coordinate",
    "Description",
    "EventIVORN",
    "Field",
    "Group",
    "How",
    "Inference",
    "Name",
    "ObservationLocation",
    "ObservatoryLocation",
    "Param",
    "Position2D",
    "Position3D",
    "Reference",
    "SpaceFrame",
    "Table",
    "Time",
    "TimeFrame",
    "TimeInstant",
    "TimeInterval",
    "VOEvent",
    "Version",
    "What",
    "WhereWhen",
    "Who",
    "Why",
]

Version = Literal["1.1", "2.0", "2.1"]

NAMESPACES: dict[Version, str] = {
    "1.1": "http://www.ivoa.net/xml/VOEvent/v1.1",
    "2.0": "http://www.ivoa.net/xml/VOEvent/v2.0",
    "2.1": "http://www.ivoa.net/xml/VOEvent/v2.1",
}

ROLES = ("observation", "prediction", "utility", "test")


@dataclass(frozen=True, slots=True)
class Description:
    """Free text for people (section 3.9)."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A pointer to something outside the packet (section 3.8). `name` and `type` are deprecated."""

    uri: str | None
    type: str | None = None
    mimetype: str | None = None
    meaning: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A name for the event or its source, in Why and Inference."""

    text: str


@dataclass(frozen=True, slots=True)
class Concept:
    """What the event is, as a vocabulary term, in Why and Inference."""

    text: str


# Who (section 3.2)


@dataclass(frozen=True, slots=True)
class AuthorField:
    """One child of Author: ``title``, ``shortName``, ``logoURL``, ``contactName``, ``contactEmail``,
    ``contactPhone``, ``contributor`` or (2.1) ``Contributor``, which alone has the three attributes.
    """

    kind: str
    text: str
    ivorn: str | None = None
    alt_identifier: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """The people behind the packet."""

    items: tuple[AuthorField, ...] = ()


@dataclass(frozen=True, slots=True)
class Who:
    """Curation: who made the packet, and when (Date is UTC)."""

    author_ivorn: str | None = None
    date: str | None = None
    description: str | None = None
    reference: Reference | None = None
    author: Author | None = None


# What (section 3.3)


@dataclass(frozen=True, slots=True)
class Param:
    """A named value. `value` is the attribute, `value_element` the child element; the attribute wins (VE-25)."""

    name: str | None
    value: str | None = None
    ucd: str | None = None
    unit: str | None = None
    data_type: str | None = None
    utype: str | None = None
    value_element: str | None = None
    items: tuple[Description | Reference, ...] = ()

    @property
    def text(self) -> str | None:
        """The value, from the attribute or else the element."""
        return self.value if self.value is not None else self.value_element


@dataclass(frozen=True, slots=True)
class Group:
    """Params that belong together."""

    name: str | None = None
    type: str | None = None
    items: tuple[Param | Description | Reference, ...] = ()

    @property
    def params(self) -> Iterator[Param]:
        """The Params, in order."""
        return (item for item in self.items if isinstance(item, Param))


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a Table."""

    name: str | None
    ucd: str | None = None
    unit: str | None = None
    data_type: str | None = None
    utype: str | None = None
    items: tuple[Description | Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; each row is one text a column. A Table has at least one row (VE-23)."""

    name: str | None = None
    type: str | None = None
    items: tuple[Param | Field | Description | Reference, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns, in order."""
        return tuple(item for item in self.items if isinstance(item, Field))


@dataclass(frozen=True, slots=True)
class What:
    """What was measured."""

    items: tuple[Param | Group | Table | Description | Reference, ...] = ()

    @property
    def params(self) -> Iterator[Param]:
        """The Params that are in no Group."""
        return (item for item in self.items if isinstance(item, Param))

    def group(self, name: str) -> Group | None:
        """The first Group of that name."""
        return next((i for i in self.items if isinstance(i, Group) and i.name == name), None)

    def table(self, name: str) -> Table | None:
        """The first Table of that name."""
        return next((i for i in self.items if isinstance(i, Table) and i.name == name), None)


# WhereWhen (section 3.4)


@dataclass(frozen=True, slots=True)
class TimeFrame:
    """A time reference frame (2.1)."""

    id: str | None = None
    name: str | None = None
    reference_position: str | None = None
    time_scale: str | None = None


@dataclass(frozen=True, slots=True)
class SpaceFrame:
    """A space reference frame (2.1)."""

    id: str | None = None
    name: str | None = None
    space_ref_frame: str | None = None
    coord_flavor: str | None = None
    reference_position: str | None = None


@dataclass(frozen=True, slots=True)
class AstroCoordSystem:
    """A coordinate system named time-space-center, such as ``UTC-ICRS-TOPO`` (VE-32)."""

    id: str | None = None
    time_frame: TimeFrame | None = None
    space_frame: SpaceFrame | None = None


@dataclass(frozen=True, slots=True)
class TimeInstant:
    """An instant: ISO 8601 text without a zone, in the time scale of the coordinate system."""

    iso_time: str | None = None
    time_offset: str | None = None
    time_scale: str | None = None


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """An interval (2.1)."""

    start: str | None = None
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """When it happened, and the error in `unit` (seconds by default)."""

    instant: TimeInstant | None = None
    interval: TimeInterval | None = None
    error: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One number of a position; the attributes exist in 2.1 only."""

    text: str
    ucd: str | None = None
    pos_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Position2D:
    """A position on the sky or the ground: two values, and their error as a radius or (2.1) per axis."""

    value: tuple[Coordinate, Coordinate] | None = None
    unit: str | None = None
    name1: str | None = None
    name2: str | None = None
    error_radius: Coordinate | None = None
    error: tuple[Coordinate | None, Coordinate | None] | None = None


@dataclass(frozen=True, slots=True)
class Position3D:
    """A position in space: three values and (2.1) their errors."""

    value: tuple[Coordinate, Coordinate, Coordinate] | None = None
    unit: str | None = None
    name1: str | None = None
    name2: str | None = None
    name3: str | None = None
    error: tuple[Coordinate | None, Coordinate | None, Coordinate | None] | None = None


@dataclass(frozen=True, slots=True)
class AstroCoords:
    """Coordinates in the system named by `coord_system_id`."""

    coord_system_id: str | None = None
    time: Time | None = None
    position_name: str | None = None
    position2d: Position2D | None = None
    position3d: Position3D | None = None


@dataclass(frozen=True, slots=True)
class ObservatoryLocation:
    """Where the telescope is: a name, or coordinates."""

    id: str | None = None
    system: AstroCoordSystem | None = None
    coords: AstroCoords | None = None


@dataclass(frozen=True, slots=True)
class ObservationLocation:
    """Where on the sky, and when."""

    system: AstroCoordSystem | None = None
    coords: AstroCoords | None = None


@dataclass(frozen=True, slots=True)
class WhereWhen:
    """Space and time of the event."""

    observatory: ObservatoryLocation | None = None
    observation: ObservationLocation | None = None
    id: str | None = None
    items: tuple[Description | Reference, ...] = ()


# How, Why, Citations (sections 3.5 to 3.7)


@dataclass(frozen=True, slots=True)
class How:
    """The instrument."""

    items: tuple[Description | Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Inference:
    """One hypothesis about the event, with its probability in [0, 1]."""

    probability: str | None = None
    relation: str | None = None
    items: tuple[Name | Concept | Description | Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Why:
    """First scientific assessment; `importance` is in [0, 1] (VE-41), `expires` is UTC."""

    importance: str | None = None
    expires: str | None = None
    items: tuple[Name | Concept | Inference | Description | Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class EventIVORN:
    """An earlier packet and what this one is to it: ``followup``, ``supersedes`` or ``retraction``."""

    ivorn: str
    cite: str | None = None


@dataclass(frozen=True, slots=True)
class Citations:
    """The packets this one follows up, replaces or retracts."""

    events: tuple[EventIVORN, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class VOEvent:
    """One VOEvent packet. A missing `role` means observation (VE-04); we always write one."""

    version: Version
    ivorn: str
    role: str | None = "observation"
    who: Who | None = None
    what: What | None = None
    wherewhen: WhereWhen | None = None
    how: How | None = None
    why: Why | None = None
    citations: Citations | None = None
    description: str | None = None
    reference: Reference | None = None
    original: bytes | None = field(default=None, compare=False, repr=False)
