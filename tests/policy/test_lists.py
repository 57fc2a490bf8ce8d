"""The tables that decide besides the rules are in the hash of every profile."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import resources
from gateway.policy import lists
from gateway.policy.profile import load, names

ROOT = Path(__file__).parents[2]
TABLES = (
    "policy/cutouts/lsst.toml",
    "policy/cutouts/ztf.toml",
    "policy/links/links.toml",
    "schemas/tables/ppdb.csv",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("gateway", "policy", "schemas"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "_data"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def hashes(root: Path) -> dict[str, str]:
    """Of each profile, as a gateway with the data in this folder says."""
    code = (
        "from gateway.policy.profile import load, names\nfor name in names(): print(name, load(name).sha256)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split() for line in done.stdout.splitlines())


@pytest.mark.parametrize("table", TABLES)
def test_another_table_is_another_policy(checkout: Path, table: str) -> None:
    file = checkout / table
    before = file.read_bytes()
    file.write_bytes(before + b"\n")
    changed = hashes(checkout)
    file.write_bytes(before)
    assert changed.keys() == set(names())
    assert all(changed[name] != load(name).sha256 for name in names())


def test_the_same_tables_are_the_same_policy(checkout: Path) -> None:
    assert hashes(checkout) == {name: load(name).sha256 for name in names()}


def test_every_table_is_among_them() -> None:
    folders = {
        resources.policy() / "cutouts": ".toml",
        resources.policy() / "links": ".toml",
        resources.schemas() / "tables": ".csv",
    }
    found = {
        file.read_bytes()
        for folder, ending in folders.items()
        for file in folder.iterdir()
        if file.name.endswith(ending)
    }
    assert len(found) == len(TABLES)
    assert lists.hashes() == tuple(
        hashlib.sha256((ROOT / table).read_bytes()).hexdigest() for table in TABLES
    )
