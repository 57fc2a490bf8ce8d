"""The released alert schemas: whatever is in ``schemas/avro/lsst`` and ``schemas/avro/ztf``.

Rules
1. A version is released when its file is there; adding one is adding a file (docs/new-schema.md).
2. LSST's id on the wire is 100 * major + minor, big-endian (DMTN-093; measured on a real packet: v9.0 is ``00
   00 00 03 84``). An id that is known only after swapping its bytes is reported as little-endian.
3. A schema found in a container is a released one only if its canonical form is the same to the letter. A
   schema that merely bears a released name is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources.abc import Traversable

from gateway import resources
from gateway.errors import SchemaError
from gateway.model.alert import AlertSchema, SchemaKey
from gateway.schema.parse import parse_schema_text

__all__ = ["by_rabin", "by_sha256", "by_wire_id", "get", "keys", "released", "stored_event"]


@cache
def _files() -> dict[SchemaKey, Traversable]:
    avro = resources.schemas() / "avro"
    found = {}
    for major in (avro / "lsst").iterdir():
        for minor in major.iterdir() if major.name.isdigit() else ():
            found[SchemaKey("lsst", int(major.name), int(minor.name))] = minor / "alert.avsc"
    for version in (avro / "ztf").iterdir():
        number, dot, minor_number = version.name.partition(".")
        if dot:
            found[SchemaKey("ztf", int(number), int(minor_number))] = version / "alert.avsc"
    return dict(sorted(found.items()))


def keys() -> tuple[SchemaKey, ...]:
    """Every released version, oldest first within its family."""
    return tuple(_files())


def get(key: SchemaKey | str) -> AlertSchema:
    """The released schema ``lsst/11.0``. Raises SchemaError (schema-unknown) with the versions there are."""
    if isinstance(key, str):
        wanted = key
        key = next((k for k in keys() if str(k) == wanted), SchemaKey(wanted, 0, 0))
    if key not in _files():
        names = ", ".join(map(str, keys()))
        raise SchemaError("schema-unknown", f"There is no released schema of that name. There are: {names}.")
    return _load(key)


@cache
def _load(key: SchemaKey) -> AlertSchema:
    return parse_schema_text(_files()[key].read_bytes(), key)


def _all() -> Iterator[AlertSchema]:
    return map(_load, keys())


@cache
def _on_the_wire() -> dict[int, SchemaKey]:
    return {key.wire_id: key for key in keys() if key.family == "lsst"}


def by_wire_id(wire_id: int) -> AlertSchema:
    """The LSST schema with this id on the wire (rule 2). Raises SchemaError (schema-unknown, schema-endian)."""
    known = _on_the_wire()
    if wire_id in known:
        return _load(known[wire_id])
    swapped = int.from_bytes(wire_id.to_bytes(4, "big"), "little")
    if swapped in known:
        raise SchemaError(
            "schema-endian",
            f"Schema id {wire_id} is {swapped} written little-endian; ids on the wire are big-endian.",
        )
    nearest = min(known.values(), key=lambda key: abs(key.wire_id - wire_id))
    raise SchemaError(
        "schema-unknown",
        f"Schema id {wire_id} belongs to no released LSST schema; the nearest is {nearest}, with id {nearest.wire_id}.",
    )


@cache
def _index(name: str) -> dict[str | bytes, SchemaKey]:
    return {getattr(schema, name): schema.key for schema in _all() if schema.key}


def by_sha256(sha256: str) -> AlertSchema | None:
    """The released schema with this canonical fingerprint, or None."""
    key = _index("sha256").get(sha256)
    return _load(key) if key else None


def by_rabin(rabin: bytes) -> AlertSchema:
    """The released schema with this CRC-64-AVRO fingerprint. Raises SchemaError (schema-unknown)."""
    key = _index("rabin").get(rabin)
    if key is None:
        raise SchemaError("schema-unknown", "The single-object fingerprint belongs to no released schema.")
    return _load(key)


def released(schema: AlertSchema) -> AlertSchema:
    """The released schema this one is (rule 3), or the schema itself when it is not a released one."""
    if schema.key:
        return schema
    likely = _bearing(schema.name)
    if likely is not None and likely.sha256 == schema.sha256:
        return likely
    return by_sha256(schema.sha256) or schema


_LSST_NAME = re.compile(r"lsst\.v([0-9]+)_([0-9]+)\.alert")


def _bearing(name: str) -> AlertSchema | None:
    """The one LSST schema that may have this name: it is compared first, and the others are not even parsed then."""
    found = _LSST_NAME.fullmatch(name)
    key = SchemaKey("lsst", int(found[1]), int(found[2])) if found else None
    return _load(key) if key in _files() else None


@cache
def stored_event() -> AlertSchema:
    """The project's own schema for VOEvents of others, ``schemas/avro/voevent``. It is no alert schema."""
    return parse_schema_text((resources.schemas() / "avro" / "voevent" / "1.0" / "voevent.avsc").read_bytes())
