"""The whole service.

Rules
1. Everything that can be wrong is found before the first message: what cannot be had is an error, and what was opened
   before is closed again.
2. A source is one route's, and a sink has one queue, however many outputs feed it.
3. What a sink never takes is a dead letter of the first route that feeds it. A dead letter that is never taken ends the
   service: nobody would know of it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from gateway import __version__
from gateway.config import Config
from gateway.config.routes import Output as OutputTable
from gateway.config.routes import Route as RouteTable
from gateway.config.sinks import AnySink, FilesSink
from gateway.config.sinks import KafkaSink as KafkaSinkTable
from gateway.config.sources import FilesSource, StdinSource
from gateway.config.whole import Audience as AudienceTable
from gateway.conversion import Converter, Target
from gateway.errors import GatewayError, OutputError
from gateway.model.alert import Alert
from gateway.model.audience import PUBLIC, Audience
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy
from gateway.policy.keeping import may_be_kept
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.private import private_folder
from gateway.relay import service as relay
from gateway.relay.contract import Refused, Source
from gateway.relay.deadletter import Letters
from gateway.relay.delivery import Delivery
from gateway.relay.message import Item
from gateway.relay.metrics import Metrics
from gateway.relay.pulse import pulse
from gateway.relay.route import Output, Route, bury
from gateway.relay.status import Status
from gateway.supervising import worker_number
from gateway.transports.kafka import KafkaSource
from gateway.transports.operations import Operations
from gateway.transports.spool import SpoolFile
from gateway.transports.vtp.sink import BrokerSink
from gateway.wiring import kafka, sinks, sources
from gateway.wiring.making import Chooser, Maker
from gateway.wiring.sources import Opened

__all__ = ["Service", "serve", "wire"]


@dataclass
class Service:
    """What runs.

    deliveries : by the name of their sink
    about : what it reads and where it listens, a line each
    """

    metrics: Metrics
    policy: Policy
    routes: list[Route] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    about: list[str] = field(default_factory=list)

    async def close(self) -> None:
        """Let go of everything. Again is harmless."""
        for source in self.sources:
            await source.close()
        for delivery in self.deliveries.values():
            await delivery.close()


async def serve(config: Config, stop: asyncio.Event, started: Callable[[Service], None]) -> None:
    """Run a configuration until all its sources have ended, or until `stop`; what is under way is brought to an end.

    To be run by `gateway.transports.vtp.loop.run`. Raises GatewayError when it cannot start or go on.
    """
    service = await wire(config, Metrics())
    deliveries = list(dict.fromkeys(service.deliveries.values()))
    profile = service.policy.profile
    about = {"version": __version__, "profile": profile.id, "profile_sha256": profile.sha256}
    status = Status(service.routes, deliveries, service.metrics, about, stop.is_set)
    listen = config.operations.listen
    operations = Operations(listen, status) if listen is not None else None
    service.metrics.describe(__version__, profile.id)
    beating = asyncio.create_task(pulse(status))
    try:
        if operations is not None:
            service.about.append(f"operations http://{await operations.start()}/status")
        started(service)
        await relay.run(service.routes, deliveries, stop)
    finally:
        beating.cancel()
        if operations is not None:
            await operations.close()
        await service.close()


async def wire(config: Config, metrics: Metrics) -> Service:
    """The service of a configuration, open and not running. Raises GatewayError (rule 1)."""
    made = _Wiring(config, metrics)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(made.service.close)
        await made.all()
        undo.pop_all()  # it is closed by whoever runs it
    return made.service


class _Wiring:
    """Puts a service together."""

    def __init__(self, config: Config, metrics: Metrics) -> None:
        self.config, self.policy = config, Policy(config.gateway.policy)
        self.service = Service(metrics, self.policy)
        self.letters = {route.name: self._letters(route) for route in config.routes}

    async def all(self) -> None:
        """Rule 1."""
        try:
            private_folder(self.config.gateway.state)
        except OSError as error:
            raise OutputError(
                "output-unwritable", f"{self.config.gateway.state} cannot be made: {error.strerror}."
            ) from None
        # The letters first: the others' sinks have somewhere to put what they refuse.
        buried = [route.dead_letters for route in self.config.routes]
        for name in dict.fromkeys((*buried, *self.config.sinks)):
            if not _exactly_once(self.config.sinks[name]):
                await self._delivery(name)
        for route in self.config.routes:
            once = [name for output in route.outputs for name in output.sinks if self._is_once(name)]
            table = self.config.sources[route.source]
            opened = sources.opened(route.source, table, self.config, self.service.metrics, commits=not once)
            self.service.sources.append(opened.source)
            if once:
                self._transaction(route, once, opened)
            self.service.routes.append(self._route(route, opened))
            self.service.about.append(f"{route.name} reads {opened.about}")

    # Sinks

    async def _delivery(self, name: str) -> Delivery:
        table, metrics = self.config.sinks[name], self.service.metrics
        wired = await sinks.opened(name, table, self._use(name), self.config, self.policy)
        self.service.about += [f"{name} {line}" for line in wired.about]
        if isinstance(wired.sink, BrokerSink):
            subscribers = wired.sink.broker.subscribers
            metrics.watch("vtp_connections", lambda: float(len(subscribers)), name, "subscriber")
        spool = self._spool(name, table.spool) if table.spool else None
        delivery = Delivery(wired.sink, self._refused(name), metrics, spool=spool, limit=table.queue)
        self.service.deliveries[name] = delivery
        return delivery

    def _is_once(self, name: str) -> bool:
        return _exactly_once(self.config.sinks[name])

    def _transaction(self, route: RouteTable, names: list[str], opened: Opened) -> None:
        """One sink for all topics of a route, which takes what was read together with what is written. It has no spool:
        what is on our disk is in no transaction."""
        tables = [table for name in names if isinstance(table := self.config.sinks[name], KafkaSinkTable)]
        assert isinstance(opened.source, KafkaSource)
        # Two that call themselves the same put each other out, so the machine is in it, and the worker's number.
        identity = f"{self.config.gateway.ivoid}/{route.name}/{socket.gethostname()}/{worker_number() or 0}"
        sink = kafka.transaction(route.name, tables, opened.source, identity)
        delivery = Delivery(sink, self._refused(names[0]), self.service.metrics, limit=tables[0].queue)
        self.service.deliveries |= dict.fromkeys(names, delivery)
        topics = ", ".join(table.topic for table in tables)
        self.service.about.append(f"{', '.join(names)} topics {topics}, exactly once")

    def _spool(self, name: str, limit: int) -> SpoolFile:
        file = sinks.state_of(name, self.config) / "spool.db"
        return SpoolFile(file, str(self._use(name).audience), self.policy.profile.id, limit=limit)

    def _use(self, name: str) -> sinks.Use:
        """For what a sink is: what all that feed it say."""
        audience, private = PUBLIC, False
        for route in self.config.routes:
            if route.dead_letters == name:
                audience, private = self._audience(route.dead_letters_for), True
            for output in route.outputs:
                if name in output.sinks:
                    audience = self._audience(output.audience)
        return sinks.Use(audience, private or audience != PUBLIC)

    def _refused(self, name: str) -> Callable[[Refused], Awaitable[None]]:
        """Rule 3."""
        route = next((one for one in self.config.routes if any(name in o.sinks for o in one.outputs)), None)

        async def refused(one: Refused) -> None:
            if route is None:
                raise one[1]
            dead = self.service.deliveries[route.dead_letters]
            await bury(one, name, self.letters[route.name], dead, self.service.metrics)

        return refused

    # Routes

    def _route(self, table: RouteTable, opened: Opened) -> Route:
        return Route(
            table.name,
            opened.source,
            opened.decode,
            [self._output(table, output) for output in table.outputs],
            self.letters[table.name],
            self.service.deliveries[table.dead_letters],
            self.service.metrics,
            prepare=opened.prepare,
        )

    def _output(self, route: RouteTable, table: OutputTable) -> Output:
        source = self.config.sources[route.source]
        settings = table.settings(*self.config.gateway.issuer, source.role)
        principal = self._principal(table.audience)

        def converter(to: Target) -> Converter:
            return Converter(to, settings, self.policy, table.project_to, principal=principal)

        original = table.to == "original"
        chooser = None
        if table.filter is not None:
            core = replace(settings, detail="core")
            events = Converter("voevent", core, self.policy, table.project_to, principal=principal)
            chooser = Chooser(table.filter, events)
        maker = Maker(
            converter("avro" if table.to == "original" else table.to),
            converter("voevent" if table.to == "original" else table.to),
            roles=table.roles,
            role=source.role,
            headers=self._headers(table),
            chooser=chooser,
            original=original,
            whole=not all(self._takes_data(name) for name in table.sinks),
        )
        deliveries = dict.fromkeys(self.service.deliveries[name] for name in table.sinks)
        return Output(table.name, maker, tuple(deliveries))

    def _headers(self, table: OutputTable) -> set[str]:
        """Those that one of its sinks lets through."""
        tables = (self.config.sinks[name] for name in table.sinks)
        return {header for one in tables if isinstance(one, KafkaSinkTable) for header in one.headers}

    def _takes_data(self, name: str) -> bool:
        sink = self.config.sinks[name]
        return isinstance(sink, FilesSink) and sink.form == "containers"

    # People

    def _principal(self, name: str) -> Principal:
        table: AudienceTable | None = self.config.audiences.get(name)
        return ANONYMOUS if table is None else table.principal

    def _audience(self, name: str) -> Audience:
        table = self.config.audiences.get(name)
        return PUBLIC if table is None else Audience(frozenset(table.rights))

    def _letters(self, route: RouteTable) -> Letters:
        principal, policy = self._principal(route.dead_letters_for), self.policy
        opens = isinstance(self.config.sources[route.source], (FilesSource, StdinSource))

        def keep(item: Item, error: GatewayError) -> bool:
            return (opens or not _has_a_head(item)) and may_be_kept(
                item, error, policy, principal.audience_at(policy.clock())
            )

        label = {"audience": str(self._audience(route.dead_letters_for)), "profile": policy.profile.id}
        return Letters(keep, label)


def _exactly_once(table: AnySink) -> bool:
    return isinstance(table, KafkaSinkTable) and table.exactly_once


def _has_a_head(item: Item) -> bool:
    """Whether the bytes of its message have a head in which anything may stand, unless it is the survey's own."""
    contained = isinstance(item, Rejected) or (isinstance(item, Alert) and item.framing.kind == "container")
    return contained and not item.provenance.issued
