"""An author on real sockets: receipts, what may pass and what may not, and when it tries again."""

import asyncio

import pytest
from vtp_brokers import DEADLINE, Broker, Scripted, event, listening, receiver

from gateway.errors import SettingsError, VTPError
from gateway.transports.vtp.author import Author
from gateway.transports.vtp.clients import ClientTLS
from gateway.transports.vtp.loop import run
from gateway.vtp.events import Delivered, Undelivered
from gateway.vtp.timers import Timers


class Pauses:
    """Waits for nothing, and remembers for how long."""

    def __init__(self, then=None):
        self.seconds, self.then = [], then

    async def __call__(self, seconds):
        self.seconds.append(seconds)
        if self.then is not None:
            await self.then()


def sent(broker, *payloads, **options):
    """The outcomes of sending, one after the other."""

    async def main(stop):
        async with listening(broker):
            author = Author(broker.address, **options)
            return [await asyncio.wait_for(author.send(payload), DEADLINE) for payload in payloads]

    return run(main)


def test_each_event_has_a_connection_of_its_own_and_arrives_unchanged():
    broker, payloads = receiver(), [event("1"), event("2"), event("3") + b"\n<!-- after -->\n"]
    outcomes = sent(broker, *payloads)
    assert [(one.delivered, one.attempts, one.said.receipt.kind) for one in outcomes] == [
        (True, 1, "ack")
    ] * 3
    assert [packet.payload for packet in broker.packets] == payloads
    assert len(broker.peers) == 3


def test_a_nak_is_for_good():
    broker, pauses = receiver(refuse=lambda packet: "No room for this"), Pauses()
    (outcome,) = sent(broker, event("1"), pause=pauses)
    assert not outcome.delivered
    assert outcome.said.permanent
    assert outcome.said.receipt.result == "No room for this"
    assert (outcome.attempts, pauses.seconds, len(broker.peers)) == (1, [], 1)


def test_the_nak_of_a_broker_that_has_it_is_delivery():
    broker = receiver(refuse=lambda packet: "Event rejected: Previously seen by this broker")
    (outcome,) = sent(broker, event("1"))
    assert outcome.delivered
    assert outcome.said.duplicate


@pytest.mark.parametrize(
    ("session", "code"),
    [
        (lambda: Scripted(close="at once"), "vtp-lost"),
        (lambda: Scripted(close=True), "vtp-lost"),
        (lambda: Scripted(answer=b"\xff\xff\xff\xff"), "vtp-length"),
        (lambda: Scripted(answer=b"\0\0\0\x05hello"), "xml-malformed"),
        (lambda: Scripted(), "vtp-silent"),
    ],
)
def test_without_a_receipt_it_is_sent_again_and_then_given_up(session, code):
    broker, pauses = Broker(session), Pauses()
    (outcome,) = sent(broker, event("1"), attempts=4, pause=pauses, timers=Timers(receipt=0.05))
    assert isinstance(outcome.said, Undelivered)
    assert (outcome.said.error.code, outcome.said.permanent, outcome.attempts) == (code, False, 4)
    assert outcome.reached
    assert len(broker.peers) == 4
    assert len(pauses.seconds) == 3
    for seconds, longest in zip(pauses.seconds, (1, 2, 4), strict=True):
        assert longest / 2 < seconds <= longest


def test_a_broker_that_comes_back_gets_the_event():
    broker = receiver()

    async def main(stop):
        async with listening(Broker()) as gone:
            address = gone.address
        server = []

        async def comes_back():
            if not server:
                server.append(listening(broker, f"{address}"))
                await server[0].__aenter__()

        outcome = await Author(address, pause=Pauses(comes_back)).send(event("1"))
        await server[0].__aexit__(None, None, None)
        return outcome

    outcome = run(main)
    assert (outcome.delivered, outcome.attempts, outcome.reached) == (True, 2, True)
    assert [packet.payload for packet in broker.packets] == [event("1")]


def test_nobody_there_is_a_sentence():
    async def main(stop):
        async with listening(Broker()) as gone:
            address = gone.address
        return await Author(address, attempts=1).send(event("1"))

    outcome = run(main)
    assert not outcome.reached
    assert outcome.said.error.code == "vtp-unreachable"
    assert outcome.said.error.message == "The broker cannot be connected to: Connection refused."


def test_a_socket_file_is_an_address(tmp_path):
    broker = receiver()

    async def main(stop):
        async with listening(broker, f"unix:{tmp_path}/socket"):
            return await Author(broker.address).send(event("1"))

    assert isinstance(run(main).said, Delivered)


def test_what_is_larger_than_the_limit_is_not_sent():
    with pytest.raises(VTPError) as caught:
        sent(receiver(), event("1", more=" " * 1000), limit=1000)
    assert caught.value.code == "vtp-length"


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused_at_once(address):
    with pytest.raises(SettingsError):
        Author(address)


def test_tls_by_option_is_for_hosts_and_ports():
    with pytest.raises(SettingsError, match="tls:HOST:PORT"):
        Author("unix:/socket", tls=ClientTLS())
