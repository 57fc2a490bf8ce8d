"""Tables of columns -> records of any schema version, as Avro writes them.

Rules
1. A table has a column for a field, under the field's newest name; `NEWEST` says what older names became.
2. A column is one value for all rows, an array, or a list. None and NaN are null; where the schema has no
   null they are 0.
3. A field without a column is filled by the first pattern in `FALLBACKS` that its name matches; others are
   null, or the zero of their type. So every version can be written, those with 389 fields in diaObject too.
4. A column is encoded whole, and the rows are joined from the columns: faster than row by row.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from gateway.model.avrotype import NULL, AvroType, Primitive, Record, Union, nullable
from gateway.schema.raw import write_varint
from gateway.simulate.exact import Draws, Floats

__all__ = ["Table", "array", "micros", "newest", "rows"]

Table = Mapping[str, Any]
"""Columns by the newest names of the fields (rule 2)."""

NEWEST = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # 3.0 and 4.0: SDM names of 2018
        (r"^midPointTai$", "midpointMjdTai"),
        (r"^radecTai$", "radecMjdTai"),
        (r"^filterName$", "band"),
        (r"^decl|(?<=_)decl", "dec"),
        (r"Decl(?=Err|_|$)", "Dec"),
        (r"(?<![A-Za-z])ps(?=[A-Z])", "psf"),
        (r"(?<![A-Za-z])dip(?=[A-Z])", "dipole"),
        (r"^totFlux", "scienceFlux"),
        (r"^diffFlux", "snapDiffFlux"),
        (r"^([ugrizy])(PS|FP)Flux", r"\1_\2Flux"),
        (r"_PSFlux", "_psfFlux"),
        (r"_FPFlux", "_fpFlux"),
        (r"^([ugrizy])Lc(?=(Non)?Periodic)", r"\1_lc"),
        # up to 7.4
        (r"^alertId$", "diaSourceId"),
        (r"^is_negative$", "isNegative"),
        # 8.0
        (r"^time_processed$", "timeProcessedMjdTai"),
        (r"^validityStart$", "validityStartMjdTai"),
        # ssSource and MPCORB of 8.0 and 9.0, ssObject of 3.0
        (r"^ecliptic(Lambda|Beta)$", r"ecl\1"),
        (r"^galacticL$", "galLon"),
        (r"^galacticB$", "galLat"),
        (r"^predictedVMagnitude$", "ephVmag"),
        (r"^residual(Ra|Dec)$", r"ephOffset\1"),
        (r"^(helio|topo)centricDist$", r"\1Range"),
        (r"^mpcDesignation$", "designation"),
        (r"^mpcH$", "h"),
        (r"^epoch$", "epoch_mjd"),
        (r"^M$", "mean_anomaly"),
        (r"^(peri|aop)$", "argperi"),
        (r"^lan$", "node"),
        (r"^incl$", "i"),
        (r"^t_p$", "peri_time"),
    )
]

FALLBACKS: list[tuple[re.Pattern[str], Callable[[Draws, int], Any]]] = [
    (re.compile(pattern), make)
    for pattern, make in (
        (r"^(trail|dipole|snapDiff)", lambda _draws, _n: None),
        (r"(?i)flags?$|_flag_|^pixelFlags", lambda _draws, _n: 0),
        (r"_Cov$", lambda draws, n: 1e-12 * draws.normals(n)),
        (r"LnL$|LnP$", lambda draws, n: draws.uniforms(n, -900, -700)),
        (r"Chi2$", lambda draws, n: draws.uniforms(n, 1, 60)),
        (r"(?i)ndata$|^numObs$", lambda draws, n: draws.integers(n, 6, 300)),
        (r"^(fpBkgd|ixx|iyy|ixy|psf|pm|parallax).*Err$", lambda draws, n: draws.uniforms(n, 0.001, 0.02)),
        (r"^fpBkgd", lambda draws, n: draws.uniforms(n, -50, 50)),
        (r"^pm(Ra|Dec)$|^parallax$", lambda draws, n: 3e-3 * draws.normals(n)),
        (r"^nearbyObj\d$", lambda draws, n: draws.integers(n, 1 << 57, 1 << 58)),
        (r"^nearbyObj\dDist$", lambda draws, n: draws.uniforms(n, 0.05, 15)),
        (r"^[ugrizy]_?H$", lambda draws, n: draws.uniforms(n, 14, 23)),
        (r"^[ugrizy]_?G\d*$", lambda draws, n: draws.uniforms(n, 0, 1)),
        (r"^[ugrizy]_?(H|G\d*)Err$", lambda draws, n: draws.uniforms(n, 0.01, 0.3)),
        (r"^arc$", lambda draws, n: draws.uniforms(n, 1000, 9000)),
        (r"^(discoverySubmission|firstObservation)Date$", lambda draws, n: draws.uniforms(n, 50000, 59000)),
        (r"(?i)^moid", lambda draws, n: draws.uniforms(n, 0.01, 2)),
        (r"(?i)extendedness$", lambda draws, n: draws.uniforms(n, 0, 0.3)),
        (r"(?i)(sigma|unc)$", lambda draws, n: draws.uniforms(n, 1e-9, 1e-5)),
    )
]


def micros(mjd: float) -> int:
    """Microseconds since 1970 (UTC) of a TAI Modified Julian Date after 2017 (TAI - UTC = 37 s)."""
    return round((mjd - 40587) * 86_400_000_000) - 37_000_000


@cache
def newest(name: str) -> str:
    """The newest name of a field (rule 1)."""
    for pattern, replacement in NEWEST:
        name = pattern.sub(replacement, name)
    return name


@cache
def _fallback(name: str) -> Callable[[Draws, int], Any]:
    return next((make for pattern, make in FALLBACKS if pattern.search(name)), lambda _draws, _n: None)


@dataclass(frozen=True)
class _Cell:
    """How a field is encoded: what precedes a value (the branch of the union), and null."""

    name: str
    prefix: bytes
    null: bytes
    encode: Callable[[Any], bytes]
    width: int


def _varint(value: Any) -> bytes:
    return _whole(int(value))


_whole = lru_cache(1 << 14)(write_varint)


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return write_varint(len(data)) + data


_ENCODERS: dict[str, Callable[[Any], bytes]] = {
    "boolean": lambda value: b"\x01" if value else b"\x00",
    "int": _varint,
    "long": _varint,
    "float": lambda value: struct.pack("<f", value),
    "double": lambda value: struct.pack("<d", value),
    "string": _text,
    "bytes": _text,
}


def _encoder(type_: AvroType) -> tuple[Callable[[Any], bytes], bytes]:
    """How values of a type are encoded, and its zero."""
    if not isinstance(type_, Primitive):
        return (lambda encoded: encoded), b"\0"  # records and arrays come encoded; zero is the empty array
    if type_.logical == "timestamp-micros":
        return (lambda mjd: write_varint(micros(mjd))), b"\0"
    encode = _ENCODERS[type_.name]
    return encode, encode("" if type_.name == "string" else b"" if type_.name == "bytes" else 0)


@cache
def _cells(record: Record) -> list[_Cell]:
    cells = []
    for field in record.fields:
        type_, has_null = nullable(field.type)
        encode, zero = _encoder(type_)
        prefix, null = b"", zero
        if has_null and isinstance(field.type, Union):
            null = write_varint(field.type.branches.index(NULL))
            prefix = write_varint(field.type.branches.index(type_))
        width = {"float": 4, "double": 8}.get(type_.name, 0) if isinstance(type_, Primitive) else 0
        cells.append(_Cell(newest(field.name), prefix, null, encode, width))
    return cells


def rows(record: Record, table: Table, size: int, draws: Draws) -> list[bytes]:
    """The Avro encoding of `size` rows. Columns of records and arrays hold their encoding (`array`)."""
    columns = []
    for cell in _cells(record):
        value = table[cell.name] if cell.name in table else _fallback(cell.name)(draws, size)
        columns.append(_column(cell, value, size))
    return [b"".join(row) for row in zip(*columns, strict=True)]


def array(items: list[bytes]) -> bytes:
    """The Avro encoding of an array of encoded items, at least one."""
    return b"".join([write_varint(len(items)), *items, b"\0"])


def _column(cell: _Cell, value: Any, size: int) -> list[bytes]:
    if isinstance(value, np.ndarray):
        if size > 1 and cell.width and value.dtype.kind == "f":
            return _floats(cell, value)
        value = value.tolist()
    return [_one(cell, v) for v in value] if isinstance(value, list) else [_one(cell, value)] * size


def _one(cell: _Cell, value: Any) -> bytes:
    return cell.null if value is None or value != value else cell.prefix + cell.encode(value)


def _floats(cell: _Cell, values: Floats) -> list[bytes]:
    """As `_one` for each, all at once: numpy rounds to 32 bits as IEEE 754 says."""
    bare = np.frombuffer(values.astype(f"<f{cell.width}").tobytes(), np.uint8).reshape(-1, cell.width)
    step = cell.width + len(cell.prefix)
    data = np.empty((len(values), step), np.uint8)
    data[:, step - cell.width :] = bare
    data[:, : step - cell.width] = np.frombuffer(cell.prefix, np.uint8)
    whole = data.tobytes()
    cells = [whole[i : i + step] for i in range(0, len(whole), step)]
    for place in np.flatnonzero(np.isnan(values)).tolist():
        cells[place] = cell.null
    return cells
