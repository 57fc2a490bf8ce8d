"""What decides besides the rules of a profile: tables that come with the gateway, and are in the hash of every profile.

    policy/cutouts/*.toml   what a published stamp looks like
    policy/links/*.toml     what in an address or text is a credential, a service, a designator
    schemas/tables/*.csv    the columns of the databases: what is not there is not known (P25)

Released alert schemas are named by their version in every decision, and never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources.abc import Traversable

from gateway import resources

__all__ = ["hashes"]


@cache
def hashes() -> tuple[str, ...]:
    """The SHA-256 of each table in hexadecimal, in the order above and of their names."""
    return tuple(hashlib.sha256(file.read_bytes()).hexdigest() for file in _files())


def _files() -> Iterator[Traversable]:
    for folder, ending in (
        (resources.policy() / "cutouts", ".toml"),
        (resources.policy() / "links", ".toml"),
        (resources.schemas() / "tables", ".csv"),
    ):
        named = (file for file in folder.iterdir() if file.name.endswith(ending))
        yield from sorted(named, key=lambda file: file.name)
