"""What goes from where to where, for whom and as what: ``[[routes]]`` and ``[[routes.outputs]]``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gateway.config.sources import Role, XPath
from gateway.config.values import Some, Table
from gateway.errors import GatewayError
from gateway.mapping.settings import EXAMPLE_AUTHORITY, Settings

__all__ = ["Output", "Route"]


class Output(Table):
    """One view of what a route brings, for one audience in one form. It is made once, however many sinks it has."""

    name: str = Field(min_length=1, description="For logs and metrics.")
    audience: str = Field(default="public", description="For whom: `public`, or a name of `[audiences]`.")
    to: Literal["voevent", "voevent-2.0", "voevent-2.1", "avro", "json", "original"] = Field(
        default="voevent",
        description="What it becomes: a VOEvent (`voevent` leaves events in their version), Avro, JSON, or what came "
        "in, byte for byte (`original`).",
    )
    detail: Literal["core", "history", "full"] = Field(
        default="core", description="Of VOEvents made of alerts: with light curves, or with cutouts too."
    )
    records: Some[str] | None = Field(
        default=None, description="Records to keep in core events, such as `diaSource`; by default all."
    )
    cite: Literal["none", "latest", "all"] = Field(
        default="none", description="Earlier detections that events cite."
    )
    reprocessed: bool = Field(
        default=False,
        description="The stream repeats earlier alerts: give each a new identifier that supersedes the earlier.",
    )
    classify: bool = Field(
        default=False, description="Put the designation of a known solar-system object into Why."
    )
    project_to: str | None = Field(
        default=None,
        description="The released schema onto which alerts of other schemas are projected, such as `lsst/11.0`.",
    )
    roles: Some[Role] = Field(
        default=("observation", "prediction", "utility"),
        description="The roles of events that are wanted. Tests are not, unless it is said here.",
    )
    filter: XPath | None = Field(
        default=None, description="Only what passes this, in XPath on the event as the audience sees it."
    )
    sinks: Some[str] = Field(description="Where it goes.")

    @model_validator(mode="after")
    def _usable(self) -> Output:
        try:
            self.settings(EXAMPLE_AUTHORITY, "alerts", "observation")
        except GatewayError as error:
            raise ValueError(f"cannot be made: {error.message}") from None
        return self

    def settings(self, authority: str, stream: str, role: str) -> Settings:
        """How alerts become its VOEvents."""
        return Settings(
            authority=authority,
            stream=stream,
            detail=self.detail,
            records=frozenset(self.records) if self.records is not None else None,
            role=role,
            cite=self.cite,
            reprocessed=self.reprocessed,
            classify=self.classify,
        )


class Route(Table):
    """From one source to its outputs."""

    name: str = Field(min_length=1, description="For logs and metrics.")
    source: str = Field(description="A name of `[sources]`.")
    dead_letters: str = Field(description="The sink of what cannot go on: a name of `[sinks]`.")
    dead_letters_for: str = Field(
        default="public",
        description="The audience of the dead letters: what is not for it is in none of them.",
    )
    outputs: Some[Output] = Field(description="What it makes: tables `[[routes.outputs]]`.")
