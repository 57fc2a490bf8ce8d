"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from gateway.model.provenance import Origin
from gateway.policy.fieldorigin import field_origin
from gateway.policy.profile import DEFAULT
from gateway.schema import registry
from gateway.transports.files import Declared

__all__ = ["declared", "event_options", "provenance_options"]


def provenance_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--origin``, ``--release``, ``--field-origin``, ``--issued``, ``--schema``: what is declared of the inputs."""
    return _with(
        command,
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
            "--field-origin",
            "fields",
            multiple=True,
            metavar="PATH=ORIGIN[:RELEASE]",
            help="A part of each input that comes from elsewhere, such as What.xmatch.**=data-release:dp2; repeatable.",
        ),
        click.option(
            "--release", metavar="NAME", help="The data release that the inputs belong to, such as dp1."
        ),
        click.option(
            "--origin",
            type=click.Choice([origin.value for origin in Origin]),
            help="Where the inputs come from.  [default: alert for alerts, external for VOEvents]",
        ),
    )


def event_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--origin``, ``--release``, ``--field-origin`` and ``--policy``: what the user declares of VOEvents, and what
    then applies to them."""
    return _with(
        command,
        click.option(
            "--field-origin",
            "fields",
            multiple=True,
            metavar="PATH=ORIGIN[:RELEASE]",
            help="A part of each event that comes from elsewhere, such as What.xmatch.**=data-release:dp2; repeatable.",
        ),
        click.option(
            "--policy", default=DEFAULT, show_default=True, help="The policy profile: a name or a TOML file."
        ),
        click.option(
            "--release", metavar="NAME", help="The data release that the events belong to, such as dp1."
        ),
        click.option(
            "--origin",
            type=click.Choice([origin.value for origin in Origin]),
            default=Origin.EXTERNAL.value,
            show_default=True,
            help="Where the events come from.",
        ),
    )


def _with(command: Callable[..., Any], *options: Callable[..., Any]) -> Callable[..., Any]:
    for option in options:
        command = option(command)
    return command


def declared(
    origin: str | None, release: str | None, fields: tuple[str, ...], issued: bool, bare_schema: str | None
) -> Declared:
    """The declaration that these options make.

    Raises SchemaError for a schema that is not released, SettingsError for a field that cannot be one.
    """
    if bare_schema is not None:
        registry.get(bare_schema)
    parts = tuple(map(field_origin, fields))
    if origin is None:
        return Declared(release=release, schema=bare_schema, issued=issued, fields=parts)
    return Declared(Origin(origin), Origin(origin), release, bare_schema, issued, parts)
