"""The profiles against the inventory of fields that the specification was made from: 4500 columns, four profiles."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.model.audience import PUBLIC, Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.profile import load
from gateway.policy.rule import Resource
from gateway.policy.verdict import explain

NOW, LATER = datetime(2026, 11, 24, tzinfo=UTC), datetime(2028, 8, 1, tzinfo=UTC)
ORIGINS = {"apdb": Origin.PPDB, "ppdb": Origin.PPDB, "ap_extra": Origin.PROMPT_VISIT}
COLUMNS = {"seed-2018": "class_sac2018", "ldm612-2019": "class_ldm612", "rdo013-2025": "class_rdo013"}

# Who passes it: the public now, people with rights now, the public after two years.
CLASSES = {
    "public": (True, True, True),
    "public-external": (True, True, True),
    "public-via-alert": (False, True, False),
    "rights": (False, True, False),
    "rights-until-release+2y": (False, True, True),
    "undetermined": (False, None, None),
    "internal": (False, False, False),
}

# Where a profile differs from the inventory, and why.
DIFFERENT = {
    "apdb.DiaSource": "the definition of the database has these four columns since version 10",
    "apdb.DiaObject": "a column that is not in the database is not known, so rights to it cannot be told",
    "apdb.DiaObject_To_Object_Match": "undetermined",
    "apdb.DetectorVisitProcessingSummary": "undetermined",
    "apdb.mpc_orbits": "free JSON; and columns of the mirror that are not in the database",
    "apdb.current_identifications": "a column of the mirror that is not in the database",
    "apdb.numbered_identifications": "columns of the mirror that are not in the database",
    "dp2.mpc_orbits": "free JSON",
    "dp1.Visit": "pointings are public (P23)",
    "dp2.Visit": "pointings are public (P23)",
    "dp1.CcdVisit": "pointings are public (P23)",
    "dp2.VisitDetector": "pointings are public (P23)",
}
MOST = {"seed-2018": 62, "ldm612-2019": 66, "rdo013-2025": 57}


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_of_the_inventory(name: str, shared: Path) -> None:
    profile, different, seen = load(name), 0, 0
    with (shared / "data/fields/lsst_fields.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            schema, _, table = row["table"].partition(".")
            if schema not in (*ORIGINS, "dp1", "dp2"):
                continue
            seen += 1
            origin = ORIGINS.get(schema, Origin.DATA_RELEASE)
            release = schema if origin is Origin.DATA_RELEASE else "dp2"
            column = Resource("table", FieldPath((table, row["column"])))
            found = [
                explain(profile, column, Provenance(origin, release), audience, now).decision.passes
                for audience, now in ((PUBLIC, NOW), (Audience(frozenset({release})), NOW), (PUBLIC, LATER))
            ]
            expected = CLASSES[row[COLUMNS[name]]]
            if any(want is not None and want != got for want, got in zip(expected, found, strict=True)):
                assert row["table"] in DIFFERENT, f"{row['table']}.{row['column']}"
                different += 1
    assert seen > 4500
    assert different == MOST[name]
