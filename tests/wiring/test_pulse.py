"""A configuration with a heartbeat runs: test events reach who wants them, and nobody else."""

import asyncio
import http.client
from pathlib import Path

import orjson

from gateway.codecs.voevent import decode
from gateway.config import load
from gateway.transports.vtp.loop import run
from gateway.wiring import Service, serve
from tests.relay.routes import DEADLINE

CONFIG = """
[gateway]
ivoid = "ivo://org.example/gateway"
state = "state"
[operations]
listen = "127.0.0.1:0"
[sources.pulse]
kind = "heartbeat"
[sinks]
tests = { kind = "files", directory = "tests" }
sky = { kind = "files", directory = "sky" }
dead = { kind = "files", directory = "dead" }
[[routes]]
name = "pulse"
source = "pulse"
dead_letters = "dead"
outputs = [
    { name = "tests", to = "voevent-2.0", roles = ["test"], sinks = ["tests"] },
    { name = "sky", to = "voevent-2.0", roles = ["observation"], sinks = ["sky"] },
]
"""


def test_a_heartbeat_goes_where_tests_are_wanted(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG)
    answers = {}

    def asked(address: str) -> None:
        for path in ("/readyz", "/metrics"):
            connection = http.client.HTTPConnection(address, timeout=DEADLINE)
            connection.request("GET", path)
            answers[path] = connection.getresponse().read()
            connection.close()

    async def main(stop: asyncio.Event) -> None:
        services: list[Service] = []
        running = asyncio.create_task(serve(load(file), stop, services.append))
        async with asyncio.timeout(DEADLINE):
            while not services or not services[0].metrics.value("acknowledged_total", "pulse"):
                await asyncio.sleep(0)
            (line,) = (line for line in services[0].about if line.startswith("operations "))
            await asyncio.to_thread(asked, line.split("/")[2])
            stop.set()
            await running

    run(main)
    (event,) = (tmp_path / "tests").glob("*.xml")
    assert decode(event.read_bytes()).role == "test"
    assert list((tmp_path / "sky").glob("*.xml")) == []
    assert orjson.loads(answers["/readyz"])["ready"] is True
    assert b'gateway_build_info{profile="rdo013-2025"' in answers["/metrics"]
    assert b"_created" not in answers["/metrics"]
