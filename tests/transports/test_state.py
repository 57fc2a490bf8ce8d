"""What workers know together: the same contract on SQLite and on a real PostgreSQL, with several processes."""

import asyncio
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import DeliveryError, OutputError, SettingsError
from gateway.relay.message import Batch, Product
from gateway.relay.once import Once
from gateway.transports.memory import MemorySink
from gateway.transports.state import MAX_ASKED, MAX_PRUNED, SharedState

NOW = 2_000_000_000.0


def digest(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        made: str = request.getfixturevalue("postgresql")
        return made
    return f"sqlite:///{tmp_path}/state/state.db"


def test_what_is_recorded_is_known_also_to_others(url: str) -> None:
    async def main() -> None:
        one, other = SharedState(url), SharedState(url)
        every = [digest(number) for number in range(2 * MAX_ASKED + 1)]
        assert await other.known(every, NOW) == set()
        await one.record(every[1:], NOW)
        await one.record(every[1:], NOW)
        assert await other.known(every, NOW) == set(every[1:])
        assert await other.known([], NOW) == set()
        await one.record([], NOW)
        for state in (one, other, other):
            await state.close()
        again = SharedState(url)
        assert await again.known(every[:2], NOW) == {every[1]}
        await again.close()

    asyncio.run(main())


def test_what_is_old_is_not_known_and_forgotten_part_by_part(url: str) -> None:
    async def main() -> None:
        state = SharedState(url, retention=10)
        old = [digest(number) for number in range(MAX_PRUNED + 5)]
        await state.record(old, NOW)
        await state.record([digest(-1)], NOW + 5)
        assert len(await state.known(old, NOW + 9)) == len(old)
        assert await state.known([*old, digest(-1)], NOW + 10) == {digest(-1)}
        assert await state.prune(NOW + 9) == 0
        assert [await state.prune(NOW + 10) for _ in range(3)] == [MAX_PRUNED, 5, 0]
        await state.record(old[:1], NOW)
        await state.record(old[:1], NOW + 20)
        assert await state.prune(NOW + 12) == 0
        await state.close()

    asyncio.run(main())


WORKER = """
import asyncio, sys
from gateway.transports.state import SharedState
from tests.transports.test_state import NOW, digest
async def main():
    state = SharedState(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    for start in range(0, 400, 20):
        mine = [digest(number) for number in range(start, start + 40)]
        await state.record(mine if sys.argv[2] == "up" else mine[::-1], NOW)
        assert len(await state.known(mine, NOW)) == 40
        await state.prune(NOW)
    await state.close()
asyncio.run(main())
"""


def test_processes_at_the_same_time_lose_nothing(url: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, url, way],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for way in ("up", "down", "up")
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        assert [worker.wait(120) for worker in workers] == [0, 0, 0]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()

    async def main() -> None:
        state = SharedState(url)
        assert len(await state.known([digest(number) for number in range(500)], NOW)) == 420
        await state.close()

    asyncio.run(main())


def test_a_sink_gets_nothing_twice_whoever_sent_it(url: str) -> None:
    def batch(*numbers: int) -> Batch:
        return Batch(tuple(Product(b"%d" % number) for number in numbers), numbers)

    async def main() -> None:
        one, other = SharedState(url), SharedState(url)
        sinks = [MemorySink("world"), MemorySink("world"), MemorySink("other")]
        sinks[0]._never = lambda product: (
            DeliveryError("delivery-refused", "No.") if product.data == b"3" else None
        )
        first, second, third = (
            Once(sink, state, lambda: NOW) for sink, state in zip(sinks, (one, other, other), strict=True)
        )
        refused = await first.send(batch(1, 2, 3, 2))
        assert [product.data for product, _ in refused] == [b"3"]
        assert await second.send(batch(2, 3, 4)) == []
        assert await second.send(batch(1, 2)) == ()
        await third.send(batch(1))
        data = [[product.data for product in sink.products] for sink in sinks]
        # What was refused was not recorded, and each sink has its own.
        assert data == [[b"1", b"2"], [b"3", b"4"], [b"1"]]
        assert [sink.left_out for sink in (first, second, third)] == [1, 3, 0]
        sinks[0].failures = 1
        with pytest.raises(DeliveryError):
            await first.send(batch(9))
        await second.send(batch(9))
        assert sinks[1].products[-1].data == b"9"
        assert sinks[1].batches[-1].positions == (9,)
        await first.close()
        await one.close()
        await other.close()
        assert sinks[0].closed

    asyncio.run(main())


def test_a_worker_that_dies_between_sending_and_recording_sends_again(url: str) -> None:
    class Dying(SharedState):
        async def record(self, digests: object, now: float) -> None:
            raise OutputError("output-state", "The database is gone.")

    async def main() -> None:
        sink = MemorySink()
        dying, living = Dying(url), SharedState(url)
        one = Batch((Product(b"1"),))
        with pytest.raises(DeliveryError, match="The database is gone"):
            await Once(sink, dying, lambda: NOW).send(one)
        await Once(sink, living, lambda: NOW).send(one)
        assert [product.data for product in sink.products] == [b"1", b"1"]
        await dying.close()
        await living.close()

    asyncio.run(main())


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        state = SharedState(f"sqlite:///{tmp_path}/state/state.db")
        asyncio.run(state.record([digest(1)], NOW))
        assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "state").iterdir()} == {0o600}
        asyncio.run(state.close())
    finally:
        os.umask(before)


@pytest.mark.parametrize("text", ["mysql://a/b", "nonsense", "sqlite://", ""])
def test_what_is_no_database_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        SharedState(text)
    assert caught.value.code == "settings-value"


@pytest.mark.parametrize(
    "where", ["postgresql://me:secret@127.0.0.1:1/db?password=secret", "sqlite:////proc/no/a.db"]
)
def test_a_database_that_is_not_there_is_a_sentence_without_its_password(where: str) -> None:
    with pytest.raises(OutputError) as caught:
        SharedState(where)
    assert caught.value.code == "output-state"
    assert "secret" not in str(caught.value)


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "state" / "state.db"
    file.parent.mkdir(mode=0o700)
    file.write_bytes(b"no database " * 100)
    with pytest.raises(OutputError) as caught:
        SharedState(f"sqlite:///{file}")
    assert caught.value.code == "output-state"
