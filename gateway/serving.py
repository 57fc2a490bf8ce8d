"""What `gateway vtp serve` is made of: settings become a broker, which runs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gateway.conversion import Converter
from gateway.errors import GatewayError, SettingsError
from gateway.feeding import feed
from gateway.filters.xpath import Filter
from gateway.mapping.settings import Settings
from gateway.model.audience import PUBLIC, Audience
from gateway.model.ivoid import IVOID
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import ROLES
from gateway.policy.engine import Policy
from gateway.policy.events.notice import Issuer
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.policy.profile import DEFAULT
from gateway.relay import Relay, packet_of
from gateway.relay.offer import Newest
from gateway.relay.testevent import test_event
from gateway.transports.files import Declared
from gateway.transports.vtp.access import networks
from gateway.transports.vtp.broker import LIMITS, Broker, Limits
from gateway.transports.vtp.descriptors import affordable
from gateway.transports.vtp.endpoints import TLS
from gateway.transports.vtp.outbox import MAX_QUEUE, WhenFull
from gateway.transports.vtp.people import People
from gateway.transports.vtp.seen import MAX_RETENTION, Seen
from gateway.transports.vtp.status import serve_status
from gateway.transports.vtp.subscribers import Wishes

__all__ = ["Serving", "issuer_of", "opened", "serve"]

RECORD = "seen.db"
log = logging.getLogger("gateway.vtp")


@dataclass(frozen=True, slots=True)
class Serving:
    """The settings of a broker; those of addresses, networks, roles and filters as the user writes them.

    state : a folder that no other broker uses
    provenance : where the events come from, declared
    audience : of those whom nothing else is known of
    local : the broker's own IVOID; redacted events, and those made of alerts, have identifiers below it
    sources : files, folders and ``-``; alerts among them become events of this `role`
    strict : whether an event is refused, too, that breaks a rule which only the text of the standard has
    test_interval : seconds between test events, None for none
    """

    state: Path
    local: str
    provenance: Provenance
    audience: Audience = PUBLIC
    receive: tuple[str, ...] = ()
    broadcast: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    role: str = "observation"
    policy: str = DEFAULT
    strict: bool = False
    authors: tuple[str, ...] = ()
    subscribers: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset(ROLES)
    newest: Newest = "2.0"
    blanket: str | None = None
    limits: Limits = LIMITS
    queue: int = MAX_QUEUE
    when_full: WhenFull = "drop-oldest"
    retention: float = MAX_RETENTION
    sync: bool = False
    tls: TLS | None = None
    people: Path | None = None
    test_interval: float | None = None


async def serve(settings: Serving, stop: asyncio.Event, started: Callable[[Broker], None]) -> None:
    """Run a broker until `stop`. Raises GatewayError when it cannot start."""
    policy = Policy(settings.policy)
    feeder = _feeder(settings, policy, issuer_of(settings.local))
    broker = await opened(settings, policy)
    try:
        started(broker)
        await _first(stop.wait(), feeder(broker))
    finally:
        await broker.stop()


async def opened(settings: Serving, policy: Policy) -> Broker:
    """A broker that listens, and is to be stopped. Raises GatewayError when it cannot start."""
    if not settings.receive and not settings.broadcast:
        raise SettingsError("settings-missing", "A broker has an address: give it --receive or --broadcast.")
    if settings.people is not None and (settings.tls is None or settings.tls.clients is None):
        raise SettingsError(
            "settings-missing", "Certificates of people need TLS that asks for them: give --tls-clients, too."
        )
    people = People(settings.people) if settings.people is not None else None
    relay = Relay(
        policy,
        settings.provenance,
        issuer=issuer_of(settings.local),
        audiences=(settings.audience, *(people.audiences if people else ())),
        limit=settings.limits.frame,
        strict=settings.strict,
    )
    wishes = Wishes(
        settings.roles,
        settings.newest,
        Filter(settings.blanket) if settings.blanket is not None else None,
        settings.queue,
        settings.when_full,
        settings.state,
    )
    authors, subscribers = networks(settings.authors), networks(settings.subscribers)
    limits = _affordable(settings)
    seen = Seen(settings.state / RECORD, retention=settings.retention, sync=settings.sync)
    broker = Broker(relay, seen, settings.local, limits=limits)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(broker.stop)
        for address in settings.receive:
            await broker.receive(address, authors, settings.tls)
        for address in settings.broadcast:
            await broker.broadcast(address, subscribers, wishes, settings.tls, people or _anonymous)
        await serve_status(broker, settings.state)
        # Tables are compiled before the first event comes, and a broker that may pass nothing on says so now.
        relay.take(packet_of(test_event(settings.local, broker.now())))
        if settings.test_interval is not None:
            broker.every(settings.test_interval)
        undo.pop_all()  # it runs, so it is not stopped
    return broker


def _affordable(settings: Serving) -> Limits:
    """The limits as far as there are descriptors for them. A slow subscriber may have a file, too."""
    spilled = settings.when_full == "spill"
    each = bool(settings.receive) + (1 + spilled) * bool(settings.broadcast)
    return replace(settings.limits, connections=affordable(settings.limits.connections, each))


def _anonymous(transport: object) -> Principal:
    return ANONYMOUS


def issuer_of(local: str) -> Issuer:
    """In whose name the broker issues. Raises SettingsError (settings-value)."""
    try:
        own = IVOID.parse(local)
    except ValueError as error:
        raise SettingsError("settings-value", f"The broker's own IVOID cannot be used: {error}") from None
    return Issuer(own.authority, own.path.removeprefix("/") or "events")


def _feeder(
    settings: Serving, policy: Policy, issuer: Issuer
) -> Callable[[Broker], Coroutine[Any, Any, None]]:
    """What publishes the sources, to the end of the broker."""
    converter = Converter(
        "voevent",
        Settings(authority=issuer.authority, stream=issuer.stream, role=settings.role),
        policy,
    )
    source = settings.provenance
    declared = Declared(event=source.origin or Origin.EXTERNAL, release=source.release)

    async def feeder(broker: Broker) -> None:
        await feed(settings.sources, declared, converter, broker.publish, lambda: broker.ready, _failed)
        await asyncio.Event().wait()

    return feeder


def _failed(error: GatewayError) -> None:
    log.warning("%s", error)


async def _first(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of them to end, and end the others. Raises what it raises."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
