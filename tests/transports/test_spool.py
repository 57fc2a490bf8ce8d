"""A spool on a real disk: what it keeps, in which order, through kills and full disks; whom it refuses; its form."""

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.codecs.confluent import frame
from gateway.codecs.datum import Datum
from gateway.errors import OutputError
from gateway.model.alert import SchemaKey
from gateway.relay.delivery import Delivery
from gateway.relay.message import Batch, Product
from gateway.relay.metrics import Metrics
from gateway.schema.parse import parse_schema
from gateway.schema.registry import get
from gateway.transports.memory import MemorySink
from gateway.transports.spool import MAX_EMPTY, SpoolFile
from tests.relay.routes import at_once, until

ALL = Product(
    b"\0data\xff", "name", ".avro", "ivo://a.b/c#1", "test", None, b"\0key", (("a", b"\xff"), ("a", b"")), 1.5
)


def batch(number: int, size: int = 10) -> Batch:
    return Batch((Product(b"%06d" % number + bytes(size)),), (number,))


def number_of(one: Batch) -> int:
    return int(one.products[0].data[:6])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "world.spool"


def spool(file: Path, **options: int) -> SpoolFile:
    return SpoolFile(file, "public", "rdo013-2025 1234", **{"reserve": 0, **options})


async def emptied(one: SpoolFile) -> list[int]:
    numbers = []
    while one.count:
        numbers.append(number_of(await one.first()))
        await one.drop()
    return numbers


def test_what_is_kept_comes_back_whole_in_order_and_in_the_next_run(file: Path) -> None:
    whole = Batch((ALL, Product(b"", datum=None)), (1, 2))

    async def first() -> None:
        one = spool(file)
        assert await one.put(whole)
        assert await one.put(batch(1))
        assert (one.count, one.bytes) == (2, whole.size + batch(1).size)
        await one.close()
        await one.close()

    async def second() -> None:
        one = spool(file)
        assert (one.count, one.bytes) == (2, whole.size + batch(1).size)
        assert await one.first() == Batch(whole.products)
        await one.drop()
        assert await one.put(batch(2))
        assert await emptied(one) == [1, 2]
        assert (one.count, one.bytes) == (0, 0)
        await one.close()

    asyncio.run(first())
    asyncio.run(second())


@pytest.mark.parametrize("framed", [True, False])
@pytest.mark.parametrize("released", [True, False])
def test_an_avro_product_comes_back_with_its_schema(file: Path, framed: bool, released: bool) -> None:
    key = SchemaKey("lsst", 10, 0)
    schema = (
        get(key)
        if released
        else parse_schema({"type": "record", "name": "a", "fields": [{"name": "b", "type": "int"}]})
    )
    datum = Datum(schema, b"datum", None if framed else "deflate")
    data = frame(schema, datum.payload) if framed and released else b"datum" if framed else b"other"

    async def main() -> None:
        one = spool(file)
        assert await one.put(Batch((Product(data, "a", ".avro", datum=datum),)))
        await one.close()
        one = spool(file)
        (product,) = (await one.first()).products
        await one.close()
        assert product.datum is not None
        assert (product.data, product.datum.payload, product.datum.codec) == (data, b"datum", datum.codec)
        assert (product.datum.schema.sha256, product.datum.schema.key) == (schema.sha256, schema.key)

    asyncio.run(main())


def test_its_files_are_its_owners_alone(file: Path) -> None:
    before = os.umask(0)
    try:
        one = spool(file)
        asyncio.run(one.put(batch(1)))
        assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert len(list(file.parent.iterdir())) == 2
        asyncio.run(one.close())
    finally:
        os.umask(before)
    file.parent.chmod(0o750)
    with pytest.raises(OutputError) as caught:
        spool(file)
    assert caught.value.code == "output-open"


SECOND = "import sys; from tests.transports.test_spool import *; spool(Path(sys.argv[1]))"


