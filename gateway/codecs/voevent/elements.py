"""What each VOEvent element is made of: one table that the reader, the writer, JSON and Avro follow.

Rules
1. A `Shape` says how an element and a value of `gateway.model.voevent` correspond: the element's
   attributes, its text, its children. `get` takes a value apart and `make` puts one together from the same
   names.
2. Attributes and children stand in the order of the canonical form. Where the standard wants a sequence
   this is it (2.1: AstroCoords, Time, TimeInstant, the frames, Citations); elsewhere any order is legal
   and this one is ours.
3. `since` is the first version that has the element or attribute, `until` the last.
4. Where the model is flatter than the document, the shape has a `get` and `make` of its own:
   ObsDataLocation belongs to the WhereWhen itself, Value2 and Error2 are tuples of their axes, Data is a
   tuple of rows, TR a tuple of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gateway.model import voevent as model
from gateway.model.voevent import Version

__all__ = ["TEXT", "VOEVENT", "Attribute", "Many", "One", "Shape", "children"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute and the name of its value in the model."""

    name: str
    field: str
    since: Version = "1.1"
    until: Version = "2.1"


@dataclass(frozen=True)
class Shape:
    """One kind of element (rule 1).

    text : the name of the value that is the element's text, or None when it has children instead
    required : names of values without which there is no value to make
    inline : children are written on the element's own line
    """

    make: Callable[[dict[str, Any]], Any]
    get: Callable[[Any, str], Any] = getattr
    attributes: tuple[Attribute, ...] = ()
    text: str | None = None
    children: tuple[One | Many, ...] = ()
    required: tuple[str, ...] = ()
    since: Version = "1.1"
    inline: bool = False

    @cached_property
    def by_tag(self) -> dict[str, tuple[One | Many, Shape]]:
        """For each child's name, the part it belongs to and its shape."""
        found: dict[str, tuple[One | Many, Shape]] = {}
        for part in self.children:
            shapes = {part.tag: part.shape} if isinstance(part, One) else part.shapes
            found |= {tag: (part, shape) for tag, shape in shapes.items()}
        return found


@dataclass(frozen=True, slots=True)
class One:
    """A child that occurs at most once."""

    tag: str
    field: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Many:
    """Children in any order and number, kept in document order; `shapes` by their names."""

    field: str
    shapes: Mapping[str, Shape]

    def tag(self, item: Any) -> str:
        """The element name of an item."""
        if len(self.shapes) == 1:
            return next(iter(self.shapes))
        return str(getattr(item, "kind", type(item).__name__))


def children(shape: Shape, value: Any) -> Iterator[tuple[str, Shape, Any]]:
    """The children of a value in canonical order: name, shape, value."""
    for part in shape.children:
        content = shape.get(value, part.field)
        if isinstance(part, Many):
            for item in content:
                tag = part.tag(item)
                yield tag, part.shapes[tag], item
        elif content is not None:
            yield part.tag, part.shape, content


def _attributes(names: str, since: Version = "1.1") -> tuple[Attribute, ...]:
    """``"name dataType:data_type"``: an attribute, and its name in the model where that differs."""
    pairs = (name.partition(":") for name in names.split())
    return tuple(Attribute(name, field or name, since) for name, _, field in pairs)


def _shape(kind: type, *parts: One | Many, attributes: str = "", **more: Any) -> Shape:
    """The shape of a dataclass of the model."""
    return Shape(lambda values: kind(**values), attributes=_attributes(attributes), children=parts, **more)


def _texts(names: str) -> tuple[One, ...]:
    """Children that are text alone: ``"Name1:name1"``."""
    pairs = (name.partition(":") for name in names.split())
    return tuple(One(tag, field, TEXT) for tag, _, field in pairs)


TEXT = Shape(lambda values: values["text"], lambda value, _: value, text="text")
TEXT_2_1 = Shape(TEXT.make, TEXT.get, text="text", since="2.1")

# Free text and pointers

DESCRIPTION = _shape(model.Description, text="text")
REFERENCE = Shape(
    lambda values: model.Reference(**values),
    attributes=(*_attributes("uri type mimetype meaning"), Attribute("name", "name", until="1.1")),
)
REMARKS = {"Description": DESCRIPTION, "Reference": REFERENCE}

# Who


def _author_field(kind: str) -> Shape:
    return Shape(lambda values: model.AuthorField(kind, **values), text="text")


CONTRIBUTOR = Shape(
    lambda values: model.AuthorField("Contributor", **values),
    attributes=_attributes("ivorn altIdentifier:alt_identifier role"),
    text="text",
    since="2.1",
)
_AUTHOR_FIELDS = (
    "title",
    "shortName",
    "logoURL",
    "contactName",
    "contactEmail",
    "contactPhone",
    "contributor",
)
AUTHOR = _shape(
    model.Author,
    Many("items", {kind: _author_field(kind) for kind in _AUTHOR_FIELDS} | {"Contributor": CONTRIBUTOR}),
)
WHO = _shape(
    model.Who,
    One("AuthorIVORN", "author_ivorn", TEXT),
    One("Author", "author", AUTHOR),
    *_texts("Date:date Description:description"),
    One("Reference", "reference", REFERENCE),
)

# What

