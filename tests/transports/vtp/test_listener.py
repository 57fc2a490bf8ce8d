"""Listening to brokers on real sockets: receipts, questions, several brokers, roles, ends, and connecting again."""

import asyncio
import gc
import threading
from contextlib import AsyncExitStack
from functools import partial

import pytest
from certificates import certificate
from vtp_brokers import DEADLINE, Broker, Scripted, event, listening

from gateway.errors import OutputError, SettingsError
from gateway.transports.vtp import listener
from gateway.transports.vtp.clients import ClientTLS
from gateway.transports.vtp.endpoints import TLS
from gateway.transports.vtp.inbox import Inbox
from gateway.transports.vtp.listener import Listener
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.subscriber import Subscriber, Subscription
from gateway.vtp import Broadcaster, Packet
from gateway.vtp.events import Alive, Receipt, Wanted
from gateway.vtp.timers import Timers


class Heard:
    """A handler that remembers. It waits for `gate` before it is done with one."""

    def __init__(self):
        self.packets, self.sources, self.gate = [], [], threading.Event()
        self.gate.set()

    def __call__(self, packet, source):
        assert self.gate.wait(DEADLINE)
        self.packets.append(packet)
        self.sources.append(source)

    @property
    def payloads(self):
        return [packet.payload for packet in self.packets]


class Session:
    """A listener at work on brokers: `heard`, `said`, and `stop` to end it."""

    def __init__(self, brokers, stop, handle, subscription, options):
        self.heard = handle or Heard()
        self.said, self.stop = [], stop
        addresses = [broker.address for broker in brokers]
        self.listener = Listener(addresses, subscription, self.heard, self.said.append, **options)
        self.counts = self.listener.counts
        self.task = asyncio.ensure_future(self.listener.run(stop))

    async def end(self):
        self.stop.set()
        await asyncio.wait_for(self.task, DEADLINE)


def play(scene, *brokers, handle=None, subscription=None, **options):
    """What `scene(session)` returns, played with a listener that is connected to all brokers."""
    brokers = brokers or (Broker(),)

    async def main(stop):
        async with AsyncExitStack() as stack:
            for broker in brokers:
                await stack.enter_async_context(listening(broker))
            about = subscription or Subscription("ivo://org.example/us")
            session = Session(brokers, stop, handle, about, options)
            for broker in brokers:
                await broker.until(lambda broker=broker: broker.of(Wanted) or broker.lost)
            try:
                return await scene(session, *brokers)
            finally:
                session.stop.set()
                await asyncio.wait({session.task}, timeout=DEADLINE)

    return run(main)


def test_events_are_handled_in_order_and_unchanged():
    payloads = [event(str(n)) for n in range(20)]

    async def scene(session, broker):
        broker.broadcast(*payloads)
        await broker.until(lambda: len(broker.of(Receipt)) == 20)
        await session.end()
        assert session.heard.payloads == payloads
        assert session.heard.sources == [broker.address] * 20
        assert {receipt.kind for receipt in broker.of(Receipt)} == {"ack"}
        assert session.listener.connections == 1

    play(scene)


def test_receipts_and_answers_do_not_wait_for_handlers():
    handle = Heard()
    handle.gate.clear()

    async def scene(session, broker):
        broker.broadcast(event("1"), event("2"))
        await broker.until(lambda: len(broker.of(Receipt)) == 2)
        await broker.until(lambda: len(broker.of(Alive)) >= 2)
        assert handle.packets == []
        handle.gate.set()
        await session.end()
        assert handle.payloads == [event("1"), event("2")]

    quick = Broker(lambda: Broadcaster("ivo://org.example/broker", timers=Timers(quiet=0.02)))
    play(scene, quick, handle=handle)


def test_what_was_acknowledged_is_handled_before_the_end():
    handle = Heard()
    handle.gate.clear()

    async def scene(session, broker):
        broker.broadcast(*(event(str(n)) for n in range(5)))
        await broker.until(lambda: len(broker.of(Receipt)) == 5)
        session.stop.set()
        await broker.until(lambda: broker.lost == 1)
        assert not session.task.done()
        handle.gate.set()
        await session.end()
        assert len(handle.packets) == 5

    play(scene, handle=handle)


