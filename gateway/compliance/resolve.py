"""Which field of an alert a column is, if its owner declares that it came from one.

Rules
1. The manifest may say so (`alert-field`). Otherwise the path must be that of a field, letter for letter
   (``diaSource.ra``), or the name of a table of alert contents with the name of a field (``DiaSource.ra``).
2. The schema is the one that the manifest names, else the newest of LSST that has the field, else the newest of ZTF.
3. That a name fits proves nothing (L02): this is asked only of what is declared to be an alert's, or the prompt
   products database's.
"""

from __future__ import annotations

from functools import cache, lru_cache

from gateway.compliance.manifest import Manifest
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.reach import places
from gateway.policy.rule import Resource
from gateway.schema import registry

__all__ = ["alert_field", "is_of_alerts"]

_OF_ALERTS = {Origin.ALERT, Origin.PPDB}

# Tables of the prompt products database, and the records that alerts have of their rows.
_RECORDS = {
    "DiaSource": "diaSource",
    "DiaObject": "diaObject",
    "DiaForcedSource": "diaForcedSource",
    "SSSource": "ssSource",
    "SSObject": "ssObject",
    "MPCORB": "MPCORB",
    "mpc_orbits": "mpc_orbits",
}


def alert_field(
    path: FieldPath, named: FieldPath | None, label: Provenance, manifest: Manifest, *, empty: bool = False
) -> Resource | None:
    """The field of an alert that a column is; None when it is none.

    named : the field that the manifest says it is
    empty : it has no value, so it may be a record or an array as well; then the field is the first in that
    """
    if not is_of_alerts(label):
        return None
    if manifest.schema is not None:
        return _in(manifest.schema, named or path, empty)
    return _newest(empty).get(path)


def is_of_alerts(label: Provenance) -> bool:
    """Whether something is declared to come out of alerts, or the database of their contents, and nothing else."""
    parts = label.parts()
    return bool(parts) and all(part.origin in _OF_ALERTS for part in parts)


def _in(schema: AlertSchema, path: FieldPath, empty: bool) -> Resource | None:
    assert schema.key is not None
    found = _names(schema, empty).get(path)
    return Resource(schema.key.family, found, (schema.key.major, schema.key.minor)) if found else None


@cache
def _newest(empty: bool) -> dict[FieldPath, Resource]:
    """Every name that a field of any version has, and that field (rule 2)."""
    found: dict[FieldPath, Resource] = {}
    for key in sorted(registry.keys(), key=lambda key: (key.family == "ztf", -key.major, -key.minor)):
        for name, path in _names(registry.get(key), empty).items():
            found.setdefault(name, Resource(key.family, path, (key.major, key.minor)))
    return found


@lru_cache(maxsize=64)
def _names(schema: AlertSchema, empty: bool) -> dict[FieldPath, FieldPath]:
    """Rule 1: every name that a field has, and its path; those of records and arrays too, when they may be empty."""
    paths = [path for path, _ in leaves(schema.root)]
    names = {path: path for path in paths}
    for place, record in places(schema).items():
        for table, name in _RECORDS.items():
            if record is not None and record.name == name:
                for field in record.fields:
                    if place / field.name in names:
                        names.setdefault(FieldPath((table, field.name)), place / field.name)
    for path in paths if empty else ():
        for end in range(1, len(path.steps)):
            names.setdefault(FieldPath((*path.steps[: end - 1], path.steps[end - 1].rstrip("[]{}"))), path)
    return names
