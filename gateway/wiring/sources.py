"""Sources by their kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.codecs.notices import NoticeSchemas
from gateway.config import Config
from gateway.config.sources import (
    AnySource,
    FilesSource,
    HeartbeatSource,
    KafkaSource,
    StdinSource,
    VTPSource,
)
from gateway.policy.fieldorigin import field_origin
from gateway.relay.contract import Source
from gateway.relay.message import Message
from gateway.relay.metrics import Metrics
from gateway.transports.files import Declared
from gateway.transports.heartbeat import Heartbeat
from gateway.transports.taken import Taken
from gateway.transports.vtp.clients import ClientTLS
from gateway.transports.vtp.seen import Seen
from gateway.transports.vtp.source import BrokerSource
from gateway.transports.vtp.subscriber import Subscription
from gateway.transports.watched import FileSource
from gateway.wiring import kafka
from gateway.wiring.decoding import Decode, decoder

__all__ = ["Opened", "declared_of", "opened"]


@dataclass(frozen=True)
class Opened:
    """A source, what is in its messages, and what it is, for people.

    opens : it opens its messages itself
    """

    source: Source
    decode: Decode
    about: str
    opens: bool = False
    prepare: Callable[[Sequence[Message]], Awaitable[None]] | None = None


def declared_of(table: AnySource) -> Declared:
    """What a source declares."""
    fields = tuple(field_origin(f"{path}={label}") for path, label in table.field_origins.items())
    return Declared(table.is_from, table.is_from, table.release, table.bare_schema, table.issued, fields)


def opened(name: str, table: AnySource, config: Config, metrics: Metrics, *, commits: bool = True) -> Opened:
    """The source of a table. To be called in a coroutine of `gateway.transports.vtp.loop.run`. Raises GatewayError.

    commits : False when a transaction does
    """
    declared, folder = declared_of(table), config.gateway.state / "sources" / name
    if isinstance(table, FilesSource):
        return _files(name, table, declared, folder)
    if isinstance(table, StdinSource):
        return Opened(
            FileSource(name, ["-"], declared), decoder("auto", declared, name), "standard input", True
        )
    if isinstance(table, HeartbeatSource):
        source = Heartbeat(name, config.gateway.ivoid, table.interval)
        return Opened(source, decoder("voevent", declared, name), f"a test event each {table.interval:g} s")
    if isinstance(table, VTPSource):
        return _vtp(name, table, declared, folder, config)
    return _kafka(name, table, declared, folder, metrics, commits)


def _files(name: str, table: FilesSource, declared: Declared, folder: Path) -> Opened:
    paths = [str(path) for path in table.paths]
    source = FileSource(name, paths, declared, taken=Taken(folder / "taken.db"), watch=table.watch)
    return Opened(source, decoder("auto", declared, name), ", ".join(paths), True)


def _vtp(name: str, table: VTPSource, declared: Declared, folder: Path, config: Config) -> Opened:
    tls = ClientTLS(table.tls.ca, table.tls.certificate) if table.tls is not None else None
    subscription = Subscription(
        table.ivoid or config.gateway.ivoid, table.filters, table.version, tls, table.max_bytes
    )
    with ExitStack() as undo:
        seen = Seen(folder / "seen.db", retention=table.retention, sync=table.sync)
        undo.callback(seen.close)
        source = BrokerSource(name, table.brokers, subscription, seen)
        undo.pop_all()  # the source closes it
    return Opened(source, decoder("voevent", declared, name), ", ".join(table.brokers))


def _kafka(
    name: str, table: KafkaSource, declared: Declared, folder: Path, metrics: Metrics, commits: bool
) -> Opened:
    schemas = kafka.schemas_of(table.registry, folder / "schemas", metrics)

    notices = NoticeSchemas(table.notices) if table.notices is not None else None

    async def prepare(messages: Sequence[Message]) -> None:
        await schemas.prepare(message.data for message in messages)

    return Opened(
        kafka.source(name, table, metrics, commits=commits),
        decoder(table.format, declared, name, schemas.find, notices),
        f"{', '.join(table.topics)} of {', '.join(table.bootstrap)}",
        prepare=prepare,
    )
