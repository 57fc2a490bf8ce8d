"""Where messages come from: ``[sources.NAME]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.config.kafka import Auth, Registry
from gateway.config.values import Address, ClientTLS, File, Folder, Many, Size, Some, Table, sentence
from gateway.errors import GatewayError
from gateway.filters.xpath import Filter
from gateway.model.provenance import Origin
from gateway.policy.fieldorigin import field_origin
from gateway.schema import registry
from gateway.vtp.framing import MAX_FRAME

__all__ = [
    "AnySource",
    "FilesSource",
    "HeartbeatSource",
    "KafkaSource",
    "Role",
    "Source",
    "StdinSource",
    "VTPSource",
    "XPath",
]

Format = Literal["auto", "confluent", "avro", "voevent", "gcn-json"]
Role = Literal["observation", "prediction", "utility", "test"]
AnOrigin = Literal[
    "alert",
    "ppdb",
    "prompt-visit",
    "data-release",
    "pixels",
    "external",
    "broker-annotation",
    "ddp",
    "user",
]


def _xpath(text: str) -> str:
    try:
        Filter(text)
    except GatewayError as error:
        raise ValueError(f"is no filter: {error}") from None
    return text


XPath = Annotated[str, AfterValidator(_xpath)]


class Source(Table):
    """What all sources say: where their data come from, and what they look like."""

    origin: AnOrigin = Field(
        description="Where the data come from: `alert` for alerts of a survey's own stream, `external` for events of "
        "others. It decides what the policy withholds, is declared and never guessed."
    )
    release: str | None = Field(
        default=None, description="The data release that they belong to, such as `dp1`."
    )
    issued: bool = Field(
        default=False,
        description="The data are as the survey issued them, straight from its own distribution: do not look for what "
        "somebody may have put beside them.",
    )
    field_origins: dict[str, str] = Field(
        default_factory=dict,
        description='Parts that come from elsewhere, such as `{ "What.xmatch.**" = "data-release:dp2" }`.',
    )
    bare_schema: str | None = Field(
        default=None, description="The released schema of data without one, such as `lsst/11.0`."
    )
    role: Role = Field(
        default="observation",
        description="The role of events that are made of its alerts: `test` for simulated ones.",
    )

    @model_validator(mode="after")
    def _usable(self) -> Source:
        for path, label in self.field_origins.items():
            try:
                field_origin(f"{path}={label}")
            except GatewayError as error:
                raise ValueError(f"has `field_origins` that cannot be used: {error.message}") from None
        if self.bare_schema is not None:
            try:
                registry.get(self.bare_schema)
            except GatewayError as error:
                raise sentence(error) from None
        return self

    @property
    def is_from(self) -> Origin:
        """The origin."""
        return Origin(self.origin)


class FilesSource(Source):
    """Files and folders: what is there, and whatever is put into a folder later. What was taken is remembered in the
    state folder, so that the next run goes on after it."""

    kind: Literal["files"] = Field(description="Files and folders.")
    paths: Some[File] = Field(description="Files, and folders with all that is in them.")
    watch: bool = Field(
        default=True,
        description="Go on looking into the folders; without it the route ends when all is read.",
    )


class StdinSource(Source):
    """Standard input, once. It cannot be asked again for what was not acknowledged when a run ended."""

    kind: Literal["stdin"] = Field(description="Standard input.")


class VTPSource(Source):
    """Brokers of VOEvents. An event is on the disk before its broker gets the acknowledgement, and there until it has
    gone on. What several brokers send is taken once."""

    kind: Literal["vtp"] = Field(description="Subscribe to brokers of the VOEvent Transport Protocol.")
    brokers: Some[str] = Field(description="Their addresses, HOST:PORT or in Twisted's words.")
    ivoid: str | None = Field(
        default=None, description="The name in receipts; by default that of the gateway."
    )
    filters: Many[str] = Field(
        default=(), description="Ask the brokers for what passes one of these, in XPath."
    )
    version: Literal["2.0", "2.1"] | None = Field(default=None, description="Ask for events of this version.")
    tls: ClientTLS = Field(default=None, description="Speak TLS: `true`, or a table.")
    max_bytes: Size = Field(default=MAX_FRAME, description="The largest event that is taken.")
    retention: float = Field(default=30.0, gt=0, description="Days for which an event is known again.")
    sync: bool = Field(default=False, description="Acknowledge only what outlives a power failure, too.")


class KafkaSource(Source):
    """Topics of Kafka, read as a member of a consumer group."""

    kind: Literal["kafka"] = Field(description="Read topics of Kafka.")
    bootstrap: Some[Address] = Field(description="Some of its brokers, HOST:PORT.")
    topics: Some[str] = Field(
        description="Names; one that begins with `^` is a pattern, such as `^gcn\\.classic\\.voevent\\..*`."
    )
    group: str = Field(min_length=1, description="The consumer group, whose members share the partitions.")
    start: Literal["earliest", "latest"] = Field(
        default="earliest", description="Where a group begins that has not read before."
    )
    format: Format = Field(
        default="auto",
        description="What a message is: told by its first bytes (`auto`), Confluent's wire format (`confluent`), an "
        "Avro file or single object (`avro`), a `voevent`, or a JSON notice of GCN (`gcn-json`).",
    )
    notices: Folder | None = Field(
        default=None,
        description="The folder with GCN's schemas, to which notices are held: `gcn` of the npm package "
        "`@nasa-gcn/schema`.",
    )
    auth: Auth | None = Field(default=None, description="Who we are.")
    tls: ClientTLS = Field(default=None, description="Speak TLS: `true`, or a table.")
    registry: Registry | None = Field(
        default=None,
        description="A schema registry; without one, released schemas are known by their own ids.",
    )

    @model_validator(mode="after")
    def _held(self) -> KafkaSource:
        if (self.format == "gcn-json") is (self.notices is None):
            raise ValueError("has `notices` when, and only when, its `format` is `gcn-json`.")
        return self


class HeartbeatSource(Source):
    """Test events in the name of the gateway, so that whoever listens sees that it lives when the sky is quiet. Outputs
    that take observations only do not pass them on."""

    origin: AnOrigin = Field(default="external", description="Where the data come from: they are our own.")
    kind: Literal["heartbeat"] = Field(description="Test events on a schedule.")
    interval: float = Field(default=3600, ge=1, description="Seconds between two.")


AnySource = Annotated[
    FilesSource | StdinSource | VTPSource | KafkaSource | HeartbeatSource, Field(discriminator="kind")
]
