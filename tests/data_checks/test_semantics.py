"""schemas/semantics: every field of every version has a valid UCD, a valid unit and a description of our own.

The rules of the two tables are in schemas/README.md.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy import units
from astropy.io.votable.ucd import parse_ucd

from gateway.model import ucd, vounit

from . import SCHEMAS, VERSIONS, load, records, short

Row = dict[str, str]
Key = tuple[str, str]

FAMILIES = ("lsst", "ztf")
COLUMNS = ["record", "field", "ucd", "unit", "dataType", "votable", "description"]
DATA_TYPES = {  # Avro type: VOEvent dataType, VOTable datatype
    "float": ("float", "float"),
    "double": ("float", "double"),
    "int": ("int", "int"),
    "long": ("string", "long"),
    "boolean": ("string", "boolean"),
    "string": ("string", "char*"),
    "timestamp-micros": ("string", "char*:timestamp"),
    "bytes": ("", "unsignedByte*"),
    "structure": ("", ""),
}


def rows_of(family: str) -> list[Row]:
    with (SCHEMAS / "semantics" / f"{family}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def avro_type(node: Any) -> str:
    """The type of a field without null: a row of DATA_TYPES."""
    if isinstance(node, list):
        (node,) = (branch for branch in node if branch != "null")
    if isinstance(node, dict):
        return str(node.get("logicalType", "structure"))
    return node if node in DATA_TYPES else "structure"


def fields_of(family: str) -> dict[Key, set[str]]:
    """The type of each field in each version; newest version first, then what only older ones have."""
    found: dict[Key, set[str]] = {}
    for version in reversed(VERSIONS[family]):
        for record in records(load(version)):
            for field in record["fields"]:
                key = short(record["name"]), field["name"]
                found.setdefault(key, set()).add(avro_type(field["type"]))
    return found


ROWS = {family: rows_of(family) for family in FAMILIES}
FIELDS = {family: fields_of(family) for family in FAMILIES}
EVERY_ROW = [row for family in FAMILIES for row in ROWS[family]]


def failures(rows: list[Row], column: str, check: Callable[[str], Any]) -> dict[str, Any]:
    """The values of a column that a check has something against, with what it has against them."""
    return {value: found for value in {row[column] for row in rows} if value and (found := check(value))}


def plain(sentence: str) -> str:
    """A sentence without its unit in brackets, capitals and full stop."""
    return sentence.partition("[")[0].strip(" .").lower()


@pytest.mark.parametrize("family", FAMILIES)
class TestTable:
    def test_has_the_columns(self, family: str) -> None:
        assert list(ROWS[family][0]) == COLUMNS

    def test_has_one_row_for_each_field_and_no_other(self, family: str) -> None:
        keys = [(row["record"], row["field"]) for row in ROWS[family]]
        assert len(set(keys)) == len(keys)
        assert set(keys) == set(FIELDS[family])

    def test_is_in_schema_order_newest_first(self, family: str) -> None:
        records_in_order = list(dict.fromkeys(record for record, _ in FIELDS[family]))
        in_order = sorted(FIELDS[family], key=lambda key: records_in_order.index(key[0]))
        assert [(row["record"], row["field"]) for row in ROWS[family]] == in_order

    def test_gives_the_data_types_that_follow_from_the_avro_type(self, family: str) -> None:
        for row in ROWS[family]:
            (avro,) = FIELDS[family][row["record"], row["field"]]
            assert (row["dataType"], row["votable"]) == DATA_TYPES[avro], row

    def test_gives_a_ucd_to_each_value_and_to_nothing_else(self, family: str) -> None:
        for row in ROWS[family]:
            assert bool(row["ucd"]) == bool(row["dataType"]), row
            assert row["ucd"] or not row["unit"], row

    def test_describes_each_field_in_a_short_sentence(self, family: str) -> None:
        for row in ROWS[family]:
            text = row["description"]
            assert text.endswith(".")
            assert 10 <= len(text) <= 140, row
            assert text == " ".join(text.split()), row
            assert text.isascii(), row


def test_no_description_is_a_sentence_of_the_release() -> None:
    packet = pytest.importorskip("lsst.alert.packet", reason="lsst-alert-packet is not installed")
    released = set()
    for version in VERSIONS["lsst"]:
        major, minor = version.split("/")[1:]
        for file in Path(packet.get_schema_path(major, minor)).glob("*.avsc"):
            released |= {plain(field.get("doc", "")) for field in json.loads(file.read_text())["fields"]}
    assert len(released) > 300
    assert {plain(row["description"]) for row in ROWS["lsst"]} & released == set()


class TestUcd:
    def test_is_in_the_vocabulary(self) -> None:
        for text in {row["ucd"] for row in EVERY_ROW if row["ucd"]}:
            parse_ucd(text, check_controlled_vocabulary=True, has_colon=False)

    def test_has_no_problem(self) -> None:
        assert failures(EVERY_ROW, "ucd", ucd.problems) == {}


class TestUnit:
    def test_has_no_problem(self) -> None:
        assert failures(EVERY_ROW, "unit", vounit.problems) == {}

    def test_of_an_uncertainty_is_that_of_the_quantity(self) -> None:
        unit_of = {(row["record"], row["field"]): row["unit"] for row in EVERY_ROW}
        checked = 0
        for (record, name), unit in unit_of.items():
            for suffix in ("Err", "Sigma", "unc", "_unc"):
                quantity = record, name.removesuffix(suffix)
                if name.endswith(suffix) and quantity in unit_of:
                    assert unit == unit_of[quantity], name
                    checked += 1
        assert checked > 100

    def test_of_a_covariance_is_the_product(self) -> None:
        unit_of = {
            (row["record"], row["field"]): units.Unit(row["unit"], format="vounit")
            for row in EVERY_ROW
            if row["dataType"] == "float"
        }
        covariances = [(record, name) for record, name in unit_of if name.endswith("_Cov")]
        assert len(covariances) > 100
        for record, name in covariances:
            factors = self.factors(record, name.removesuffix("_Cov"), unit_of)
            assert unit_of[record, name] == factors[0] * factors[1], name

    @staticmethod
    def factors(record: str, name: str, unit_of: dict[Key, Any]) -> tuple[Any, Any]:
        """The units of the two fields whose names, joined by an underscore, are the name."""
        words = name.split("_")
        (found,) = (
            (unit_of[record, left], unit_of[record, right])
            for split in range(1, len(words))
            for left, right in [("_".join(words[:split]), "_".join(words[split:]))]
            if (record, left) in unit_of and (record, right) in unit_of
        )
        return found
