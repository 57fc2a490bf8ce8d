"""`make test` gets the second XML judge where that is no trouble, tries once, and never fails for want of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not here")


@pytest.fixture
def machine(tmp_path):
    """A machine with this Makefile and an environment that is ready, on which only root could install with apt-get."""
    (tmp_path / "tools").mkdir()
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").touch()
    shutil.copy(ROOT / "Makefile", tmp_path)
    for tool in ("touch", "env"):
        (tmp_path / "tools" / tool).symlink_to(shutil.which(tool))

    def have(name, script):
        file = tmp_path / "tools" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def make(*targets):
        environment = {"PATH": str(tmp_path / "tools"), "HOME": os.environ.get("HOME", "/")}
        return subprocess.run(
            [MAKE, *targets], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    have("id", "echo 0")
    have("apt-get", f'echo "$DEBIAN_FRONTEND $*" >> "{tmp_path}/asked"; exit 100')
    return make, have, tmp_path


def test_the_tests_wait_for_the_judges():
    run = subprocess.run([MAKE, "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "jing" in run.stdout or (ROOT / ".venv/judges").exists()


def test_what_cannot_be_installed_is_tried_once_and_fails_nothing(machine):
    make, _, folder = machine
    first, second = make(".venv/judges"), make(".venv/judges")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "will be skipped" in first.stdout
    asked = (folder / "asked").read_text().splitlines()
    assert all(line.startswith("noninteractive ") for line in asked)
    assert len([line for line in asked if " update" in line]) == 1
    assert "will be skipped" in make("judges").stdout
    assert len((folder / "asked").read_text().splitlines()) == 2 * len(asked)


def test_who_is_not_root_installs_nothing(machine):
    make, have, folder = machine
    have("id", "echo 1000")
    assert make(".venv/judges").returncode == 0
    assert not (folder / "asked").exists()


def test_a_judge_that_is_here_is_enough(machine):
    make, have, folder = machine
    have("jing", "exit 0")
    assert "is here" in make(".venv/judges").stdout
    assert not (folder / "asked").exists()
