"""Brokers for tests of our clients: real sockets on loopback, on them the sessions of `gateway.vtp` or a script."""

import asyncio
from contextlib import asynccontextmanager

from twisted.internet.protocol import Factory, Protocol

from gateway.transports.vtp.endpoints import listen
from gateway.transports.vtp.loop import loop, wait
from gateway.vtp import Broadcaster, Receiver
from gateway.vtp.broadcaster import outgoing
from gateway.vtp.events import Close, Received, Send

DEADLINE = 30
"""Seconds until what a test waits for must have happened."""


def event(local, role="observation", version="2.0", more=""):
    """A small VOEvent."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v{version}" '
        f'ivorn="ivo://org.example/stream#{local}" role="{role}" version="{version}"><Who>'
        f"<AuthorIVORN>ivo://org.example</AuthorIVORN><Date>2026-02-14T05:14:31</Date></Who>{more}</voe:VOEvent>"
    ).encode()


class Peer(Protocol):
    """The broker's end of a connection. `events` has what its session said beside `Send` and `Close`."""

    def __init__(self, broker):
        self.broker, self.session, self.events, self.timer = broker, broker.session(), [], None

    def connectionMade(self):
        self.broker.peers.append(self)
        self.do(self.session.opened(loop().time()))

    def dataReceived(self, data):
        self.do(self.session.receive(data, loop().time()))

    def connectionLost(self, reason=None):
        self.do(self.session.lost(loop().time()))
        self.broker.lost += 1
        self.broker.tell()

    def do(self, events):
        for happened in events:
            if isinstance(happened, Send):
                self.transport.write(happened.data)
            elif isinstance(happened, Close):
                self.transport.loseConnection()
            else:
                self.events.append(happened)
                self.broker.happened(self, happened)
        self.wind()
        self.broker.tell()

    def wind(self):
        if self.timer is not None:
            self.timer.cancel()
        due = self.session.next_timer()
        self.timer = None if due is None else loop().call_at(due, self.ring)

    def ring(self):
        self.do(self.session.tick(loop().time()))

    def send(self, payload):
        ivorn = payload.split(b'ivorn="')[1].split(b'"')[0].decode()
        self.do(self.session.send(outgoing(payload, ivorn), loop().time()))


class Broker:
    """Listens on a free port. `address` is where.

    session : makes one for each connection: a `Broadcaster`, or a `Receiver` that acks all but what `refuse` names
    """

    def __init__(self, session=None, refuse=None):
        self.session = session or (lambda: Broadcaster("ivo://org.example/broker"))
        self.refuse = refuse or (lambda packet: None)
        self.peers, self.lost, self.packets = [], 0, []
        self._waiting = []

    def happened(self, peer, happened):
        if isinstance(happened, Received):
            self.packets.append(happened.packet)
            peer.do(peer.session.answer(happened.packet, loop().time(), self.refuse(happened.packet)))

    def of(self, kind):
        """What happened of a kind, on all connections."""
        return [one for peer in self.peers for one in peer.events if isinstance(one, kind)]

    def tell(self):
        for condition, future in list(self._waiting):
            if condition() and not future.done():
                future.set_result(None)

    async def until(self, condition):
        """Wait until something is so; it is looked at when something has happened."""
        future = loop().create_future()
        self._waiting.append((condition, future))
        self.tell()
        await asyncio.wait_for(future, DEADLINE)

    def broadcast(self, *payloads):
        for peer in self.peers:
            for payload in payloads:
                peer.send(payload)


@asynccontextmanager
async def listening(broker, address="127.0.0.1:0", tls=None):
    """The broker, at work."""
    factory = Factory.forProtocol(lambda: Peer(broker))
    factory.noisy = False
    port = await listen(address, factory, tls)
    broker.port = port.getHost().port if ":0" in address else None
    broker.address = f"127.0.0.1:{broker.port}" if broker.port else address
    try:
        yield broker
    finally:
        for peer in broker.peers:
            if peer.transport.connected:
                peer.transport.abortConnection()
        await wait(port.stopListening())
        await broker.until(lambda: broker.lost == len(broker.peers))


def receiver(**more):
    """A broker that takes events from authors."""
    return Broker(lambda: Receiver("ivo://org.example/broker"), **more)


class Scripted:
    """Stands for a session: says something at once, and `answers` to the first bytes it gets; None closes."""

    def __init__(self, greeting=b"", answer=b"", close=False):
        self.greeting, self.answered, self.close = greeting, answer, close

    def opened(self, now):
        return ([Send(self.greeting)] if self.greeting else []) + (
            [Close()] if self.close == "at once" else []
        )

    def receive(self, data, now):
        return ([Send(self.answered)] if self.answered else []) + ([Close()] if self.close else [])

    def lost(self, now):
        return []

    def next_timer(self):
        return None
