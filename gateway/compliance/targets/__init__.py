"""What is in a file that somebody could see: one small module a format, each with the same two names.

Not here: deciding anything, and reading values where their names are enough.

    recognise   whether the first bytes, or the name, are of this format
    fields      everything that a file of it shows (`gateway.compliance.surface`); only errors of
                `gateway.errors` come out
    FORMATS     the modules in the order in which they are asked
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface
from gateway.compliance.targets import (
    alerts,
    avsc,
    felis,
    fits,
    jsons,
    links,
    parquet,
    tableset,
    voevent,
    votable,
)
from gateway.errors import InputError, LimitError

__all__ = ["FORMATS", "MAX_SURFACES", "Format", "bounded", "format_of"]

MAX_SURFACES = 20_000
"""Most things in one file: the widest tables have a few thousand columns, each of them with a description."""


class Format(Protocol):
    """A module of this package."""

    NAME: str

    def recognise(self, start: bytes, name: str) -> bool:
        """Whether a file with these first bytes, or of this name, is of the format."""

    def fields(self, source: Source, manifest: Manifest) -> Content:
        """Everything that the file shows. Raises GatewayError, also while that is gone through."""


FORMATS: tuple[Format, ...] = (
    alerts, avsc, fits, parquet, voevent, votable, tableset, felis, jsons, links,
)  # fmt: skip


def format_of(source: Source, manifest: Manifest) -> Format:
    """The format of a file. Raises InputError (input-unknown)."""
    for format_ in FORMATS:
        if format_.recognise(source.start, source.name):
            return format_
    if manifest.schema is not None:
        return alerts
    raise InputError("input-unknown", "The first bytes match no format that can be checked.")


def bounded(content: Content) -> Iterator[Surface]:
    """The surfaces of a file, no more than `MAX_SURFACES`. Raises LimitError (limit-size)."""
    surfaces = iter(content.surfaces)
    yield from islice(surfaces, MAX_SURFACES)
    if next(surfaces, None) is not None:
        raise LimitError("limit-size", f"The file has more than {MAX_SURFACES} columns and descriptions.")
