"""VOEvents to test with: those in the tree, real ones, and arbitrary ones that their XSD accepts."""

import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from lxml import etree

from gateway import resources
from gateway.codecs.voevent.versions import SYSTEMS_2_0
from gateway.model import voevent as model
from gateway.model.voevent import Version, VOEvent

DATA = Path(__file__).parent / "data" / "voevent"
EVERYTHING = {version: (DATA / f"everything-{version}.xml").read_bytes() for version in ("2.0", "2.1")}


@cache
def real_packets(shared: Path) -> tuple[tuple[str, bytes], ...]:
    """Name and bytes of real packets, 1.1, 2.0 and 2.1."""
    folder = shared / "data" / "voevent"
    packets = [(file.name, file.read_bytes()) for file in sorted(folder.glob("*.xml"))]
    with tarfile.open(folder / "voevent-2014-2018-sample.tar.bz2", "r|bz2") as archive:
        packets += [
            (member.name, archive.extractfile(member).read()) for member in archive if member.isfile()
        ]
    return tuple(packets)


def complaints(document: bytes, version: Version) -> list[str]:
    """What the XSD of the version says of a document: nothing when it is valid."""
    schema = _xsd(version)
    schema.validate(etree.fromstring(document))
    return [error.message for error in schema.error_log]


@cache
def _xsd(version: Version) -> etree.XMLSchema:
    file = resources.schemas() / "voevent" / f"VOEvent-v{version}.xsd"
    return etree.XMLSchema(etree.fromstring(file.read_bytes()))


# What XML can carry, and often what it must escape
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r &<>\"'-]é\U0001d11e"),
    max_size=8,
)
URIS = st.sampled_from(
    ["ivo://example.org/stream#1", "ivo://example.org/stream?a&b", "https://example.org/x", ""]
)
DATES = st.sampled_from(["2026-02-14T05:14:31", "2026-02-14T05:14:31.25Z", "1999-12-31T23:59:59+13:00"])
FLOATS = st.sampled_from(["0", "-1.5", "NaN", "INF", "1e-40", " 2.5 "]) | st.floats(
    allow_nan=False, allow_infinity=False
).map(repr)
FRACTIONS = st.sampled_from(["0", "0.25", "1.0"])
TYPES = st.sampled_from(["string", "float", "int"])


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


def some(*strategies: st.SearchStrategy, least: int = 0) -> st.SearchStrategy:
    return st.lists(st.one_of(*strategies), min_size=least, max_size=3).map(tuple)


REFERENCES = st.builds(model.Reference, URIS, maybe(TEXTS), maybe(TEXTS), maybe(URIS))
DESCRIPTIONS = st.builds(model.Description, TEXTS)
REMARKS = some(DESCRIPTIONS, REFERENCES)
NAMED = (maybe(TEXTS), maybe(TEXTS))
PARAMS = st.builds(model.Param, *NAMED, *NAMED, maybe(TYPES), maybe(TEXTS), maybe(TEXTS), REMARKS)
FIELDS = st.builds(model.Field, *NAMED, maybe(TEXTS), maybe(TYPES), maybe(TEXTS), REMARKS)
GROUPS = st.builds(model.Group, *NAMED, some(PARAMS, DESCRIPTIONS, REFERENCES))
ROWS = some(some(TEXTS, least=1))
TABLES = st.builds(model.Table, *NAMED, some(PARAMS, FIELDS, DESCRIPTIONS, REFERENCES), ROWS)
WHATS = st.builds(model.What, some(PARAMS, GROUPS, TABLES, DESCRIPTIONS, REFERENCES))
HOWS = st.builds(model.How, some(DESCRIPTIONS, REFERENCES, least=1))
OPINIONS = (st.builds(model.Name, TEXTS), st.builds(model.Concept, TEXTS), DESCRIPTIONS, REFERENCES)
INFERENCES = st.builds(model.Inference, maybe(FRACTIONS), maybe(TEXTS), some(*OPINIONS, least=1))
WHYS = st.builds(model.Why, maybe(FLOATS), maybe(DATES), some(*OPINIONS, INFERENCES, least=1))
CITED = st.builds(model.EventIVORN, TEXTS, maybe(st.sampled_from(["followup", "supersedes", "retraction"])))
CITATIONS = st.builds(model.Citations, some(CITED, least=1), maybe(TEXTS))

AUTHOR_FIELDS = st.builds(
    model.AuthorField,
    st.sampled_from(["title", "shortName", "contactName", "contactEmail", "contactPhone", "contributor"]),
    TEXTS,
) | st.builds(model.AuthorField, st.just("logoURL"), URIS)
CONTRIBUTORS = st.builds(
    model.AuthorField,
    st.just("Contributor"),
    TEXTS,
    maybe(URIS),
    maybe(URIS),
    maybe(st.sampled_from(["ContactPerson", "Other", "WorkPackageLeader"])),
)

