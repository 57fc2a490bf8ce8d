"""Where a Kafka cluster is, as whom we come, and how that is said to librdkafka.

Rules
1. A secret is in no repr, no error and no line of the log: what librdkafka writes goes through `Lines`.
2. A token opens the door to whoever has it, so it is neither fetched nor shown without TLS, but on this machine
   itself. A password of SCRAM never travels; without TLS what is sent can be read on the way, and some brokers want
   it so.
3. What librdkafka does not accept is found when a client is made, and said before anything is connected.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from confluent_kafka import KafkaException

from gateway.errors import SettingsError

__all__ = ["Cluster", "Lines", "OAuth", "Scram", "Settings", "Tls", "settings", "unusable"]

Settings = dict[str, object]

RECONNECT = 500
"""Milliseconds before librdkafka connects again, doubled up to its 10 s. Its own 100 fill a log."""

AGAIN = 60
"""Seconds in which the same line is not said again."""

log = logging.getLogger("gateway.kafka")


@dataclass(frozen=True, slots=True)
class Scram:
    """A user and a password, as Rubin and SCiMMA give them."""

    username: str
    password: str = field(repr=False)
    mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class OAuth:
    """A client of an OpenID provider, as GCN has them: librdkafka fetches a token and renews it.

    token_url : where tokens are given out
    ca : certificates that the provider's is signed by, if not the system's
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS: by which certificates the broker proves itself (the system's), and we ourselves if it asks."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kafka cluster and how we come to it.

    bootstrap : addresses ``host:port`` of some of its brokers
    """

    bootstrap: tuple[str, ...]
    auth: Scram | OAuth | None = None
    tls: Tls | None = None

    def __post_init__(self) -> None:
        """Raises SettingsError (rule 2)."""
        if isinstance(self.auth, OAuth):
            token = urlsplit(self.auth.token_url)
            if token.scheme != "https" and not _here(token.hostname or ""):
                raise SettingsError("settings-value", "The URL of tokens has to begin with https://.")
            hosts = [address.rpartition(":")[0].strip("[]") for address in self.bootstrap]
            if self.tls is None and not all(map(_here, hosts)):
                raise SettingsError(
                    "settings-value", "OAuth tokens are sent with TLS only: set `tls = true`."
                )

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        auth, tls = self.auth, self.tls
        secret = (
            auth.password
            if isinstance(auth, Scram)
            else auth.client_secret
            if isinstance(auth, OAuth)
            else ""
        )
        return tuple(one for one in (secret, tls.key_password if tls else None) if one)


def _here(host: str) -> bool:
    """Whether that is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def settings(cluster: Cluster, name: str) -> Settings:
    """What each client of a cluster is told. `name` is that of the source or sink, for the broker's log."""
    auth, tls = cluster.auth, cluster.tls
    made: Settings = {
        "bootstrap.servers": ",".join(cluster.bootstrap),
        "client.id": f"voevent-gateway.{name}",
        "security.protocol": ("SASL_" if auth else "") + ("SSL" if tls else "PLAINTEXT"),
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": RECONNECT,
        "log.connection.close": False,
        "logger": Lines(name, cluster.secrets),
    }
    if isinstance(auth, Scram):
        made |= {
            "sasl.mechanism": auth.mechanism,
            "sasl.username": auth.username,
            "sasl.password": auth.password,
        }
    elif auth is not None:
        made |= {
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": auth.token_url,
            "sasl.oauthbearer.client.id": auth.client_id,
            "sasl.oauthbearer.client.secret": auth.client_secret,
        }
        made |= _given({"sasl.oauthbearer.scope": auth.scope, "https.ca.location": auth.ca})
    if tls is not None:
        made |= _given(
            {
                "ssl.ca.location": tls.ca,
                "ssl.certificate.location": tls.certificate,
                "ssl.key.location": tls.key,
                "ssl.key.password": tls.key_password,
            }
        )
    return made


def _given(some: Mapping[str, object]) -> Settings:
    return {key: str(value) for key, value in some.items() if value is not None}


class Lines:
    """Librdkafka's log, in ours and without secrets. It has what confluent-kafka wants of a logger.

    What is said again within `AGAIN` seconds, as when a broker is away, is only for those who look for faults.
    """

    def __init__(
        self, name: str, secrets: tuple[str, ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name, self._secrets, self._clock = name, secrets, clock
        self._said: dict[str, float] = {}

    def log(self, level: int, message: str, *parts: object) -> None:
        """One line."""
        text = self.clean(message % parts if parts else message)
        # Up to how long it took: "Connection refused (after 3ms in state CONNECT)".
        start, now = text.partition(" (after ")[0], self._clock()
        self._said = {key: when for key, when in self._said.items() if now - when < AGAIN}
        if start in self._said:
            level = logging.DEBUG
        else:
            self._said[start] = now
        log.log(level, "%s: %s", self._name, text)

    def clean(self, text: str) -> str:
        """A text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def unusable(cluster: Cluster, name: str, error: KafkaException) -> SettingsError:
    """The error for a client that librdkafka does not make (rule 3)."""
    reason = Lines(name, cluster.secrets).clean(error.args[0].str())
    return SettingsError("settings-value", f"No client of Kafka can be made for {name}: {reason}.")
