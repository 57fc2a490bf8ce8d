"""Addresses: which are read, what each listens on, and that nothing but loopback is the default."""

import asyncio
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
