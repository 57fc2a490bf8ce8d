"""The broker: takes events from authors and gives them to subscribers, at any number of addresses.

Rules
1. What an event goes through is `Relay`, what is remembered `Seen`, who comes in by which `Door`: here they are put
   together.
2. What an earlier run accepted and did not broadcast goes out `MAX_RETURN` seconds after the start, for subscribers
   need time to come back, and then as soon as there is one.
3. It stops in order: no new connections, the last commit and its receipts, what waits for those who read, and then
   all are let go. Who does not read within `MAX_DRAIN` loses what waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol

from gateway.errors import GatewayError, OutputError
from gateway.policy.engine import now as utc_now
from gateway.policy.people.principal import ANONYMOUS
from gateway.relay import Relay, packet_of
from gateway.relay.testevent import test_event
from gateway.transports.vtp.access import EVERYWHERE, MAX_CONNECTIONS, MAX_PER_ADDRESS, Door, Network, Room
from gateway.transports.vtp.endpoints import TLS, Port, listen, spelled
from gateway.transports.vtp.intake import AuthorPeer, Intake
from gateway.transports.vtp.loop import loop, wait
from gateway.transports.vtp.peer import MAX_LINGER, Peer
from gateway.transports.vtp.seen import STEPS, Seen
from gateway.transports.vtp.subscribers import EVERYTHING, PrincipalOf, SubscriberPeer, Subscribers, Wishes
from gateway.vtp import Broadcaster, Receiver
from gateway.vtp.broadcaster import MAX_OUTSTANDING
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.timers import TIMERS, Timers

__all__ = ["LIMITS", "MAX_DRAIN", "MAX_RETURN", "Broker", "Limits"]

MAX_DRAIN = 5
"""Seconds that subscribers have to read what waits for them when the broker stops."""

MAX_RETURN = 10
"""Seconds that subscribers have to come back before what an earlier run owes is broadcast: the first pauses of
those in the field are 1, 2 and 4 seconds."""

PRUNE = 86_400 / STEPS
"""Seconds between two steps of forgetting: all that is old is gone within a day."""

log = logging.getLogger("gateway.vtp")


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one role, at all its addresses together.

    connections, per_address : at a time
    frame : bytes of the largest message
    window : events that a subscriber may leave without a receipt
    """

    connections: int = MAX_CONNECTIONS
    per_address: int = MAX_PER_ADDRESS
    frame: int = MAX_FRAME
    window: int = MAX_OUTSTANDING


LIMITS = Limits()


class Broker:
    """One broker. Make it in a coroutine of `gateway.transports.vtp.loop.run`, and `stop` it there.

    local : its own IVOID
    now : tells the time (UTC)
    addresses : (role, address) where it listens
    ports : what is closed when it stops
    patience : see rule 2
    timers : how long peers are waited for
    """

    def __init__(
        self,
        relay: Relay,
        seen: Seen,
        local: str,
        *,
        limits: Limits = LIMITS,
        now: Callable[[], datetime] = utc_now,
        patience: float = MAX_RETURN,
        timers: Timers = TIMERS,
    ) -> None:
        self._timers = timers
        self.relay, self.local, self.limits, self.now = relay, local, limits, now
        self.started = now()
        self.subscribers = Subscribers(now, self._arrived)
        self.intake = Intake(relay, seen, self.subscribers.give, wall=lambda: now().timestamp())
        self.doors: list[Door] = []
        self.rooms = {role: Room(limits.connections, limits.per_address) for role in ("receive", "broadcast")}
        self._peers: set[Peer[Any]] = set()
        self.ports: list[Port] = []
        self.addresses: list[tuple[str, str]] = []
        self._numbers = count(1)
        self._tasks = [loop().create_task(self._prune(seen))]
        self._owes = any(True for _ in seen.waiting())
        self._patient = loop().call_later(patience, self._arrived)
        self._patience = loop().time() + patience

    async def receive(
        self, address: str, allowed: Iterable[Network] = EVERYWHERE, tls: TLS | None = None
    ) -> Port:
        """Take events from authors at an address. Raises SettingsError (settings-value, settings-address)."""
        door = self._door("receive", allowed)
        session = partial(Receiver, self.local, limit=self.limits.frame, timers=self._timers)

        def made() -> AuthorPeer:
            return AuthorPeer(self._peers, door, next(self._numbers), self.intake, session)

        return await self._listen("receive", address, made, tls)

    async def broadcast(
        self,
        address: str,
        allowed: Iterable[Network] = EVERYWHERE,
        wishes: Wishes = EVERYTHING,
        tls: TLS | None = None,
        principal_of: PrincipalOf = lambda transport: ANONYMOUS,
    ) -> Port:
        """Give events to subscribers at an address. Raises SettingsError (settings-value, settings-address)."""
        door = self._door("broadcast", allowed)
        limits = self.limits
        session = partial(
            Broadcaster, self.local, window=limits.window, limit=limits.frame, timers=self._timers
        )

        def made() -> SubscriberPeer:
            return SubscriberPeer(
                self._peers, door, next(self._numbers), self.subscribers, wishes, session, principal_of
            )

        return await self._listen("broadcast", address, made, tls)

    def publish(self, document: bytes) -> None:
        """An event that no author brought: a file's, or our own. Raises GatewayError when it may not go on."""
        self.intake.take(packet_of(document))

    @property
    def ready(self) -> bool:
        """Whether a subscriber can take more: a source of files goes as fast as the fastest of them reads."""
        return any(peer.ready for peer in self.subscribers)

    def every(self, seconds: float) -> None:
        """Publish a test event now and then."""
        self._tasks.append(loop().create_task(self._test(seconds)))

    async def stop(self) -> None:
        """Rule 3."""
        for port in self.ports:
            stopped = port.stopListening()
            if stopped is not None:
                await wait(stopped)
        for task in self._tasks:
            task.cancel()
        self._patient.cancel()
        self.intake.close()
        await self._until(lambda: not any(peer.outbox.count for peer in self.subscribers), MAX_DRAIN)
        for peer in list(self._peers):
            peer.close()
        await self._until(lambda: not self._peers, 2 * MAX_LINGER)

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        end = loop().time() + seconds
        while not done() and loop().time() < end:
            await asyncio.sleep(0.02)

    def _door(self, role: str, allowed: Iterable[Network]) -> Door:
        door = Door(allowed, self.rooms[role])
        self.doors.append(door)
        return door

    async def _listen(self, role: str, address: str, made: Callable[[], Protocol], tls: TLS | None) -> Port:
        port = await listen(address, _Factory(made), tls)
        self.ports.append(port)
        self.addresses.append((role, spelled(port)))
        log.info("%s at %s", role, spelled(port))
        return port

    def _arrived(self) -> None:
        """Rule 2."""
        if self._owes and self.subscribers and loop().time() >= self._patience:
            self._owes = False
            self.intake.again()

    async def _prune(self, seen: Seen) -> None:
        while True:
            await asyncio.sleep(PRUNE)
            try:
                seen.prune(self.now().timestamp())
            except OutputError as error:
                log.error("nothing can be forgotten: %s", error)

    async def _test(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                self.publish(test_event(self.local, self.now()))
            except GatewayError as error:
                log.error("the test event may not go out: %s", error)


class _Factory(Factory):
    noisy = False

    def __init__(self, made: Callable[[], Protocol]) -> None:
        self._made = made

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return self._made()
