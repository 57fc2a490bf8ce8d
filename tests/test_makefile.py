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


@pytest.fixture
def bench(machine):
    """Such a machine, where tests have what Python has for them, and Debian's PostgreSQL and Java are here."""
    make, have, folder = machine
    (folder / "tests/kafka").mkdir(parents=True)
    (folder / ".ci").mkdir()
    for file in ("pyproject.toml", ".ci/constraints.txt", "tests/kafka/pom.xml", "tests/kafka/registry.xml"):
        (folder / file).touch()
    python = folder / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\necho "$*" >> "{folder}/run"\n')
    python.chmod(0o755)
    for tool in ("rm", "mv", "mkdir"):
        (folder / "tools" / tool).symlink_to(shutil.which(tool))
    for program in ("postgres", "java"):
        have(program, "exit 0")
    (folder / ".venv/ready-test").touch()
    return make, have, folder


def test_without_maven_there_is_no_laboratory_and_no_failure(bench):
    make, _, folder = bench
    run = make(".venv/laboratory")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("will be skipped") == 4, run.stdout
    assert "PostgreSQL is here." in run.stdout
    assert not (folder / ".laboratory").exists()


def test_maven_that_fails_leaves_nothing_behind(bench):
    make, have, folder = bench
    have("mvn", 'for last; do :; done; mkdir -p "${last#*=}"; exit 1')
    run = make(".venv/laboratory")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("Maven could not fetch") == 2
    assert not (folder / ".laboratory/kafka").exists()


def test_jars_are_fetched_once_and_again_when_their_list_has_changed(bench):
    make, have, folder = bench
    have("mvn", f'echo "$*" >> "{folder}/fetched"; for last; do :; done; mkdir -p "${{last#*=}}"')
    for _ in range(2):
        assert make("laboratory").returncode == 0
    fetched = (folder / "fetched").read_text().splitlines()
    assert ["pom.xml" in fetched[0], "registry.xml" in fetched[1], len(fetched)] == [True, True, 2]
    later = (folder / ".laboratory/kafka").stat().st_mtime + 1
    os.utime(folder / "tests/kafka/pom.xml", (later, later))
    assert make("laboratory").returncode == 0
    assert len((folder / "fetched").read_text().splitlines()) == 3
    assert "kafka.archive" in (folder / "run").read_text()


def test_a_judge_that_is_here_is_enough(machine):
    make, have, folder = machine
    have("jing", "exit 0")
    assert "is here" in make(".venv/judges").stdout
    assert not (folder / "asked").exists()