def test_what_waits_for_its_handler_is_bytes_and_no_trees():
    handle = Heard()
    handle.gate.clear()

    async def scene(session, broker):
        broker.broadcast(*(event(f"waiting-{n}") for n in range(5)))
        await broker.until(lambda: len(broker.of(Receipt)) == 5)
        packets = [one for one in gc.get_objects() if isinstance(one, Packet)]
        assert sum("#waiting-" in packet.ivorn for packet in packets) <= 1  # the one that is being handled
        handle.gate.set()
        await session.end()
        assert len(handle.packets) == 5

    play(scene, handle=handle)


def test_filters_roles_and_version_are_said_to_each_broker():
    about = Subscription(
        "ivo://org.example/us", ("//Who", "//Why[@importance > 0.5]"), "2.1", roles=("utility",)
    )

    async def scene(session, one, two):
        for broker in (one, two):
            (filters,) = broker.of(Wanted)
            assert filters.xpaths == about.filters
            assert (filters.version, filters.subscriber) == ("2.1", "ivo://org.example/us")
            assert filters.roles == ("utility",)

    play(scene, Broker(), Broker(), subscription=about)


def test_what_several_brokers_send_is_handled_once_and_acknowledged_each_time():
    def dressed(payload):
        return payload + b"\n<!-- the same element -->"

    async def scene(session, one, two):
        one.broadcast(event("1"), event("2"))
        two.broadcast(dressed(event("2")), event("3"), event("3"))
        await one.until(lambda: len(one.of(Receipt)) == 2)
        await two.until(lambda: len(two.of(Receipt)) == 3)
        await session.end()
        assert sorted(packet.ivorn[-1] for packet in session.heard.packets) == ["1", "2", "3"]
        assert (session.counts.heard, session.counts.handled, session.counts.repeated) == (5, 3, 2)

    play(scene, Broker(), Broker())


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, ["observation", "prediction", "utility"]),
        ({"roles": frozenset({"observation"})}, ["observation"]),
        ({"roles": frozenset({"test"})}, ["test"]),
    ],
)
def test_only_the_wanted_roles_are_handled(options, wanted):
    roles = ["observation", "prediction", "utility", "test", "something else"]

    async def scene(session, broker):
        broker.broadcast(*(event(role[:4], role) for role in roles))
        await broker.until(lambda: len(broker.of(Receipt)) == len(roles))
        await session.end()
        assert [packet.role for packet in session.heard.packets] == wanted
        assert session.counts.other_role == len(roles) - len(wanted)
        assert session.counts.other_test == ("test" not in wanted)

    play(scene, **options)


def test_test_events_never_go_with_others():
    with pytest.raises(SettingsError, match="test alone"):
        Listener(["127.0.0.1:1"], Subscription(), Heard(), print, roles=frozenset({"test", "observation"}))


def test_what_is_over_the_count_is_not_acknowledged():
    async def scene(session, broker):
        broker.broadcast(*(event(str(n)) for n in range(5)))
        await asyncio.wait_for(session.task, DEADLINE)
        await broker.until(lambda: broker.lost == 1)
        assert len(session.heard.packets) == 2
        assert len(broker.of(Receipt)) == 2

    play(scene, count=2)


def test_a_handler_that_cannot_go_on_ends_it():
    def handle(packet, source):
        raise OutputError("output-unwritable", "The disk is full.")

    async def scene(session, broker):
        broker.broadcast(event("1"))
        with pytest.raises(OutputError, match="disk"):
            await asyncio.wait_for(session.task, DEADLINE)

    play(scene, handle=handle)


def test_several_handlers_work_side_by_side():
    both = threading.Barrier(2, timeout=DEADLINE)

    async def scene(session, broker):
        broker.broadcast(event("1"), event("2"))
        await broker.until(lambda: len(broker.of(Receipt)) == 2)
        await session.end()

    play(scene, handle=lambda packet, source: both.wait(), threads=2)


def test_brokers_are_not_read_from_while_too_much_waits(monkeypatch):
    monkeypatch.setattr(listener, "Inbox", partial(Inbox, limit=1))
    handle = Heard()
    handle.gate.clear()

    async def scene(session, one, two):
        one.broadcast(event("1"))
        await one.until(lambda: one.of(Receipt))
        one.broadcast(event("2"))
        two.broadcast(event("3"))
        for _ in range(100):  # were they read from, they would have been by now
            await asyncio.sleep(0)
        assert len(one.of(Receipt) + two.of(Receipt)) == 1
        handle.gate.set()
        await one.until(lambda: len(one.of(Receipt)) == 2)
        await two.until(lambda: two.of(Receipt))
        await session.end()
        assert sorted(packet.ivorn[-1] for packet in handle.packets) == ["1", "2", "3"]

    play(scene, Broker(), Broker(), handle=handle)


