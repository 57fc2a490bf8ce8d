"""The columns of survey databases, from the lists in ``schemas/tables``: which table has which, and nothing else."""

from __future__ import annotations

import csv
import io
from functools import cache

from gateway import resources
from gateway.model.fieldpath import FieldPath

__all__ = ["columns"]


@cache
def columns(database: str) -> frozenset[FieldPath]:
    """The columns of a database (``ppdb``), such as ``DiaSource.ra``."""
    text = (resources.schemas() / "tables" / f"{database}.csv").read_text("utf-8")
    return frozenset(FieldPath((row["table"], row["column"])) for row in csv.DictReader(io.StringIO(text)))
