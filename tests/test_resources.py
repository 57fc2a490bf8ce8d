"""The data are found in a checkout, in a folder of an installed wheel, and in a zip."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gateway import resources

ROOT = Path(__file__).resolve().parents[1]

USE = """
import sys
sys.path[0] = sys.argv[1]
from gateway.schema import registry
from gateway.schema.semantics import meaning
from gateway.policy.profile import load, names
assert sys.argv[1] in registry.__file__, registry.__file__
print(*registry.keys())
print(registry.get("lsst/11.1").sha256, meaning(registry.keys()[-1], "candidate", "ra").ucd)
print(names(), load("packet-only").sha256)
"""


def use(where: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", USE, str(where)], capture_output=True, text=True, check=False, cwd=where.parent
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with what a wheel has: the package, and the data inside it."""
    path = tmp_path_factory.mktemp("wheel") / "gateway.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (ROOT / "gateway").rglob("*.py"):
            archive.write(file, file.relative_to(ROOT).as_posix())
        for folder in ("schemas", "policy"):
            for file in (ROOT / folder).rglob("*.*"):
                archive.write(file, f"gateway/_data/{file.relative_to(ROOT).as_posix()}")
    return path


def test_this_checkout() -> None:
    assert resources.schemas() == ROOT / "schemas"
    assert resources.policy() == ROOT / "policy"


def test_a_zip_and_an_installed_folder_and_the_checkout_give_the_same(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    said = use(ROOT)
    assert "lsst/11.1" in said
    assert use(wheel) == said
    assert use(tmp_path / "site") == said


def test_a_stale_copy_in_an_editable_install_is_not_used(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "checkout")
    checkout = tmp_path / "checkout"
    (checkout / "pyproject.toml").write_text("")
    for folder in ("schemas", "policy"):
        (checkout / "gateway/_data" / folder).rename(checkout / folder)
    stale = checkout / "gateway/_data/schemas/avro/lsst/99/0"
    stale.mkdir(parents=True)
    (stale / "alert.avsc").write_text("{}")
    assert use(checkout) == use(ROOT)
