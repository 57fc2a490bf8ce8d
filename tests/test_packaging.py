"""What is installed from a wheel or an sdist is complete: the code, and the data that it finds from there."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = {
    path.relative_to(ROOT).as_posix()
    for top in ("schemas", "policy", "examples")
    for path in (ROOT / top).rglob("*")
    if path.is_file()
}

_FIND = """
import gateway
from gateway import resources
from gateway.policy.profile import load
from gateway.schema import registry
print(resources.schemas())
print(len(registry.keys()), registry.get("lsst/11.0").name, load("packet-only").id)
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("*.whl")
    return wheel


def found_from(place: Path, elsewhere: Path) -> tuple[str, str]:
    """Where the package at `place` finds its data, and a line about them. Run where no checkout is near."""
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(place)!r})\n{_FIND}"],
        cwd=elsewhere,
        check=True,
        capture_output=True,
        text=True,
    )
    where, line = run.stdout.splitlines()
    return where, line


@pytest.mark.parametrize("zipped", [False, True], ids=["unpacked", "zip import"])
def test_installed_package_finds_its_data(wheel: Path, tmp_path: Path, zipped: bool) -> None:
    place = wheel if zipped else tmp_path / "site-packages"
    if not zipped:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
    where, line = found_from(place, tmp_path)
    assert place.name in where
    assert "_data" in where
    assert line == "18 lsst.v11_0.alert packet-only"


def test_wheel_holds_the_package_and_its_data_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    assert {
        name.removeprefix("gateway/_data/") for name in names if name.startswith("gateway/_data/")
    } == DATA
    assert "gateway/py.typed" in names
    tops = {name.partition("/")[0].partition("-")[0] for name in names}
    assert tops == {"gateway", "voevent_gateway"}


def test_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert b"The voevent-gateway developers" in archive.read(licence)
        assert b"gateway = gateway.cli:main" in archive.read(entry)


def test_sdist_is_enough_to_build_and_test(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    assert names >= DATA
    wanted = {
        "Makefile",
        "README.md",
        "LICENSE",
        "pyproject.toml",
        ".ci/constraints.txt",
        "tests/test_packaging.py",
        "docs/conf.py",
    }
    assert wanted <= names


def test_constraints_are_exact_and_have_every_dependency() -> None:
    lines = (ROOT / ".ci/constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin)] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = {re.split(r"[\[<>=; ]", name)[0] for name in [*project["dependencies"], *chain(*extras)]}
    assert wanted - {pin.partition("==")[0].lower().replace("_", "-") for pin in pins} == set()
