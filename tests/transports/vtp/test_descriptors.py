"""How many connections there can be with the descriptors that the system grants, and what happens when they run out."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from vtp_peers import DEADLINE, Wire, event, going

from gateway.transports.vtp.descriptors import MAX_OTHERS

AFFORDABLE = """
import json, logging, resource, sys
from gateway.errors import SettingsError
from gateway.transports.vtp.descriptors import affordable

soft, hard, connections, each = map(int, sys.argv[1:])
logging.basicConfig(format="%(levelname)s %(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
try:
    can = affordable(connections, each)
except SettingsError as error:
    can = str(error)
print(json.dumps([can, resource.getrlimit(resource.RLIMIT_NOFILE)[0]]))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "each", "can", "then", "said"),
    [
        (256, 256, 96, 2, 96, 256, False),  # just enough
        (256, 4096, 1000, 2, 1000, 2064, False),  # the soft limit is raised, as far as needed
        (256, 1024, 1000, 2, 480, 1024, True),  # and no further than the hard one
        (256, 1024, 1000, 3, 320, 1024, True),
        (1024, 1024, 100, 2, 100, 1024, False),  # and never lowered
    ],
)
def test_limits_are_raised_as_far_as_needed_and_what_does_not_fit_is_said(
    soft: int, hard: int, connections: int, each: int, can: int, then: int, said: bool
) -> None:
    command = [sys.executable, "-c", AFFORDABLE, *map(str, (soft, hard, connections, each))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert json.loads(done.stdout) == [can, then]
    message = f"WARNING only {can} connections of each role can be served and not {connections}: "
    assert (message in done.stderr) is said


def test_too_few_for_anything_is_an_error() -> None:
    command = [sys.executable, "-c", AFFORDABLE, str(MAX_OTHERS), str(MAX_OTHERS), "10", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    can, _ = json.loads(done.stdout)
    assert "too few for any connection" in can
    assert "[settings-value]" in can


# A broker that is configured for more than there are descriptors, so that accept() fails.
GREEDY = """
import asyncio, resource, sys
from pathlib import Path
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.relay import Relay
from gateway.transports.vtp.broker import Broker, Limits
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.seen import Seen

async def main(stop):
    relay = Relay(Policy(), Provenance(Origin.EXTERNAL))
    limits = Limits(1000, 1000)
    broker = Broker(relay, Seen(Path(sys.argv[1])), "ivo://org.example/broker", limits=limits)
    ports = [await broker.receive("127.0.0.1:0"), await broker.broadcast("127.0.0.1:0")]
    resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
    print(*(port.getHost().port for port in ports), flush=True)
    await stop.wait()
    await broker.stop()

run(main)
"""


class Port:
    """As much of a port as `vtp_peers` asks for."""

    def __init__(self, number: bytes) -> None:
        self.host, self.port = "127.0.0.1", int(number)

    def getHost(self) -> "Port":
        return self


@going
async def test_a_broker_without_descriptors_lets_go_who_comes_and_serves_again_later(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GREEDY, str(folder / "seen.db"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
    here, there = map(Port, line.split())
    wires = [await Wire.to(there) for _ in range(100)]
    # Every one is answered, with a question or with the end: nobody is left in the queue of the system, at which the
    # loop would look again and again.
    said = [await _answer(wire) for wire in wires]
    assert 10 < sum(map(bool, said)) < 50
    for wire in wires:
        wire.close()
    for number in range(3):
        said = [b""]
        while b'role="ack"' not in said[-1]:  # until the broker has noticed who is gone
            author = await Wire.to(here)
            said.append(await _answer(author, event(number)))
            author.close()
    process.terminate()
    assert await asyncio.wait_for(process.wait(), DEADLINE) == 0


async def _answer(wire: Wire, *payloads: bytes) -> bytes:
    """The first word of the broker, nothing when it hangs up."""
    try:
        wire.send(*payloads)
        return await wire.next() or b""
    except ConnectionError:
        return b""
