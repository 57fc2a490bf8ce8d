"""Addresses: which are read, what each listens on, and that nothing but loopback is the default."""

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest
from twisted.internet.protocol import Factory, Protocol

from gateway.errors import SettingsError
from gateway.transports.vtp.endpoints import client, listen, server
from gateway.transports.vtp.loop import run, wait


class Greeting(Protocol):
    def connectionMade(self) -> None:
        self.transport.write(b"hello")


class Hearing(Protocol):
    def __init__(self) -> None:
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def dataReceived(self, data: bytes) -> None:
        self.heard.set_result(data)


def host_of(address: str) -> str:
    async def main(stop: asyncio.Event) -> str:
        port = await listen(address, Factory.forProtocol(Greeting))
        host = port.getHost().host
        await wait(port.stopListening())
        return host

    return run(main)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1:0", "127.0.0.1"),
        (":0", "127.0.0.1"),
        ("localhost:0", "127.0.0.1"),
        ("[::1]:0", "::1"),
        ("0.0.0.0:0", "0.0.0.0"),
        ("[::]:0", "::"),
        ("tcp:0", "127.0.0.1"),
        ("tcp:port=0", "127.0.0.1"),
        ("tcp:0:0.0.0.0", "0.0.0.0"),
        ("tcp:0:interface=0.0.0.0", "0.0.0.0"),
        ("tcp6:0", "::1"),
        (r"tcp6:0:interface=\:\:", "::"),
        ("haproxy:tcp:0", "127.0.0.1"),
        ("haproxy:tcp:0:interface=0.0.0.0", "0.0.0.0"),
    ],
)
def test_listens_on_this_machine_unless_told_otherwise(address: str, host: str) -> None:
    assert host_of(address) == host


def test_a_socket_file_is_for_its_owner(tmp_path: Path) -> None:
    async def main(stop: asyncio.Event) -> list[int]:
        modes = []
        for address in (f"unix:{tmp_path}/a", f"unix:{tmp_path}/b:mode=660"):
            port = await listen(address, Factory.forProtocol(Greeting))
            modes.append(stat.S_IMODE((tmp_path / address[-10:].split("/")[-1][0]).stat().st_mode))
            await wait(port.stopListening())
        return modes

    assert run(main) == [0o600, 0o660]


@pytest.mark.parametrize("owner", [os.getpid(), os.getppid()])
def test_a_socket_file_of_a_dead_program_is_replaced(owner: int, tmp_path: Path) -> None:
    """The number that its lock names is another's by now: in containers it is often our own."""

    async def main(stop: asyncio.Event) -> None:
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(f"{tmp_path}/socket")
        os.symlink(str(owner), tmp_path / "socket.lock")
        port = await listen(f"unix:{tmp_path}/socket", Factory.forProtocol(Greeting))
        with pytest.raises(SettingsError):  # and that of a living one is not
            await listen(f"unix:{tmp_path}/socket", Factory.forProtocol(Greeting))
        await wait(port.stopListening())

    run(main)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    async def main(stop: asyncio.Event) -> None:
        (tmp_path / "file").write_text("mine")
        os.symlink(str(os.getpid()), tmp_path / "file.lock")
        with pytest.raises(SettingsError):
            await listen(f"unix:{tmp_path}/file", Factory.forProtocol(Greeting))

    run(main)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("here", ["127.0.0.1:0", "[::1]:0", "unix"])
def test_who_listens_is_connected_to(here: str, tmp_path: Path) -> None:
    async def main(stop: asyncio.Event) -> bytes:
        address = f"unix:{tmp_path}/socket" if here == "unix" else here
        port = await listen(address, Factory.forProtocol(Greeting))
        host = port.getHost()
        to = address if here == "unix" else here.replace(":0", f":{host.port}")
        hearing = await wait(client(to).connect(Factory.forProtocol(Hearing)))
        heard = await asyncio.wait_for(hearing.heard, 20)
        hearing.transport.loseConnection()
        await wait(port.stopListening())
        return heard

    assert run(main) == b"hello"


@pytest.mark.parametrize(
    "address", ["", "8099", "nowhere:8099", "127.0.0.1:99999", "carrier-pigeon:8099:x", "tcp:x"]
)
def test_what_is_no_address_to_listen_on_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1:8099|65535") as caught:
        server(address)
    assert caught.value.code == "settings-value"


@pytest.mark.parametrize("address", ["", "8099", "127.0.0.1:99999", "carrier-pigeon:8099:x"])
def test_what_is_no_address_to_connect_to_is_refused(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        client(address)
    assert caught.value.code == "settings-value"


def test_an_address_that_is_taken_is_a_sentence() -> None:
    async def main(stop: asyncio.Event) -> None:
        port = await listen("127.0.0.1:0", Factory.forProtocol(Greeting))
        try:
            await listen(f"127.0.0.1:{port.getHost().port}", Factory.forProtocol(Greeting))
        finally:
            await wait(port.stopListening())

    with pytest.raises(SettingsError, match="already in use") as caught:
        run(main)
    assert caught.value.code == "settings-address"