INSTANTS = st.builds(model.TimeInstant, maybe(TEXTS), maybe(FLOATS), maybe(TEXTS))
INTERVALS = st.builds(model.TimeInterval, maybe(TEXTS), maybe(TEXTS))
UNITS = st.sampled_from(["deg", "arcsec", "m", "deg-deg", "deg-deg-m", ""])
NUMBERS_2_0 = st.builds(model.Coordinate, FLOATS)
NUMBERS_2_1 = st.builds(model.Coordinate, FLOATS, maybe(TEXTS), maybe(UNITS))
# xs:ID wants each of them once in a document
NAMES_2_1 = (
    *SYSTEMS_2_0[:3],
    "fk5-utc-geo",
    "UTC-GEOD-TOPO",
    "TAI-ICRS-TOPO",
    "GPS-FK5-GEO",
    "UTC-HPC-TOPO",
    "where",
)


@st.composite
def events(draw: st.DrawFn, version: Version) -> VOEvent:
    """Events of VOEvent 2.0 or 2.1 whose documents are valid."""
    newest = version == "2.1"
    author_fields = (AUTHOR_FIELDS, CONTRIBUTORS) if newest else (AUTHOR_FIELDS,)
    who = st.builds(
        model.Who,
        maybe(URIS),
        maybe(DATES),
        maybe(TEXTS),
        maybe(REFERENCES),
        maybe(st.builds(model.Author, some(*author_fields, least=1))),
    )
    return VOEvent(
        version,
        draw(URIS),
        draw(st.sampled_from(model.ROLES)),
        draw(maybe(who)),
        draw(maybe(WHATS)),
        draw(maybe(wherewhens(newest))),
        draw(maybe(HOWS)),
        draw(maybe(WHYS)),
        draw(maybe(CITATIONS)),
        draw(maybe(TEXTS)),
        draw(maybe(REFERENCES)),
    )


@st.composite
def wherewhens(draw: st.DrawFn, newest: bool) -> model.WhereWhen:
    """WhereWhens with the parts of 2.1 (`newest`) or of 2.0."""
    if newest:
        names = iter(draw(st.permutations([*NAMES_2_1, None, None])))
    else:
        names = iter(draw(st.lists(maybe(st.sampled_from(SYSTEMS_2_0)), min_size=7, max_size=7)))
    used = model.WhereWhen(id=next(names), items=draw(REMARKS))
    if draw(st.booleans()):
        return used
    observatory = model.ObservatoryLocation(
        draw(maybe(TEXTS)), draw(maybe(systems(names, newest))), draw(maybe(coords(newest)))
    )
    observation = model.ObservationLocation(draw(systems(names, newest)), draw(coords(newest)))
    return model.WhereWhen(observatory, observation, used.id, used.items)


@st.composite
def systems(draw: st.DrawFn, names: Iterator[str | None], newest: bool) -> model.AstroCoordSystem:
    system = model.AstroCoordSystem(next(names))
    if not newest:
        return system
    time = st.builds(lambda *texts: model.TimeFrame(next(names), *texts), *[maybe(TEXTS)] * 3)
    space = st.builds(lambda *texts: model.SpaceFrame(next(names), *texts), *[maybe(TEXTS)] * 4)
    return model.AstroCoordSystem(system.id, draw(maybe(time)), draw(maybe(space)))


@st.composite
def coords(draw: st.DrawFn, newest: bool) -> model.AstroCoords:
    numbers = NUMBERS_2_1 if newest else NUMBERS_2_0
    text, error = maybe(TEXTS), st.none()
    times = st.builds(model.Time, maybe(INSTANTS), st.none(), maybe(FLOATS), maybe(UNITS))
    if newest:
        error = maybe(numbers)
        times |= st.builds(model.Time, st.none(), INTERVALS, maybe(FLOATS), maybe(UNITS))
    positions2 = st.builds(
        model.Position2D,
        st.tuples(numbers, numbers),
        maybe(UNITS),
        text,
        text,
        maybe(numbers) if newest else numbers,
        maybe(st.tuples(error, error)) if newest else st.none(),
    )
    positions3 = st.builds(
        model.Position3D,
        st.tuples(numbers, numbers, numbers),
        maybe(UNITS),
        text,
        text,
        text,
        maybe(st.tuples(error, error, error)) if newest else st.none(),
    )
    return model.AstroCoords(
        draw(maybe(st.sampled_from(NAMES_2_1 if newest else SYSTEMS_2_0))),
        draw(maybe(times)),
        draw(text) if newest else None,
        draw(maybe(positions2)),
        draw(maybe(positions3)),
    )
