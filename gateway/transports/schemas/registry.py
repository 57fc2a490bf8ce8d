"""A schema registry with Confluent's HTTP interface: Confluent's own, Karapace, Apicurio, Redpanda."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import httpx2
from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError

__all__ = ["MAX_WAIT", "Registry"]

MAX_WAIT = 5
"""Seconds that a registry has to answer. The stream waits meanwhile, once for each new schema."""

log = logging.getLogger("gateway.schemas")


@dataclass(frozen=True)
class Registry:
    """Where it is, and who asks.

    url : without user and password
    user, password : for HTTP basic authentication
    ca : a PEM file of authorities, instead of the system's
    """

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None

    def get(self, number: int) -> str | None:
        """The text of the Avro schema of this id; None when the registry has none, or does not answer."""
        settings: dict[str, object] = {"url": self.url, "timeout": MAX_WAIT, "max.retries": 1}
        if self.user is not None:
            settings["basic.auth.user.info"] = f"{self.user}:{self.password or ''}"
        if self.ca is not None:
            settings["ssl.ca.location"] = self.ca
        try:
            with SchemaRegistryClient(settings) as client:
                schema = client.get_schema(number)
        except SchemaRegistryError as error:
            log.warning(
                "the schema registry does not give schema %d: HTTP status %d", number, error.http_status_code
            )
        except (httpx2.HTTPError, ValueError) as error:
            # ValueError: what answers speaks HTTP and is no registry.
            log.warning("the schema registry does not answer for schema %d: %s", number, type(error).__name__)
        else:
            if schema.schema_type == "AVRO" and not schema.references:
                text: str | None = schema.schema_str
                return text
            log.warning("schema %d of the registry is not one Avro schema by itself", number)
        return None
