"""Where products go: ``[sinks.NAME]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.config.kafka import Auth
from gateway.config.sources import Role, XPath
from gateway.config.values import (
    Address,
    ClientTLS,
    File,
    Folder,
    Many,
    ServerTLS,
    Size,
    Some,
    Table,
    sentence,
)
from gateway.errors import GatewayError
from gateway.relay.delivery import MAX_QUEUE
from gateway.transports.kafka.sink import MAX_MESSAGE
from gateway.transports.rotating import MAX_IDLE, MAX_SIZE
from gateway.transports.vtp.access import MAX_CONNECTIONS, MAX_PER_ADDRESS, networks
from gateway.transports.vtp.outbox import MAX_QUEUE as MAX_WAITING
from gateway.transports.vtp.seen import MAX_RETENTION
from gateway.vtp.broadcaster import MAX_OUTSTANDING
from gateway.vtp.framing import MAX_FRAME

__all__ = ["AnySink", "FilesSink", "KafkaSink", "Sink", "StdoutSink", "VTPSink"]


class Sink(Table):
    """What all sinks say: what waits for one that does not take everything at once."""

    queue: Size = Field(default=MAX_QUEUE, description="Bytes that wait in memory.")
    spool: Size = Field(
        default=2**30,
        description="Bytes that wait on the disk, in the state folder, while the sink fails; 0 makes the source wait.",
    )


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        networks(texts)
    except GatewayError as error:
        raise sentence(error) from None
    return texts


class VTPSink(Sink):
    """A broker of VOEvents, to which subscribers connect. An event is accepted when it is on the disk; the same event
    goes out once."""

    kind: Literal["vtp"] = Field(description="Broadcast to subscribers of the VOEvent Transport Protocol.")
    broadcast: Some[str] = Field(
        description="Where subscribers connect, such as `127.0.0.1:8099`, or `0.0.0.0:8099` for everybody."
    )
    allow: Annotated[Many[str], AfterValidator(_networks)] = Field(
        default=(), description="Networks that may connect, such as `192.0.2.0/24`; by default all."
    )
    tls: ServerTLS | None = Field(default=None, description="Speak TLS: a table.")
    people: File | None = Field(
        default=None, description="Whose certificate opens what: the table of `gateway vtp serve --people`."
    )
    roles: Some[Role] = Field(
        default=("observation", "prediction", "utility", "test"),
        description="The roles of events that go out here.",
    )
    version: Literal["2.0", "2.1"] = Field(
        default="2.0", description="For subscribers that do not say which they take."
    )
    filter: XPath | None = Field(
        default=None, description="What every event has to pass, whatever subscribers ask for."
    )
    pace: Literal["source", "subscribers"] = Field(
        default="source",
        description="`source` never waits for subscribers; `subscribers` waits until one is there that takes more, for "
        "files that somebody should hear to the end.",
    )
    test_interval: float | None = Field(
        default=None, ge=1, description="Seconds between test events; by default none."
    )
    connections: int = Field(default=MAX_CONNECTIONS, ge=1, description="At a time.")
    per_address: int = Field(default=MAX_PER_ADDRESS, ge=1, description="Of these from one address.")
    max_frame: Size = Field(default=MAX_FRAME, description="Bytes of the largest event.")
    window: int = Field(
        default=MAX_OUTSTANDING, ge=1, description="Events that a subscriber may leave without a receipt."
    )
    waiting: Size = Field(default=MAX_WAITING, description="Bytes that wait for one subscriber.")
    when_full: Literal["drop-oldest", "drop-connection", "spill"] = Field(
        default="drop-oldest", description="What then becomes of them."
    )
    retention: float = Field(
        default=float(MAX_RETENTION), gt=0, description="Days for which an event is known again."
    )
    sync: bool = Field(default=False, description="Accept only what outlives a power failure, too.")


class FilesSink(Sink):
    """A folder. A file is there under its name when it is complete; one that was cut off is completed at the next
    start."""

    kind: Literal["files"] = Field(description="Files in a folder.")
    directory: Folder = Field(description="The folder; made when it is missing.")
    form: Literal["one-each", "containers"] = Field(
        default="one-each", description="A file for each product, or Avro containers of many."
    )
    per: Literal["night", "visit"] = Field(
        default="night",
        description="Containers are one a night (from noon to noon at UTC-12, as Rubin counts) or one a visit, and "
        "more when they grow too long.",
    )
    max_size: Size = Field(default=MAX_SIZE, description="Bytes at which a container is complete.")
    idle: float = Field(
        default=MAX_IDLE, gt=0, description="Seconds after its last alert at which a container is complete."
    )
    codec: Literal["null", "deflate", "snappy", "zstandard"] = Field(
        default="zstandard", description="How containers are compressed."
    )
    sync: bool = Field(default=False, description="Accept only what outlives a power failure, too.")


class StdoutSink(Sink):
    """Standard output: one product after the other, each with a newline behind it."""

    kind: Literal["stdout"] = Field(description="Standard output.")


class KafkaSink(Sink):
    """A topic of Kafka."""

    kind: Literal["kafka"] = Field(description="Write to a topic of Kafka.")
    bootstrap: Some[Address] = Field(description="Some of its brokers, HOST:PORT.")
    topic: str = Field(min_length=1, description="The topic.")
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = Field(
        default="none", description="How batches are compressed."
    )
    exactly_once: bool = Field(
        default=False,
        description="Write in transactions with what was read: for routes from and to one Kafka.",
    )
    headers: Many[str] = Field(
        default=(),
        description="Headers of messages that go along, by name; what hop-client reads (`_format`, `_id`, `_test`) is "
        "written anyhow.",
    )
    max_bytes: Size = Field(default=MAX_MESSAGE, description="Bytes of the largest message.")
    auth: Auth | None = Field(default=None, description="Who we are.")
    tls: ClientTLS = Field(default=None, description="Speak TLS: `true`, or a table.")

    @model_validator(mode="after")
    def _named(self) -> KafkaSink:
        if self.topic.startswith("^"):
            raise ValueError("has a `topic` that is a pattern; a sink writes to one topic.")
        return self


AnySink = Annotated[VTPSink | FilesSink | StdoutSink | KafkaSink, Field(discriminator="kind")]
