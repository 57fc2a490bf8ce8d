"""The whole file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from gateway.config.routes import Route
from gateway.config.sinks import AnySink
from gateway.config.sources import AnySource
from gateway.config.values import Address, Folder, Some, Table, sentence
from gateway.errors import GatewayError
from gateway.mapping.settings import Settings
from gateway.model import audience
from gateway.model.ivoid import IVOID
from gateway.policy.people.principal import Principal
from gateway.policy.profile import DEFAULT, load

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""Of a table: it is in metrics, and the name of a folder."""

__all__ = ["Audience", "Config", "Gateway", "Log", "Operations"]


class Gateway(Table):
    """The service itself."""

    ivoid: str = Field(
        description="In whose name events are made and issued anew, such as `ivo://org.example/gateway`. The authority "
        "in it is yours."
    )
    state: Folder = Field(
        description="A folder of its own, which only its owner may read: what was seen and what waits."
    )
    policy: str = Field(default=DEFAULT, description="The policy profile: a name, or a TOML file.")

    @field_validator("ivoid")
    @classmethod
    def _parsed(cls, text: str) -> str:
        try:
            own = IVOID.parse(text)
            Settings(authority=own.authority, stream=own.path.removeprefix("/") or "events")
        except ValueError as error:
            raise ValueError(f"cannot be used: {error}.") from None
        except GatewayError as error:
            raise sentence(error) from None
        return text

    @field_validator("policy")
    @classmethod
    def _there(cls, name: str, info: ValidationInfo) -> str:
        if name.endswith(".toml"):
            name = str((info.context or {})["folder"] / name)
        try:
            load(name)
        except GatewayError as error:
            raise sentence(error) from None
        return name

    @property
    def issuer(self) -> tuple[str, str]:
        """Authority and stream of events that are made here."""
        own = IVOID.parse(self.ivoid)
        return own.authority, own.path.removeprefix("/") or "events"


class Log(Table):
    """What is told on standard error."""

    format: Literal["text", "json"] = Field(
        default="text", description="For people, or one JSON object a line."
    )
    level: Literal["error", "warning", "info", "debug"] = Field(default="info", description="How much.")


class Operations(Table):
    """How the service is watched."""

    listen: Address | None = Field(
        default=None,
        description="Where `/metrics`, `/healthz`, `/readyz` and `/status` are, such as `127.0.0.1:9100`.",
    )
    log: Log = Field(default=Log(), description="What is told on standard error.")


def _rights(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        audience.Audience(frozenset(names))
    except GatewayError as error:
        raise sentence(error) from None
    return names


class Audience(Table):
    """All who have the same data rights. That they have them is for the operator to know: this declares it."""

    rights: Annotated[Some[str], AfterValidator(_rights)] = Field(
        description="The data releases that they may see, such as `dp1`."
    )
    until: date = Field(description="The last day, UTC; later they are the public.")

    @property
    def principal(self) -> Principal:
        """They, for a converter."""
        end = self.until + timedelta(days=1)
        return Principal(frozenset(self.rights), datetime(end.year, end.month, end.day, tzinfo=UTC))


class Config(Table):
    """A configuration of `gateway run`."""

    gateway: Gateway = Field(description="The service itself.")
    operations: Operations = Field(default=Operations(), description="How it is watched.")
    audiences: dict[Name, Audience] = Field(
        default_factory=dict, description="Who is not the public: tables `[audiences.NAME]`."
    )
    sources: dict[Name, AnySource] = Field(description="Where messages come from: tables `[sources.NAME]`.")
    sinks: dict[Name, AnySink] = Field(description="Where products go: tables `[sinks.NAME]`.")
    routes: Some[Route] = Field(description="From where to where: tables `[[routes]]`.")
