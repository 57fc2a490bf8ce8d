"""Files and folders as a source: each item once, in order, and in the next run what was not acknowledged."""

import asyncio
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alerts import simulated
from cli_runs import packed

from gateway.errors import OutputError
from gateway.model.provenance import Origin
from gateway.model.rejected import Rejected
from gateway.relay.message import Message
from gateway.transports.files import Declared
from gateway.transports.taken import Taken
from gateway.transports.watched import FileSource

DECLARED = Declared(Origin.ALERT, Origin.EXTERNAL)
DEADLINE = 30


def source(tmp_path: Path, *paths: Path | str, record: bool = True, **options) -> FileSource:
    taken = Taken(tmp_path / "state/taken.db") if record else None
    return FileSource("files", map(str, paths), DECLARED, taken=taken, **options)


async def take(
    one: FileSource, until: Callable[[list[Message]], bool] = lambda found: False, ack: int | None = None
) -> list[Message]:
    """What it gives, until it ends or a condition holds; so many of these are acknowledged."""
    found: list[Message] = []
    async with asyncio.timeout(DEADLINE):
        async for messages in one.batches():
            found += messages
            if until(found):
                one.stop()
    one.ack([message.position for message in found[:ack]])
    await one.close()
    return found


def run(one: FileSource, **options) -> list[Message]:
    return asyncio.run(take(one, **options))


def names(found: list[Message]) -> list[str]:
    return [Path(message.name).name for message in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "alerts"
    made.mkdir(mode=0o755)
    (made / "a.avro").write_bytes(packed(simulated(count=5)))
    (made / "b.xml").write_bytes(b"<voe/>")
    (made / "c.bin").write_bytes(b"nothing known")
    return made


@pytest.fixture(autouse=True)
def private(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)


ALL = [*(f"a.avro[{number}]" for number in range(5)), "b.xml", "c.bin"]


def test_all_that_is_there_comes_once_opened_and_in_order(tmp_path: Path, folder: Path) -> None:
    found = run(source(tmp_path, folder, watch=False))
    assert names(found) == ALL
    assert [message.data for message in found[:5]] == [alert.payload for alert in simulated(count=5)]
    assert isinstance(found[-1].item, Rejected)
    assert found[0].item.provenance.origin is Origin.ALERT
    assert run(source(tmp_path, folder, watch=False)) == []


@pytest.mark.parametrize("acknowledged", [0, 1, 3, 5, 6])
def test_the_next_run_goes_on_after_what_was_acknowledged(
    tmp_path: Path, folder: Path, acknowledged: int
) -> None:
    run(source(tmp_path, folder, watch=False), ack=acknowledged)
    assert names(run(source(tmp_path, folder, watch=False))) == ALL[acknowledged:]


def test_a_file_that_has_changed_is_another_one(tmp_path: Path, folder: Path) -> None:
    run(source(tmp_path, folder, watch=False), ack=3)
    (folder / "a.avro").write_bytes(packed(simulated(count=2)))
    (folder / "b.xml").unlink()
    assert names(run(source(tmp_path, folder, watch=False))) == ["a.avro[0]", "a.avro[1]", "c.bin"]


def test_without_a_record_nothing_is_remembered(tmp_path: Path, folder: Path) -> None:
    for _ in range(2):
        assert names(run(source(tmp_path, folder, record=False, watch=False))) == ALL


def test_a_folder_is_watched_and_what_is_gone_is_forgotten(tmp_path: Path, folder: Path) -> None:
    async def main() -> None:
        one = source(tmp_path, folder)
        found: list[Message] = []
        async with asyncio.timeout(DEADLINE):
            async for messages in one.batches():
                found += messages
                one.ack([message.position for message in messages])
                if names(found) == ALL:
                    (folder / "b.xml").unlink()
                    (tmp_path / "new").write_bytes(b"<new/>")
                    os.rename(tmp_path / "new", folder / "new.xml")
                if names(found)[-1] == "new.xml":
                    one.stop()
        await one.close()
        assert names(found) == [*ALL, "new.xml"]

    asyncio.run(main())
    record = Taken(tmp_path / "state/taken.db")
    assert sorted(Path(path).name for path in record.known) == ["a.avro", "c.bin", "new.xml"]
    record.close()


def test_it_reads_little_ahead_of_what_is_asked_for(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.xml").write_bytes(b"<e>" + bytes(2**20))
    reading: list[str] = []

    class Noting(FileSource):
        def _found(self, path: str):
            reading.append(path)
            return super()._found(path)

    async def main() -> None:
        one = Noting("files", [str(path) for path in sorted(tmp_path.glob("*.xml"))], DECLARED)
        batches = one.batches()
        await anext(batches)
        taken = len(reading)
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(reading) <= taken + 6
        await one.close()

    asyncio.run(main())


def test_two_programs_do_not_share_a_record(tmp_path: Path) -> None:
    first = Taken(tmp_path / "state/taken.db")
    with pytest.raises(OutputError) as caught:
        Taken(tmp_path / "state/taken.db")
    assert caught.value.code == "output-locked"
    first.close()


def test_standard_input_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(packed(simulated(count=3)))

    monkeypatch.setattr(sys, "stdin", Input)
    assert names(run(source(tmp_path, "-"))) == ["-[0]", "-[1]", "-[2]"]


def test_what_goes_wrong_in_the_thread_is_raised(tmp_path: Path, folder: Path) -> None:
    class Broken(FileSource):
        def _found(self, path: str):
            raise MemoryError

    async def main() -> None:
        with pytest.raises(MemoryError):
            await take(Broken("files", [str(folder)], DECLARED))

    asyncio.run(main())