def test_a_held_connection_ends_when_it_is_told_to(monkeypatch):
    monkeypatch.setattr(listener, "Inbox", partial(Inbox, limit=1))
    handle = Heard()
    handle.gate.clear()

    async def scene(session, broker):
        broker.broadcast(event("1"))
        await broker.until(lambda: broker.of(Receipt))
        session.stop.set()
        await broker.until(lambda: broker.lost == 1)
        handle.gate.set()

    play(scene, handle=handle)


def test_the_events_that_are_remembered_have_a_number(monkeypatch):
    monkeypatch.setattr(listener, "MAX_SEEN", 2)

    async def scene(session, broker):
        broker.broadcast(*(event(local) for local in "1212312"))
        await broker.until(lambda: session.counts.heard == 7)
        await session.end()
        assert [packet.ivorn[-1] for packet in session.heard.packets] == ["1", "2", "3", "1", "2"]

    play(scene)


def test_what_a_broker_tells_is_shown_without_what_a_terminal_obeys():
    async def scene(session, broker):
        (peer,) = broker.peers
        peer.do(peer.session.tell("Your filter\nis \u202etoo long: " + "x" * 1000, 0.0))
        broker.broadcast(event("1"))
        await broker.until(lambda: broker.of(Receipt))
        (said,) = (line for line in session.said if "says" in line)
        assert "Your filter is ?too long" in said
        assert said.endswith("x...")

    play(scene)


def attempts(session, count, *, about=None, tls=None):
    """What a subscriber to a broker of such sessions says until it has waited so many times, and for how long."""
    waited, said = [], []
    enough = asyncio.Event

    async def main(stop):
        done = enough()

        async def pause(seconds):
            waited.append(seconds)
            if len(waited) == count:
                done.set()
                await asyncio.Event().wait()

        async with listening(Broker(session), tls=tls) as broker:
            subscriber = Subscriber(
                broker.address,
                about or Subscription(),
                lambda packet, source: True,
                said.append,
                pause=pause,
                random=lambda: 0.0,
            )
            task = asyncio.ensure_future(subscriber.run())
            await asyncio.wait_for(done.wait(), DEADLINE)
            task.cancel()
            await asyncio.wait({task})
            return subscriber.connections

    return run(main), waited, said


def test_it_connects_again_and_waits_longer_each_time():
    connections, waited, said = attempts(lambda: Scripted(close="at once"), 6, about=Subscription(longest=8))
    assert waited == [1, 2, 4, 8, 8, 8]
    assert connections == 6
    assert said[1].endswith("The broker closed the connection. The next attempt is in 1.0 s.")


def test_a_broker_that_is_silent_or_talks_rubbish_is_left():
    _, _, said = attempts(Scripted, 1, about=Subscription(timers=Timers(idle=0.05)))
    assert "said nothing" in said[1]
    _, _, said = attempts(lambda: Scripted(b"GET / HTTP/1.1\r\n"), 1)
    assert "HTTP" in said[1]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_a_broker_is_believed_by_its_certificate(tmp_path, address):
    file = certificate(tmp_path, address)
    about = Subscription(tls=ClientTLS(authorities=file), timers=Timers(idle=0.05))
    connections, _, said = attempts(Scripted, 1, about=about, tls=TLS(file, file))
    if address == "127.0.0.1":
        assert connections == 1
    else:
        assert connections == 0
        assert "a certificate is not believed" in said[0]


def test_a_certificate_of_ours_is_shown(tmp_path):
    file, said = certificate(tmp_path), []

    async def main(stop):
        broker = Broker()
        async with listening(broker, tls=TLS(file, file, clients=file)):
            tls = ClientTLS(authorities=file, certificate=file)
            task = asyncio.ensure_future(
                Subscriber(broker.address, Subscription(tls=tls), lambda *_: True, said.append).run()
            )
            await broker.until(lambda: broker.of(Wanted))
            shown = broker.peers[0].transport.getPeerCertificate().to_cryptography()
            task.cancel()
            await asyncio.wait({task})
            return shown.subject.rfc4514_string()

    assert run(main) == "CN=test"


def test_certificates_that_cannot_be_used_are_a_sentence(tmp_path):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    for tls in (ClientTLS(authorities=wrong), ClientTLS(certificate=wrong), ClientTLS(tmp_path / "missing")):
        with pytest.raises(SettingsError, match="certificates for TLS"):
            Subscriber("127.0.0.1:1", Subscription(tls=tls), lambda *_: True, print)
