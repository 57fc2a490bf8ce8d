"""Peers that ask and ask and never read an answer do not fill our memory."""

import asyncio
import socket
from pathlib import Path

from vtp_peers import LOCAL, Wire, broker, event, eventually, going

from gateway.transports.vtp.endpoints import client
from gateway.transports.vtp.link import Link, connect
from gateway.vtp import Subscriber, Transport, frame
from gateway.vtp.events import Event
from gateway.vtp.timers import Timers
from gateway.vtp.transport import write

SMALL = 4096
"""Bytes that a system keeps for such a peer."""


@going
async def test_an_author_that_reads_no_receipt(folder: Path) -> None:
    """Each of its messages ends with the first byte of the next event, so that nobody hangs up."""
    refused, at_once, times = frame(event(1).replace(b"<Who>", b'<Who role="x">')), 10, 200
    async with broker(folder, timers=Timers(frame=1)) as one:
        wire = await Wire.deaf(await one.receive("127.0.0.1:0"))
        await eventually(lambda: len(one._peers) == 1)
        for peer in one._peers:
            peer.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        stream, cut = refused * (at_once * times + 1), 0
        for count in range(times):
            end = (count + 1) * at_once * len(refused) + 1
            wire.writer.write(stream[cut:end])
            cut, wanted = end, (count + 1) * at_once
            await eventually(lambda wanted=wanted: one.intake.counts["refused"] >= wanted or not one._peers)
        assert not one._peers
        assert 100 < one.intake.counts["refused"] < at_once * times // 2
        wire.close()


@going
async def test_a_subscriber_that_asks_for_filters_and_reads_nothing(folder: Path) -> None:
    async with broker(folder) as one:
        wire = await Wire.deaf(await one.broadcast("127.0.0.1:0"))
        await eventually(lambda: len(one.subscribers) == 1)
        asking = [
            write(Transport("authenticate", LOCAL, "", params=(("xpath-filter", "(" * count),)))
            for count in (1, 2)
        ]
        wire.send(*asking * 4000)
        await eventually(lambda: len(one.subscribers) == 0)
        wire.close()


@going
async def test_a_broker_that_asks_for_signs_of_life_and_reads_none(folder: Path) -> None:
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    own.bind(("127.0.0.1", 0))
    own.listen()
    own.setblocking(False)
    count = 40_000
    heard: list[Event] = []
    link = Link(Subscriber("ivo://org.example/me", timers=Timers(idle=1)), heard.append)
    connected = asyncio.create_task(connect(client(f"127.0.0.1:{own.getsockname()[1]}"), link))
    peer, _ = await asyncio.get_running_loop().sock_accept(own)
    own.close()
    await connected
    link.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    _, writer = await asyncio.open_connection(sock=peer, limit=1)
    writer.transport.pause_reading()
    writer.write(frame(write(Transport("iamalive", LOCAL, ""))) * count)
    error = await link.over
    assert error is not None
    assert error.code == "vtp-silent"
    assert len(heard) < count // 2
    writer.transport.abort()
