"""Where the servers of the laboratory are, and what is missing, in words for those who read why a test is skipped."""

import os
import pwd
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

LABORATORY = Path(__file__).resolve().parents[2] / ".laboratory"
"""What `make laboratory` has fetched."""
KAFKA = LABORATORY / "kafka"
KAFKA_CLASSES = LABORATORY / "kafka.jsa"
REGISTRY = LABORATORY / "registry"
REGISTRY_CLASSES = LABORATORY / "registry.jsa"
JAVA = "java"
JAVA_NEEDED = 17
"""Kafka 4 says so."""


@cache
def java_missing() -> str | None:
    """Why no Java is here that is new enough, or None."""
    if not shutil.which(JAVA):
        return "Java is not here: apt-get install default-jre-headless"
    run = subprocess.run([JAVA, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', run.stderr + run.stdout)
    if not found or int(found[1]) < JAVA_NEEDED:
        return f"Java is older than {JAVA_NEEDED}"
    return None


def postgresql_program(name: str) -> str | None:
    """A program of the server: Debian keeps them by version and out of the way."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version, reverse=True)
    return shutil.which(name) or next((str(path) for path in newest_first), None)


def _version(path: Path) -> int:
    return int(path.parts[-3])


def unprivileged() -> str | None:
    """Who runs a server that refuses to be root's; None where we are nobody special ourselves."""
    users = {user.pw_name for user in pwd.getpwall()}
    return next(user for user in ("postgres", "nobody") if user in users) if os.geteuid() == 0 else None


def missing(server: str) -> str | None:
    """Why a server (`kafka`, `registry` or `postgresql`) cannot be started here, or None."""
    if server == "postgresql":
        return None if postgresql_program("initdb") else "PostgreSQL is not here: apt-get install postgresql"
    here = {"kafka": KAFKA, "registry": REGISTRY}[server].is_dir()
    return java_missing() or (None if here else f"The jars of {server} are not here: make laboratory")
