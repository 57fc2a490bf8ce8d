"""How somebody is known to Kafka, and where its schemas are: ``[sources.NAME.auth]``, ``[sinks.NAME.auth]`` and
``[sources.NAME.registry]``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gateway.config.values import File, Secret, SecretText, Table

__all__ = ["Auth", "Registry"]

_NEEDS = {
    "scram-sha-256": ("username", "password"),
    "scram-sha-512": ("username", "password"),
    "oauthbearer": ("client_id", "client_secret", "token_url"),
}


class Auth(Table):
    """User and password, or a client of an OpenID provider."""

    mechanism: Literal["scram-sha-256", "scram-sha-512", "oauthbearer"] = Field(
        description="How: `scram-...` with user and password, or `oauthbearer` with client credentials."
    )
    username: str | Secret | None = Field(default=None, description="The user; it may stand here.")
    password: SecretText | None = Field(default=None, description="A secret.")
    client_id: str | Secret | None = Field(default=None, description="The client; it may stand here.")
    client_secret: SecretText | None = Field(default=None, description="A secret.")
    token_url: str | None = Field(
        default=None, pattern=r"^https?://", description="The URL where tokens are had."
    )
    ca: File | None = Field(
        default=None,
        description="Authorities (PEM) that sign the provider's certificate; otherwise those of this machine.",
    )
    scope: str | None = Field(default=None, description="What the token is asked to be for.")

    @model_validator(mode="after")
    def _complete(self) -> Auth:
        missing = [name for name in _NEEDS[self.mechanism] if getattr(self, name) is None]
        if missing:
            named = " and ".join(f"`{name}`" for name in missing)
            raise ValueError(f"needs {named} for this mechanism.")
        return self


class Registry(Table):
    """A schema registry with Confluent's interface. What it said is kept in the state folder, so that the stream goes
    on without it."""

    url: str = Field(pattern=r"^https?://[^@]+$", description="Its URL, without user and password.")
    user: str | Secret | None = Field(default=None, description="The user; it may stand here.")
    password: SecretText | None = Field(default=None, description="A secret.")
    ca: File | None = Field(
        default=None,
        description="Authorities (PEM) that sign its certificate; otherwise those of this machine.",
    )
