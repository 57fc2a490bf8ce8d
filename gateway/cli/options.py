"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from gateway.model.provenance import Origin
from gateway.schema import registry
from gateway.transports.files import Declared

__all__ = ["declared", "provenance_options"]


def provenance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--origin``, ``--release``, ``--issued`` and ``--schema``: what the user declares of the inputs."""
    for option in (
        click.option(
            "--schema",
            "bare_schema",
            metavar="SCHEMA",
            help="Read inputs as bare Avro data in this released schema, such as lsst/11.0.",
        ),
        click.option(
            "--issued",
            is_flag=True,
            help="The inputs are as the survey issued them, straight from its own distribution: do not look for "
            "what somebody may have put beside them.",
        ),
        click.option(
            "--release", metavar="NAME", help="The data release that the inputs belong to, such as dp1."
        ),
        click.option(
            "--origin",
            type=click.Choice([origin.value for origin in Origin]),
            help="Where the inputs come from.  [default: alert for alerts, external for VOEvents]",
        ),
    ):
        command = option(command)
    return command


def declared(origin: str | None, release: str | None, issued: bool, bare_schema: str | None) -> Declared:
    """The declaration that these options make. Raises SchemaError for a schema that is not released."""
    if bare_schema is not None:
        registry.get(bare_schema)
    if origin is None:
        return Declared(release=release, schema=bare_schema, issued=issued)
    return Declared(Origin(origin), Origin(origin), release, bare_schema, issued)
