"""What a broker has acknowledged it broadcasts, whatever happens to it in between."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from vtp_peers import DEADLINE, Listening, Wire, accepted, broker, event, eventually, going, number_of, submit

from gateway.errors import OutputError
from gateway.relay import packet_of
from gateway.transports.vtp.seen import Seen

# A broker that stops dead when it is about to broadcast, after the receipts.
STUCK = """
import asyncio, signal, sys
from pathlib import Path
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy
from gateway.relay import Relay
from gateway.transports.vtp.broker import Broker
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.seen import Seen

async def main(stop):
    relay = Relay(Policy(), Provenance(Origin.EXTERNAL))
    broker = Broker(relay, Seen(Path(sys.argv[1])), "ivo://org.example/broker")
    broker.intake._give = lambda offer: signal.pause()
    port = await broker.receive("127.0.0.1:0")
    print(port.getHost().port, flush=True)
    await stop.wait()

run(main)
"""


@going
async def test_a_kill_between_receipt_and_broadcast_loses_nothing(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK, str(folder / "seen.db"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await asyncio.wait_for(process.stdout.readline(), DEADLINE))
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    wire.send(event(1), event(2))
    for _ in range(2):
        assert b'role="ack"' in (await wire.next() or b"")
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    wire.close()

    async with broker(folder) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        assert await subscriber.events(2) == [event(1), event(2)]
        # The authors, who may have heard nothing, send them again: nobody gets them twice.
        await accepted(here, event(1))
        await accepted(here, event(3))
        assert list(map(number_of, await subscriber.events(3))) == [1, 2, 3]
        subscriber.close()

    async with broker(folder) as one:
        there = await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        one.publish(event(4))
        assert list(map(number_of, await subscriber.events(1))) == [4]
        subscriber.close()


@going
async def test_what_is_owed_goes_out_and_not_again_what_has_just_gone_out(folder: Path) -> None:
    seen = Seen(folder / "seen.db")
    seen.accept(packet_of(event(1)).digest, event(1), 0.0)
    seen.close()
    async with broker(folder, patience=DEADLINE) as one:
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there)
        await eventually(lambda: len(one.subscribers) == 1)
        one.publish(event(2))
        one.intake.turn()
        one.intake._pay()  # given, and not yet written down as done
        one._patience = 0.0
        one._arrived()
        await accepted(here, event(3))
        assert list(map(number_of, await subscriber.events(3))) == [2, 1, 3]
        subscriber.close()


@going
async def test_a_broker_that_was_stopped_knows_its_events_again(folder: Path) -> None:
    for expected in (1, 0):
        async with broker(folder) as one:
            await accepted(await one.receive("127.0.0.1:0"), event(1))
            assert one.intake.counts["accepted"] == expected


@going
async def test_when_the_disk_fails_nobody_gets_a_receipt(folder: Path) -> None:
    async with broker(folder) as one:
        here = await one.receive("127.0.0.1:0")
        await accepted(here, event(1))
        seen = one.intake.seen
        seen._db.execute("PRAGMA max_page_count = 1")  # as a full disk
        wire = await Wire.to(here)
        wire.send(event(2, text=50_000))
        assert await wire.ended()
        wire.close()
        seen._db.execute("PRAGMA max_page_count = 1073741823")
        assert [receipt.role for receipt in await submit(here, event(2, text=50_000))] == ["ack"]
        assert one.intake.counts["duplicate"] == 0


def test_a_commit_after_a_failure_keeps_nothing(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "seen.db")
    assert seen.accept(b"0" * 32, b"small", 0.0) is not None
    seen._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(OutputError) as caught:
        seen.accept(b"1" * 32, b"x" * 100_000, 0.0)
    assert caught.value.code == "output-unwritable"
    with pytest.raises(OutputError):
        seen.commit()
    seen._db.execute("PRAGMA max_page_count = 1073741823")
    assert (seen.count, list(seen.waiting())) == (0, [])
    assert seen.accept(b"0" * 32, b"small", 0.0) is not None
    seen.commit()
    assert seen.count == 1
    seen.close()
