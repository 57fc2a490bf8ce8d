"""Alerts for tests: the samples of lsst-alert-packet, real ones, simulated ones, and how to release them.

simulated(key)          the first alerts of a simulated visit in that schema
samples()               the `fakeAlert.avro` of every LSST version
released(alert)         what the policy lets the public see of an alert: all of it
released(alert, paths)  the same without some leaves, which no profile can say yet
changed(alert, ...)     the alert with other values in some fields
"""

import io
from functools import cache
from pathlib import Path

import lsst.alert.packet
from strategies import zigzag

from gateway.codecs import container
from gateway.model.alert import Alert, Framing
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import DEFAULT_DENY, Policy
from gateway.schema import registry
from gateway.schema.project import project, values_of
from gateway.schema.raw import Layout
from gateway.simulate import visit

KEYS = tuple(map(str, registry.keys()))
NEWEST = "lsst/11.1"
PUBLIC = Provenance(Origin.ALERT)
CONFLUENT, SINGLE, RAW = Framing("confluent"), Framing("single-object"), Framing("raw")
CONTAINER = Framing("container", "deflate")


class Withholding(Policy):
    """The public profile, and some leaves that it withholds all the same."""

    def __init__(self, paths=()):
        super().__init__()
        self.paths = frozenset(map(FieldPath.parse, paths))

    def _alert_decisions(self, schema, provenance):
        decisions, _ = super()._alert_decisions(schema, provenance)
        assert self.paths <= {path for path, _ in leaves(schema.root)}
        made = tuple((path, DEFAULT_DENY if path in self.paths else found) for path, found in decisions)
        return made, self.paths


def released(alert, withheld=()):
    return Withholding(withheld).release(alert)


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
            record = root.fields[place].type
            raw[place] = list(raw[place])
            raw[place][[field.name for field in record.fields].index(inner)] = value
        else:
            raw[place] = value
    return Alert(found.schema, layout.write(raw), found.framing, found.provenance)


def long(value):
    """A raw integer."""
    return zigzag(value)
