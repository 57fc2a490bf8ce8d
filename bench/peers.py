"""Avro -> VOEvent and back, as one who knows these libraries well would write it today.

Rules
1. Whatever depends on the schema alone is prepared once and not timed: the parsed schema, and for every field its
   UCD, unit and the function that makes its text.
2. The cheap way where there are two: texts are handed to voevent-parse ready made (``ac=False``), nothing is
   pretty-printed, times are computed with `datetime` (37 leap seconds, as ever since 2017) and not with astropy.
3. Numbers keep their value: 9 digits for a 32-bit float, `repr` for a 64-bit one.
4. What the gateway does beyond that the peers need not do: no group `avro`, no hash of the packet, no check that
   the alert comes back, no How, no description of the position's error.
"""

from __future__ import annotations

import io
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import fastavro
from lxml import etree

from gateway.mapping.plan import Blob, Column, Rows, Scalar, Values, make_plan
from gateway.mapping.settings import Settings
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Primitive

try:
    import voeventparse as vp
except ImportError:  # it does not build on Python 3.12 and later
    vp = None

__all__ = ["ABSENT", "Lxml", "Peer", "Projected", "VoeventParse", "peers"]

ABSENT = "voevent-parse is not installed; it does not build on Python 3.12 and later, so use Python 3.11"

_MJD_ZERO = datetime(1858, 11, 17) - timedelta(seconds=37)

Fields = list[tuple[str, Callable[[Any], str], str | None, str | None, str]]
"""Name, text of a value, unit, UCD and dataType."""


def _text_of(column: Column) -> Callable[[Any], str]:
    assert isinstance(column.type, Primitive)
    if column.type.logical == "timestamp-micros":
        return lambda moment: moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return {"boolean": ("false", "true").__getitem__, "float": "%.9g".__mod__, "double": repr}.get(
        column.type.name, str
    )


def _value_of(column: Column) -> Callable[[str], Any]:
    assert isinstance(column.type, Primitive)
    if column.type.logical == "timestamp-micros":
        return datetime.fromisoformat
    kinds: dict[str, Callable[[str], Any]] = {
        "boolean": "true".__eq__,
        "float": float,
        "double": float,
        "string": str,
    }
    return kinds.get(column.type.name, int)


def _fields(columns: tuple[Column, ...]) -> Fields:
    return [
        (c.name, _text_of(c), c.meaning.unit or None, c.meaning.ucd or None, c.meaning.data_type)
        for c in columns
    ]


class Peer(ABC):
    """fastavro, and a library for XML. Keep one for each schema and settings."""

    name = "fastavro"

    def __init__(self, schema: AlertSchema, settings: Settings) -> None:
        self.settings = settings
        self.schema = fastavro.parse_schema(schema.json)
        self.reader_schema: Any = None
        self.plan = plan = make_plan(schema, frozenset(), settings)
        self.scalars = _fields(tuple(part.column for part in plan.parts if isinstance(part, Scalar)))
        self.records = [
            (p.name, p.record.fullname, _fields(p.columns)) for p in plan.parts if isinstance(p, Values)
        ]
        self.lengths = [
            (part.name, "array" if isinstance(part, Rows) else "bytes")
            for part in plan.parts
            if isinstance(part, (Rows, Blob))
        ]

    def decode(self, payload: bytes) -> dict[str, Any]:
        """The packet as dicts and lists."""
        alert: Any = fastavro.schemaless_reader(io.BytesIO(payload), self.schema, self.reader_schema)
        return alert

    @abstractmethod
    def event(self, payload: bytes) -> bytes:
        """The VOEvent of a packet."""

    @abstractmethod
    def groups(self, document: bytes) -> Iterator[tuple[str, Iterator[Any]]]:
        """The Groups of a VOEvent, '' for What itself: name, and Param elements."""

    def avro(self, document: bytes) -> bytes:
        """The packet of a VOEvent."""
        alert, converters = dict(self._nothing), self._converters
        for name, params in self.groups(document):
            known = converters.get(name)
            if known is None:
                continue
            fields, record = known
            found = alert if not name else dict(record)
            for param in params:
                found[param.get("name")] = fields[param.get("name")](param.get("value"))
            if name:
                alert[name] = found
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.schema, alert)
        return out.getvalue()

    @cached_property
    def _nothing(self) -> dict[str, None]:
        return {part.name: None for part in self.plan.parts}

    @cached_property
    def _converters(self) -> dict[str, tuple[dict[str, Callable[[str], Any]], dict[str, None]]]:
        parts = [part for part in self.plan.parts if isinstance(part, Values)]
        found = {
            p.name: ({c.name: _value_of(c) for c in p.columns}, {c.name: None for c in p.columns})
            for p in parts
        }
        return found | {
            "": ({p.name: _value_of(p.column) for p in self.plan.parts if isinstance(p, Scalar)}, {})
        }


def _time(mjd: float) -> datetime:
    return _MJD_ZERO + timedelta(days=mjd)


def _radius(source: dict[str, Any]) -> str:
    """The semi-major axis of the error ellipse, to 6 digits."""
    if source["raErr"] is None or source["decErr"] is None:
        return "NaN"
    a, b, c = source["raErr"] ** 2, source["decErr"] ** 2, source["ra_dec_Cov"] or 0.0
    return f"{math.sqrt((a + b) / 2 + math.sqrt((a - b) ** 2 / 4 + c * c)):.6g}"


