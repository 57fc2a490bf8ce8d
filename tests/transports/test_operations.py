"""The operations server, asked by a real client: pages, readiness, and what it does not listen to."""

import asyncio
import http.client
from collections.abc import Awaitable, Callable
from contextlib import suppress

import orjson
import pytest

from gateway.errors import SettingsError
from gateway.relay.delivery import Trouble
from gateway.relay.status import MAX_FAILING
from gateway.transports.operations import MAX_CONNECTIONS, Operations
from gateway.transports.vtp.loop import run
from tests.relay.routes import DEADLINE, until
from tests.relay.test_gateway_status import Clock, Rig, stage

Answer = tuple[int, dict[str, str], bytes]


def serving(test: Callable[[str, Rig, Clock], Awaitable[None]]) -> Callable[[], None]:
    """Run a test beside a server; it gets its address."""

    async def main(stop: asyncio.Event) -> None:
        rig, status, clock = stage()
        operations = Operations("127.0.0.1:0", status)
        address = await operations.start()
        try:
            async with asyncio.timeout(DEADLINE):
                await test(address, rig, clock)
        finally:
            await operations.close()
            await operations.close()

    def made() -> None:
        run(main)

    made.__name__ = test.__name__
    return made


async def ask(address: str, path: str, method: str = "GET", body: bytes | None = None) -> Answer:
    def do() -> Answer:
        connection = http.client.HTTPConnection(address, timeout=DEADLINE)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    return await asyncio.to_thread(do)


@serving
async def test_it_is_alive(address: str, rig: Rig, clock: Clock) -> None:
    code, headers, body = await ask(address, "/healthz")
    assert (code, orjson.loads(body)) == (200, {"alive": True})
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
    assert "server" not in headers
    code, headers, body = await ask(address, "/healthz", "HEAD")
    assert (code, body) == (200, b"")


@serving
async def test_it_is_ready_or_says_why_not(address: str, rig: Rig, clock: Clock) -> None:
    code, _, body = await ask(address, "/readyz")
    assert (code, orjson.loads(body)) == (200, {"ready": True, "reasons": []})
    rig.deliveries[0].trouble = Trouble("delivery-failed", clock.now)
    clock.now += MAX_FAILING
    code, _, body = await ask(address, "/readyz")
    assert code == 503
    assert [one["code"] for one in orjson.loads(body)["reasons"]] == ["delivery-failed"]


@serving
async def test_prometheus_reads_its_metrics(address: str, rig: Rig, clock: Clock) -> None:
    rig.metrics.add("messages_total", 3, "route")
    code, headers, body = await ask(address, "/metrics")
    assert code == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert b'gateway_messages_total{route="route"} 3.0\n' in body


@serving
async def test_its_status_is_json(address: str, rig: Rig, clock: Clock) -> None:
    code, _, body = await ask(address, "/status?anything=1")
    assert (code, orjson.loads(body)["version"]) == (200, "1.2.3")


@serving
async def test_there_is_nothing_else(address: str, rig: Rig, clock: Clock) -> None:
    for path in ("/", "/status/", "/status/..%2f..%2fetc", "/metrics/a", "/favicon.ico"):
        assert (await ask(address, path))[0] == 404, path
    assert (await ask(address, "/status", "POST"))[0] == 405
    assert (await ask(address, "/status", "DELETE"))[0] == 405


@serving
async def test_who_sends_too_much_is_let_go(address: str, rig: Rig, clock: Clock) -> None:
    for request in (
        b"GET /status HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /" + b"a" * 20_000,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5_000,
        b"\x16\x03\x01\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(request)
        with suppress(ConnectionError):
            assert b" 200 " not in await reader.read()
        writer.close()
    assert (await ask(address, "/healthz"))[0] == 200


@serving
async def test_there_are_so_many_connections_and_no_more(address: str, rig: Rig, clock: Clock) -> None:
    peers = [await asyncio.open_connection(*address.split(":")) for _ in range(MAX_CONNECTIONS)]
    reader, writer = await asyncio.open_connection(*address.split(":"))
    assert await reader.read() == b""
    writer.close()
    for _, other in peers:
        other.close()

    async def again() -> int:
        try:
            return (await ask(address, "/healthz"))[0]
        except (ConnectionError, http.client.HTTPException):
            return 0

    while await again() != 200:
        await asyncio.sleep(0)


def test_an_address_that_is_taken_is_a_sentence() -> None:
    async def main(stop: asyncio.Event) -> None:
        _, status, _ = stage()
        one = Operations("127.0.0.1:0", status)
        other = Operations(await one.start(), status)
        with pytest.raises(SettingsError) as caught:
            await other.start()
        assert caught.value.code == "settings-address"
        await one.close()

    run(main)


def test_nobody_is_connected_when_it_is_closed() -> None:
    async def main(stop: asyncio.Event) -> None:
        _, status, _ = stage()
        operations = Operations("127.0.0.1:0", status)
        reader, writer = await asyncio.open_connection(*(await operations.start()).split(":"))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: bool(operations._site.protocols))
        await reader.readline()
        await operations.close()
        with suppress(ConnectionError):
            async with asyncio.timeout(DEADLINE):  # before the server's own patience ends
                await reader.read()
        writer.close()

    run(main)