PARAM = _shape(
    model.Param,
    Many("items", REMARKS),
    One("Value", "value_element", TEXT),
    attributes="name value ucd unit dataType:data_type utype",
)
FIELD = _shape(model.Field, Many("items", REMARKS), attributes="name ucd unit dataType:data_type utype")
GROUP = _shape(model.Group, Many("items", {"Param": PARAM, **REMARKS}), attributes="name type")
TR = Shape(
    lambda values: values["cells"], lambda row, _: row, children=(Many("cells", {"TD": TEXT}),), inline=True
)
DATA = Shape(lambda values: values["rows"], lambda rows, _: rows, children=(Many("rows", {"TR": TR}),))
TABLE = _shape(
    model.Table,
    Many("items", {"Param": PARAM, "Field": FIELD, **REMARKS}),
    One("Data", "rows", DATA),
    attributes="name type",
    get=lambda table, name: (table.rows or None) if name == "rows" else getattr(table, name),
)
WHAT = _shape(model.What, Many("items", {"Param": PARAM, "Group": GROUP, "Table": TABLE, **REMARKS}))

# WhereWhen

TIME_FRAME = _shape(
    model.TimeFrame,
    *_texts("Name:name ReferencePosition:reference_position TimeScale:time_scale"),
    attributes="id",
    since="2.1",
)
SPACE_FRAME = _shape(
    model.SpaceFrame,
    *_texts(
        "Name:name SpaceRefFrame:space_ref_frame CoordFlavor:coord_flavor "
        "ReferencePosition:reference_position"
    ),
    attributes="id",
    since="2.1",
)
SYSTEM = _shape(
    model.AstroCoordSystem,
    One("TimeFrame", "time_frame", TIME_FRAME),
    One("SpaceFrame", "space_frame", SPACE_FRAME),
    attributes="id",
)
TIME_INSTANT = _shape(
    model.TimeInstant, *_texts("ISOTime:iso_time TimeOffset:time_offset TimeScale:time_scale")
)
TIME_INTERVAL = _shape(model.TimeInterval, *_texts("ISOTimeStart:start ISOTimeStop:stop"), since="2.1")
TIME = _shape(
    model.Time,
    One("TimeInstant", "instant", TIME_INSTANT),
    One("TimeInterval", "interval", TIME_INTERVAL),
    One("Error", "error", TEXT),
    attributes="unit",
)
COORDINATE = Shape(
    lambda values: model.Coordinate(**values),
    attributes=_attributes("ucd pos_unit", since="2.1"),
    text="text",
)


def _axes(count: int, *, error: bool = False) -> Shape:
    """Value2, Value3: all axes; Error2, Error3 (2.1): those that have an error."""
    names = tuple(f"C{number}" for number in range(1, count + 1))
    return Shape(
        lambda values: tuple(values.get(name) for name in names),
        lambda axes, name: axes[names.index(name)],
        children=tuple(One(name, name, COORDINATE) for name in names),
        required=() if error else names,
        since="2.1" if error else "1.1",
    )


POSITION_2D = _shape(
    model.Position2D,
    *_texts("Name1:name1 Name2:name2"),
    One("Value2", "value", _axes(2)),
    One("Error2Radius", "error_radius", COORDINATE),
    One("Error2", "error", _axes(2, error=True)),
    attributes="unit",
)
POSITION_3D = _shape(
    model.Position3D,
    *_texts("Name1:name1 Name2:name2 Name3:name3"),
    One("Value3", "value", _axes(3)),
    One("Error3", "error", _axes(3, error=True)),
    attributes="unit",
)
COORDS = _shape(
    model.AstroCoords,
    One("Time", "time", TIME),
    One("PositionName", "position_name", TEXT_2_1),
    One("Position2D", "position2d", POSITION_2D),
    One("Position3D", "position3d", POSITION_3D),
    attributes="coord_system_id",
)
_PLACE = (One("AstroCoordSystem", "system", SYSTEM), One("AstroCoords", "coords", COORDS))
OBS_DATA = Shape(
    lambda values: values,
    children=(
        One(
            "ObservatoryLocation", "observatory", _shape(model.ObservatoryLocation, *_PLACE, attributes="id")
        ),
        One("ObservationLocation", "observation", _shape(model.ObservationLocation, *_PLACE)),
    ),
)


def _get_wherewhen(value: model.WhereWhen, name: str) -> Any:
    if name == "obs_data":
        return value if value.observatory or value.observation else None
    return getattr(value, name)


WHERE_WHEN = Shape(
    lambda values: model.WhereWhen(**values.pop("obs_data", {}), **values),
    _get_wherewhen,
    attributes=_attributes("id"),
    children=(One("ObsDataLocation", "obs_data", OBS_DATA), Many("items", REMARKS)),
)

# How, Why, Citations

HOW = _shape(model.How, Many("items", REMARKS))
_OPINIONS = {"Name": _shape(model.Name, text="text"), "Concept": _shape(model.Concept, text="text")}
INFERENCE = _shape(model.Inference, Many("items", _OPINIONS | REMARKS), attributes="probability relation")
WHY = _shape(
    model.Why,
    Many("items", _OPINIONS | {"Inference": INFERENCE} | REMARKS),
    attributes="importance expires",
)
EVENT_IVORN = _shape(model.EventIVORN, attributes="cite", text="ivorn")
CITATIONS = _shape(
    model.Citations, Many("events", {"EventIVORN": EVENT_IVORN}), One("Description", "description", TEXT)
)

VOEVENT = _shape(
    model.VOEvent,
    One("Who", "who", WHO),
    One("What", "what", WHAT),
    One("WhereWhen", "wherewhen", WHERE_WHEN),
    One("How", "how", HOW),
    One("Why", "why", WHY),
    One("Citations", "citations", CITATIONS),
    One("Description", "description", TEXT),
    One("Reference", "reference", REFERENCE),
    attributes="version ivorn role",
    required=("ivorn",),
)
