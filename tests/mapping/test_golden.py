"""What events look like: one of each kind, beside files that people have read. `--update-golden` rewrites them."""

from pathlib import Path

import pytest
from alerts import changed, released, simulated, values

from gateway.codecs.voevent.check import check
from gateway.mapping.fast import Minter
from gateway.mapping.settings import Settings
from gateway.schema.raw import Layout

GOLDEN = Path(__file__).parents[1] / "golden"


def short(found, rows=3):
    """The alert with so many rows of each array at most."""
    raw = Layout(found.schema.root).read(found.payload)
    arrays = {
        field.name: value[-rows:]
        for field, value in zip(found.schema.root.fields, raw, strict=True)
        if isinstance(value, list) and value and isinstance(value[0], list)
    }
    return changed(found, **arrays)


def first(key, wanted):
    return next(found for found in simulated(key, 60, "none") if wanted(values(found)))


def transient(record):
    return bool(record["prvDiaSources"]) and record["diaObject"] is not None


CASES = {
    "lsst-11.0-core-2.0": (lambda: first("lsst/11.0", transient), Settings()),
    "lsst-11.0-history-2.1": (
        lambda: short(first("lsst/11.0", transient)),
        Settings(version="2.1", detail="history", cite="latest"),
    ),
    "lsst-11.0-solar-system-core-2.1": (
        lambda: first("lsst/11.0", lambda record: record["ssSource"] is not None),
        Settings(version="2.1", classify=True, role="test", authority="org.example.observatory", stream="lsst/test"),
    ),
    "lsst-11.0-core-2.0-reprocessed": (
        lambda: first("lsst/11.0", transient),
        Settings(reprocessed=True, cutout_url="https://example.org/{id}/{name}.fits"),
    ),
    "ztf-4.02-core-2.0": (lambda: short(simulated("ztf/4.02", 1, "image")[0]), Settings()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_golden(name, update_golden):
    make, chosen = CASES[name]
    data = Minter(chosen).mint(released(make())).data
    file = GOLDEN / f"{name}.xml"
    if update_golden:
        file.write_bytes(data)
    assert data.decode() == file.read_text("utf-8")


def test_every_golden_file_is_made_and_valid():
    assert {file.stem for file in GOLDEN.glob("*.xml")} == set(CASES)
    for file in GOLDEN.glob("*.xml"):
        assert [str(found) for found in check(file.read_bytes()) if found.code not in ("VE-27",)] == []