def here() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def test_one_process_has_it(file: Path) -> None:
    one = spool(file)
    other = subprocess.run(
        [sys.executable, "-c", SECOND, file], capture_output=True, text=True, timeout=60, env=here()
    )
    assert "Another process has" in other.stderr
    with pytest.raises(OutputError) as caught:
        spool(file)
    assert caught.value.code == "output-locked"
    asyncio.run(one.close())
    asyncio.run(spool(file).close())


def test_a_spool_of_others_is_refused_until_it_is_empty(file: Path) -> None:
    one = spool(file)
    asyncio.run(one.put(batch(1)))
    asyncio.run(one.close())
    for audience, profile in (("rights:dp1", "rdo013-2025 1234"), ("public", "strict 5678")):
        with pytest.raises(OutputError, match="released to public under rdo013-2025 1234") as caught:
            SpoolFile(file, audience, profile)
        assert caught.value.code == "output-label"
    one = spool(file)
    asyncio.run(one.drop())
    asyncio.run(one.close())
    assert b"000001" in file.read_bytes()
    asyncio.run(SpoolFile(file, "rights:dp1", "strict 5678").close())
    assert b"000001" not in file.read_bytes()
    one = SpoolFile(file, "rights:dp1", "strict 5678")
    asyncio.run(one.put(batch(1)))
    asyncio.run(one.close())
    with pytest.raises(OutputError):
        spool(file)


def test_what_is_no_spool_is_refused(file: Path) -> None:
    asyncio.run(spool(file).close())
    database = sqlite3.connect(file)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(OutputError, match="another version of this program"):
        spool(file)
    file.write_bytes(b"no database " * 100)
    with pytest.raises(OutputError) as caught:
        spool(file)
    assert caught.value.code == "output-unwritable"


def test_it_is_readable_without_this_program(file: Path) -> None:
    one = spool(file)
    asyncio.run(one.put(Batch((ALL,))))
    asyncio.run(one.close())
    database = sqlite3.connect(file)
    about = dict(database.execute("SELECT name, value FROM about"))
    columns = "data, stem, suffix, ivorn, role, key, headers, time"
    (row,) = database.execute(f"SELECT {columns} FROM product").fetchall()
    database.close()
    assert about == {"audience": "public", "profile": "rdo013-2025 1234"}
    assert row == (ALL.data, "name", ".avro", ALL.ivorn, "test", ALL.key, '[["a","/w=="],["a",""]]', 1.5)


def test_there_is_room_up_to_the_limit_and_as_long_as_the_disk_has_some_left(file: Path) -> None:
    async def main() -> None:
        one = spool(file, limit=2 * batch(0).size)
        assert [await one.put(batch(number)) for number in range(3)] == [True, True, False]
        await one.drop()
        assert await one.put(batch(3))
        assert await emptied(one) == [1, 3]
        await one.close()
        one = spool(file, reserve=2**62)
        assert not await one.put(batch(4))
        await one.close()

    asyncio.run(main())


