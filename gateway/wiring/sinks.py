"""Sinks by their kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.config import Config
from gateway.config.sinks import AnySink, FilesSink, StdoutSink, VTPSink
from gateway.model.audience import PUBLIC, Audience
from gateway.policy.engine import Policy
from gateway.relay.contract import Sink
from gateway.serving import Serving
from gateway.serving import opened as broker_of
from gateway.transports import console
from gateway.transports.folder import FolderSink
from gateway.transports.rotating import RotatingSink
from gateway.transports.vtp.broker import Limits
from gateway.transports.vtp.endpoints import TLS
from gateway.transports.vtp.sink import BrokerSink
from gateway.wiring import kafka
from gateway.wiring.again import released_to

__all__ = ["Use", "Wired", "opened"]


@dataclass(frozen=True)
class Use:
    """For what a sink is.

    private : what goes there is not for everybody who can look into the folder
    """

    audience: Audience = PUBLIC
    private: bool = False


@dataclass(frozen=True)
class Wired:
    """A sink, and where it is, for people."""

    sink: Sink
    about: tuple[str, ...]


async def opened(name: str, table: AnySink, use: Use, config: Config, policy: Policy) -> Wired:
    """The sink of a table. To be called in a coroutine of `gateway.transports.vtp.loop.run`. Raises GatewayError."""
    if isinstance(table, FilesSink):
        return Wired(_files(name, table, use), (f"files in {table.directory}",))
    if isinstance(table, StdoutSink):
        return Wired(console.StdoutSink(name), ("standard output",))
    if isinstance(table, VTPSink):
        return await _vtp(name, table, use, config, policy)
    return Wired(kafka.sink(name, table), (f"topic {table.topic}",))


def _files(name: str, table: FilesSink, use: Use) -> Sink:
    if table.form == "one-each":
        return FolderSink(name, table.directory, private=use.private, sync=table.sync)
    return RotatingSink(
        name,
        table.directory,
        per=table.per,
        size=table.max_size,
        idle=table.idle,
        codec=table.codec,
        private=use.private,
        sync=table.sync,
    )


async def _vtp(name: str, table: VTPSink, use: Use, config: Config, policy: Policy) -> Wired:
    settings = Serving(
        state=state_of(name, config),
        local=config.gateway.ivoid,
        provenance=released_to(use.audience),
        audience=use.audience,
        broadcast=table.broadcast,
        subscribers=table.allow,
        roles=frozenset(table.roles),
        newest=table.version,
        blanket=table.filter,
        limits=Limits(table.connections, table.per_address, table.max_frame, table.window),
        queue=table.waiting,
        when_full=table.when_full,
        retention=table.retention,
        sync=table.sync,
        tls=TLS(table.tls.certificate, table.tls.key, table.tls.clients) if table.tls is not None else None,
        people=table.people,
        test_interval=table.test_interval,
    )
    broker = await broker_of(settings, policy)
    about = tuple(f"broadcast {address}" for _, address in broker.addresses)
    return Wired(BrokerSink(name, broker, patient=table.pace == "subscribers"), about)


def state_of(name: str, config: Config) -> Path:
    """The folder of a sink."""
    return config.gateway.state / "sinks" / name
