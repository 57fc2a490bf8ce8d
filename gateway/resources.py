"""Finds the project's data, `schemas/`, `policy/` and `examples/`, in a checkout, an installed wheel or a zip.

A checkout comes first: an editable install may leave a stale copy in ``gateway/_data``.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

__all__ = ["examples", "policy", "schemas"]


@cache
def _root() -> Traversable:
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "schemas").is_dir():
        return checkout
    return files("gateway") / "_data"


def schemas() -> Traversable:
    """The folder with ``avro``, ``voevent``, ``semantics`` and ``json``."""
    return _root() / "schemas"


def policy() -> Traversable:
    """The folder with one TOML file a policy profile."""
    return _root() / "policy"


def examples() -> Traversable:
    """The folder with configurations of ``gateway run``."""
    return _root() / "examples"
