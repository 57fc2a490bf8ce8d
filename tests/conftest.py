"""What many tests need: Hypothesis profiles, the golden switch, and the material beside the checkout.

`shared` is the folder ``../shared`` with real alerts and VOEvents. It is not part of the project: a test that
asks for it is skipped, with the reason, where it is not.
"""

import gc
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

pytest_plugins = ["kafka.fixtures"]

# How long an example takes says how busy the machine is, and nothing about what is tested.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
# Many mutants, each broken: the first counterexample is enough, and always the same.
settings.register_profile(
    "mutation",
    settings.get_profile("ci"),
    max_examples=25,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the expected output under tests/data; then read the diff",
    )


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    """Thousands of tests live to the end: no search for garbage goes through them again and again."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """True when expected output is to be rewritten and not compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("../shared is not here: real alerts and VOEvents are tested where it is")
    return SHARED


@pytest.fixture(scope="session")
def real_voevents(shared: Path) -> list[tuple[str, bytes]]:
    """(name, document) of the real VOEvents of 2014 to 2018, in the order of the archive."""
    with tarfile.open(shared / "data/voevent/voevent-2014-2018-sample.tar.bz2", "r|bz2") as archive:
        return [(member.name, archive.extractfile(member).read()) for member in archive if member.isfile()]


@pytest.fixture(scope="session")
def lsst_container(shared: Path) -> bytes:
    """An object container file with seven real LSST alerts, to which the broker Fink added fields."""
    return (shared / "data/lsst/fink-lsst-v10-7alerts.avro").read_bytes()


@pytest.fixture(scope="session")
def ztf_containers(shared: Path) -> dict[str, bytes]:
    """Schema version -> an object container file with one real ZTF alert."""
    return {
        path.name.split("-")[1]: path.read_bytes()
        for path in sorted((shared / "data/ztf").glob("ztf-*.avro"))
    }
