"""UCD, unit and meaning of every field, from the tables in ``schemas/semantics``.

A row of a table serves a record's field in every version that has it, unless its `since` and `until` say
otherwise.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache

from gateway import resources
from gateway.errors import SchemaError
from gateway.model.alert import SchemaKey

__all__ = ["Meaning", "meaning"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field is.

    ucd : UCD1+ 1.6, or empty
    unit : VOUnits 1.1, or empty for a dimensionless field
    data_type : VOEvent dataType: ``float``, ``int``, ``string``, or empty for what is no Param
    """

    ucd: str
    unit: str
    data_type: str
    votable: str
    description: str


@cache
def _table(family: str) -> dict[tuple[str, str], list[tuple[str, str, Meaning]]]:
    text = (resources.schemas() / "semantics" / f"{family}.csv").read_text("utf-8")
    table: dict[tuple[str, str], list[tuple[str, str, Meaning]]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        found = Meaning(row["ucd"], row["unit"], row["dataType"], row["votable"], row["description"])
        table.setdefault((row["record"], row["field"]), []).append(
            (row.get("since") or "", row.get("until") or "", found)
        )
    return table


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def meaning(key: SchemaKey, record: str, field: str) -> Meaning:
    """The meaning of a field in a released version; `record` is the record's name without namespace.

    Raises SchemaError (schema-unknown) for a field that has no row, which the tests exclude.
    """
    for since, until, found in _table(key.family).get((record, field), ()):
        version = _order(key.version)
        if (not since or _order(since) <= version) and (not until or version <= _order(until)):
            return found
    raise SchemaError("schema-unknown", f"Field {record}.{field} of {key} has no row in schemas/semantics.")