class VoeventParse(Peer):
    """fastavro and voevent-parse."""

    name = "fastavro + voevent-parse"

    def event(self, payload: bytes) -> bytes:
        """The VOEvent of a packet."""
        alert = self.decode(payload)
        source = alert["diaSource"]
        settings = self.settings
        stream = f"{settings.authority}/{settings.stream}"
        event = vp.Voevent(stream, str(source["diaSourceId"]), settings.role)
        vp.set_who(event, _time(source["timeProcessedMjdTai"]), settings.authority)
        vp.set_author(event, title=self.plan.survey.title)
        for name, text, unit, ucd, kind in self.scalars:
            if (value := alert[name]) is not None:
                event.What.append(vp.Param(name, text(value), unit, ucd, kind, ac=False))
        for name, type_, fields in self.records:
            if (record := alert[name]) is not None:
                params = [
                    vp.Param(name, text(value), unit, ucd, kind, ac=False)
                    for name, text, unit, ucd, kind in fields
                    if (value := record[name]) is not None
                ]
                event.What.append(vp.Group(params, name, type_))
        for name, type_ in self.lengths:
            if (content := alert[name]) is not None:
                length = vp.Param("length", str(len(content)), dataType="int", ac=False)
                event.What.append(vp.Group([length], name, type_))
        position = vp.Position2D(source["ra"], source["dec"], _radius(source), "deg", "UTC-ICRS-TOPO")
        time = _time(source["midpointMjdTai"])
        vp.add_where_when(event, position, time, self.plan.survey.observatory, allow_tz_naive_datetime=True)
        document: bytes = vp.dumps(event)
        return document

    def groups(self, document: bytes) -> Iterator[tuple[str, Iterator[Any]]]:
        """The Groups of a VOEvent, '' for What itself: name, and Param elements."""
        what = vp.loads(document).What
        yield "", what.iterchildren("Param")
        for group in what.iterchildren("Group"):
            yield group.get("name"), group.iterchildren("Param")


class Projected(VoeventParse):
    """The same, and fastavro is told to keep only the records that are wanted."""

    name = "fastavro (reader schema) + voevent-parse"

    def __init__(self, schema: AlertSchema, settings: Settings) -> None:
        super().__init__(schema, settings)
        json: Any = schema.json
        wanted = {part.name for part in self.plan.parts}
        self.reader_schema = fastavro.parse_schema(
            json | {"fields": [field for field in json["fields"] if field["name"] in wanted]}
        )


class Lxml(Peer):
    """fastavro and lxml, by one who writes the elements of VOEvent by hand."""

    name = "fastavro + lxml"

    def event(self, payload: bytes) -> bytes:
        """The VOEvent of a packet."""
        alert = self.decode(payload)
        source = alert["diaSource"]
        settings, add = self.settings, etree.SubElement
        stream = f"ivo://{settings.authority}/{settings.stream}"
        space = "http://www.ivoa.net/xml/VOEvent/v2.0"
        event = etree.Element(
            f"{{{space}}}VOEvent",
            {"version": "2.0", "ivorn": f"{stream}#{source['diaSourceId']}", "role": settings.role},
            {"voe": space},
        )
        who, what, where = (add(event, name) for name in ("Who", "What", "WhereWhen"))
        add(who, "AuthorIVORN").text = f"ivo://{settings.authority}"
        add(who, "Date").text = _time(source["timeProcessedMjdTai"]).isoformat()
        add(add(who, "Author"), "title").text = self.plan.survey.title
        self._params(what, self.scalars, alert)
        for name, type_, fields in self.records:
            if (record := alert[name]) is not None:
                self._params(add(what, "Group", name=name, type=type_), fields, record)
        for name, type_ in self.lengths:
            if (content := alert[name]) is not None:
                group = add(what, "Group", name=name, type=type_)
                add(group, "Param", name="length", value=str(len(content)), dataType="int")
        location = add(where, "ObsDataLocation")
        add(location, "ObservatoryLocation", id=self.plan.survey.observatory)
        location = add(location, "ObservationLocation")
        add(location, "AstroCoordSystem", id="UTC-ICRS-TOPO")
        coords = add(location, "AstroCoords", coord_system_id="UTC-ICRS-TOPO")
        instant = add(add(coords, "Time", unit="s"), "TimeInstant")
        add(instant, "ISOTime").text = _time(source["midpointMjdTai"]).isoformat()
        position = add(coords, "Position2D", unit="deg")
        add(position, "Name1").text = "RA"
        add(position, "Name2").text = "Dec"
        value = add(position, "Value2")
        add(value, "C1").text = repr(source["ra"])
        add(value, "C2").text = repr(source["dec"])
        add(position, "Error2Radius").text = _radius(source)
        document: bytes = etree.tostring(event, xml_declaration=True, encoding="UTF-8")
        return document

    @staticmethod
    def _params(parent: Any, fields: Fields, record: dict[str, Any]) -> None:
        for name, text, unit, ucd, kind in fields:
            if (value := record[name]) is not None:
                attributes = {"name": name, "value": text(value)}
                if ucd is not None:
                    attributes["ucd"] = ucd
                if unit is not None:
                    attributes["unit"] = unit
                attributes["dataType"] = kind
                etree.SubElement(parent, "Param", attributes)

    def groups(self, document: bytes) -> Iterator[tuple[str, Iterator[Any]]]:
        """The Groups of a VOEvent, '' for What itself: name, and Param elements."""
        what = etree.fromstring(document).find("What")
        yield "", what.iterchildren("Param")
        for group in what.iterchildren("Group"):
            yield group.get("name"), group.iterchildren("Param")


def peers(*, projected: bool = False) -> list[type[Peer]]:
    """The peers that can run here, the one that the goals name first."""
    found: list[type[Peer]] = [VoeventParse] if vp else []
    if vp and projected:
        found.append(Projected)
    return [*found, Lxml]
