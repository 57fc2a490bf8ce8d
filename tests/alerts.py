"""Alerts for tests: the samples of lsst-alert-packet, real ones, simulated ones, and how to release them.

simulated(key)          the first alerts of a simulated visit in that schema
samples()               the `fakeAlert.avro` of every LSST version
released(alert)         what the policy lets the public see of an alert: all of it
released(alert, paths)  the same without some leaves, which no profile can say yet
changed(alert, ...)     the alert with other values in some fields
"""

import io
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import lsst.alert.packet
from strategies import zigzag

from gateway.codecs import container
from gateway.model.alert import Alert, Framing
from gateway.model.avrotype import nullable
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.policy.pattern import FAMILIES, KindRange, PathPattern
from gateway.policy.profile import load
from gateway.policy.rule import Rule
from gateway.schema import registry
from gateway.schema.project import project, values_of
from gateway.schema.raw import Layout
from gateway.simulate import visit

KEYS = tuple(map(str, registry.keys()))
NEWEST = "lsst/11.1"
PUBLIC = Provenance(Origin.ALERT)
CONFLUENT, SINGLE, RAW = Framing("confluent"), Framing("single-object"), Framing("raw")
CONTAINER = Framing("container", "deflate")


PACKETS = Path(__file__).parent / "data/policy/packets.toml"
"""A profile that passes alert packets without looking into them: random ones, and a real one of ZTF's partnership."""


def withholding(paths=()):
    """A policy that passes alert packets but for some leaves. It is kept, as a program keeps its own."""
    return _withholding(tuple(paths))


@cache
def _packets():
    return load(str(PACKETS))


@lru_cache(maxsize=32)
def _withholding(paths):
    profile = _packets()
    if paths:
        patterns = tuple(map(PathPattern.parse, paths))
        kinds = tuple(map(KindRange.parse, FAMILIES))
        rule = Rule(
            "test", "redact", (Origin.ALERT,), kinds, patterns, "P25", "test", "measured", "For a test."
        )
        profile = replace(profile, rules=(*profile.rules, rule))
    return Policy(profile)


def released(alert, withheld=()):
    withheld = tuple(withheld)
    release = withholding(withheld).release(alert)
    assert set(map(str, release.withheld)) >= set(withheld)
    return release


def alert(key, payload, framing=RAW):
    return Alert(registry.get(key), payload, framing, PUBLIC)


@cache
def simulated(key=NEWEST, count=3, cutouts="image", seed=0):
    return tuple(visit(count, schema=registry.get(key), seed=seed, cutouts=cutouts))


def opened(data):
    """The alerts in the bytes of a container."""
    return list(container.read(io.BytesIO(data), PUBLIC))


@cache
def samples():
    files = Path(lsst.alert.packet.__file__).parent.rglob("fakeAlert.avro")
    return {str(found.schema.key): found for file in files for found in opened(file.read_bytes())}


@cache
def real_lsst(data):
    """The alerts that Fink re-wrote, as Rubin sent them."""
    return [project(found, registry.get("lsst/10.0"))[0] for found in opened(data)]


def values(found):
    """The alert as fastavro decodes it."""
    return values_of(found)


def changed(found, **fields):
    """The alert with other raw values: ``diaSource__ra=...`` is a field of a record, ``x=...`` one of the root."""
    layout, root = Layout(found.schema.root), found.schema.root
    raw = layout.read(found.payload)
    for name, value in fields.items():
        top, _, inner = name.partition("__")
        place = [field.name for field in root.fields].index(top)
        if inner:
            record, _ = nullable(root.fields[place].type)
            raw[place] = list(raw[place])
            raw[place][[field.name for field in record.fields].index(inner)] = value
        else:
            raw[place] = value
    return Alert(found.schema, layout.write(raw), found.framing, found.provenance)


def long(value):
    """A raw integer."""
    return zigzag(value)
