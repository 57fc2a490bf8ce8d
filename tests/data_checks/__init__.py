"""Checks of the reviewed data in `schemas/` and `policy/`: is it complete, valid and unchanged?

It is not the test of the code that reads these files; that is under tests/schema and tests/mapping.
Here the files are read with the plainest means, so that a fault of our reader cannot hide one of the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parents[2] / "schemas"
AVRO = SCHEMAS / "avro"


def _versions(family: str) -> list[str]:
    folders = (file.parent.relative_to(AVRO).as_posix() for file in (AVRO / family).glob("**/alert.avsc"))
    return sorted(folders, key=lambda folder: [int(number) for number in re.findall(r"\d+", folder)])


VERSIONS: dict[str, list[str]] = {family: _versions(family) for family in ("lsst", "ztf")}
"""The released versions of each family, oldest first, as folders of schemas/avro."""


def load(version: str) -> Any:
    """The schema of a version such as ``lsst/11/1`` or ``ztf/4.02``, as JSON values."""
    return json.loads((AVRO / version / "alert.avsc").read_text())


def records(node: Any) -> Iterator[dict[str, Any]]:
    """Every record definition below a type, in the order of the file."""
    if isinstance(node, list):
        for branch in node:
            yield from records(branch)
    elif isinstance(node, dict):
        if node["type"] == "record":
            yield node
            for field in node["fields"]:
                yield from records(field["type"])
        else:
            yield from records(node.get("items", []))


def short(name: str) -> str:
    """A record's name without its namespace."""
    return name.rpartition(".")[2]