def used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_an_empty_spool_gives_its_room_back(file: Path) -> None:
    async def main() -> None:
        one = spool(file)
        for number in range(3):
            assert await one.put(batch(number, MAX_EMPTY // 2))
        assert used(file.parent) > MAX_EMPTY
        await emptied(one)
        assert used(file.parent) < 2**20
        assert await one.put(batch(9))
        await one.close()
        one = spool(file)
        assert await emptied(one) == [9]
        await one.close()

    asyncio.run(main())


def test_what_could_not_be_written_down_is_written_with_the_next(file: Path) -> None:
    async def main() -> None:
        one = spool(file)
        for number in range(4):
            assert await one.put(batch(number))
        one._db.execute("PRAGMA query_only = 1")
        await one.drop()
        assert (one.count, number_of(await one.first())) == (3, 1)
        one._db.execute("PRAGMA query_only = 0")
        await one.drop()
        assert one._db.execute("SELECT DISTINCT batch FROM product").fetchall() == [(3,), (4,)]
        await one.close()
        one = spool(file)
        assert await emptied(one) == [2, 3]
        await one.close()

    asyncio.run(main())


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.transports.test_spool import batch, spool
async def main():
    one, number = spool(Path(sys.argv[1])), 0
    while True:
        assert await one.put(batch(number))
        if number % 3 == 2:
            await one.drop()
        print(number, flush=True)
        number += 1
asyncio.run(main())
"""


def test_what_it_said_to_have_it_has_after_a_kill(file: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, file], stdout=subprocess.PIPE, text=True, env=here()
    ) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(50)]
        child.send_signal(signal.SIGKILL)
        said += [int(line) for line in child.stdout]
    assert child.returncode == -signal.SIGKILL
    one = spool(file)
    had = asyncio.run(emptied(one))
    asyncio.run(one.close())
    dropped = len(said) // 3
    # One more may be there, put and not yet said; and one more may be gone.
    assert set(range(dropped + 1, len(said))) <= set(had) <= set(range(dropped, len(said) + 1))
    assert had == sorted(had)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB, which only root can have."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root, where it may mount, can have a disk that is full")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize


async def fill(one: SpoolFile) -> int:
    """How many batches were kept when the disk failed."""

    async def forever() -> None:
        while await one.put(batch(one.count, 50_000)):
            pass

    with pytest.raises(OutputError, match=r"disk.*output-unwritable"):
        await forever()
    return one.count


def test_a_full_disk_is_a_sentence_and_what_is_there_stays(small_disk: Path) -> None:
    file = small_disk / "world.spool"

    async def main() -> None:
        one = spool(file, reserve=-(2**40))
        kept = await fill(one)
        assert kept > 10
        await one.close()
        one = spool(file)
        assert (one.count, number_of(await one.first())) == (kept, 0)
        await one.close()

    asyncio.run(main())


def test_what_is_taken_from_a_disk_without_any_room_does_not_come_again(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = small_disk / "world.spool"

    async def main() -> None:
        one = spool(file, reserve=-(2**40))
        kept = await fill(one)
        (small_disk / "other").write_bytes(bytes(free(small_disk)))
        assert await emptied(one) == list(range(kept))
        assert "may be sent again" in caplog.text
        await one.close()
        one = spool(file)
        assert one.count == 0
        assert await one.put(batch(1))
        assert await emptied(one) == [1]
        await one.close()

    asyncio.run(main())


def test_a_route_waits_for_a_full_disk_and_loses_nothing(small_disk: Path) -> None:
    async def main() -> None:
        sink, accepted = MemorySink(failures=float("inf")), []
        one = spool(small_disk / "a.spool", reserve=-(2**40))
        made = Delivery(sink, never, Metrics(), spool=one, limit=300_000, pause=at_once)

        async def bring() -> None:
            for number in range(60):
                await made.put(batch(number, 100_000), lambda: accepted.append(1))

        tries = []
        spilling = made._spill

        async def spill() -> bool:
            tries.append(await spilling())
            return tries[-1]

        made._spill = spill
        delivering, bringing = asyncio.create_task(made.run()), asyncio.create_task(bring())
        await until(lambda: False in tries)
        assert not bringing.done()
        assert one.count > 10
        sink.failures = 0
        await bringing
        await until(lambda: len(sink.products) == len(accepted) == 60)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        await made.close()
        assert [number_of(one) for one in sink.batches] == list(range(60))

    asyncio.run(main())


async def never(one: object) -> None:
    raise AssertionError(one)


LIMITED = """
import asyncio, resource, signal, sys
from pathlib import Path
from tests.transports.test_spool import emptied, fill, spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
async def main():
    one = spool(Path(sys.argv[1]))
    kept = await fill(one)
    print(kept, await emptied(one) == list(range(kept)))
    await one.close()
asyncio.run(main())
"""


def test_a_file_that_may_not_grow_is_a_full_disk(file: Path) -> None:
    """For those who are not root, too."""
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, file], capture_output=True, text=True, env=here(), timeout=60
    )
    assert child.returncode == 0, child.stderr
    kept, rest = child.stdout.split()
    assert rest == "True"
    assert int(kept) > 5
