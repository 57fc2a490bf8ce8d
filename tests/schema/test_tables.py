"""The columns of the prompt products database, compared with the survey's own definition."""

from pathlib import Path
from typing import Any

import lsst.sdm.schemas
import yaml

from gateway.model.fieldpath import FieldPath
from gateway.schema.tables import columns


def of_the_survey() -> set[FieldPath]:
    """Its tables take their columns out of other files, and rename none."""
    definition: Any = yaml.safe_load((Path(lsst.sdm.schemas.__file__).parent / "ppdb.yaml").read_bytes())
    found = set()
    for table in definition["tables"]:
        for file in table["columnRefs"].values():
            for names in file.values():
                assert not any(names.values()), "a column is renamed or overridden"
                found |= {FieldPath((table["name"], name)) for name in names}
    return found


def test_columns_are_those_of_the_survey() -> None:
    assert columns("ppdb") == of_the_survey()
    assert len(columns("ppdb")) == 390


def test_each_is_there_once() -> None:
    lines = (Path(__file__).parents[2] / "schemas/tables/ppdb.csv").read_text("utf-8").splitlines()
    assert len(set(lines)) == len(lines) == 391
