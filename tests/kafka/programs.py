"""Where the servers of the laboratory are, and what is missing, in words for those who read why a test is skipped."""

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


def kafka_missing() -> str | None:
    """Why no Kafka broker can be started, or None."""
    return java_missing() or (None if KAFKA.is_dir() else "Kafka is not here: make laboratory")


def registry_missing() -> str | None:
    """Why no schema registry can be started, or None."""
    return java_missing() or (None if REGISTRY.is_dir() else "Apicurio is not here: make laboratory")
