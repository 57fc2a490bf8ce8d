"""A folder of containers: what was accepted is in one of them, whatever became of the program."""

import asyncio
import io
import resource
import struct
from itertools import chain
from pathlib import Path

import pytest
from alerts import changed, simulated
from strategies import zigzag

from gateway.codecs import container
from gateway.codecs.datum import Datum
from gateway.errors import DeliveryError, OutputError
from gateway.model.alert import Alert
from gateway.relay.message import Batch, Product
from gateway.transports import rotating
from gateway.transports.night import label
from gateway.transports.rotating import RotatingSink

ALERTS = simulated("lsst/11.0", count=6)
ZTF = simulated("ztf/4.02", count=2)


def product(alert: Alert) -> Product:
    return Product(
        alert.payload, "alert", ".avro", datum=Datum(alert.schema, alert.payload, "deflate"), time=1.0
    )


def send(sink: RotatingSink, *batches: tuple[Alert, ...], close: bool = True) -> None:
    async def main() -> None:
        for batch in batches:
            assert not await sink.send(Batch(tuple(map(product, batch))))
        if close:
            await sink.close()
        elif sink._timer is not None:
            sink._timer.cancel()

    asyncio.run(main())


def abandon(sink: RotatingSink) -> None:
    """What `kill -9` leaves: descriptors are closed by the system, and nothing else is done."""
    sink._thread.shutdown()
    for one in sink._growing.values():
        one.file.close()
    sink._unlock()


def found(folder: Path) -> dict[str, list[bytes]]:
    return {
        path.name: [alert.payload for alert in container.read(io.BytesIO(path.read_bytes()))]
        for path in sorted(folder.iterdir())
    }


def payloads(*alerts: Alert) -> list[bytes]:
    return [alert.payload for alert in alerts]


@pytest.mark.parametrize("codec", ["null", "zstandard"])
@pytest.mark.parametrize("sync", [False, True])
def test_a_visit_is_a_container_of_each_schema(tmp_path: Path, codec: str, sync: bool) -> None:
    sink = RotatingSink("archive", tmp_path, per="visit", codec=codec, sync=sync)
    send(sink, ALERTS[:4], ZTF, ALERTS[4:])
    there = found(tmp_path)
    lsst, ztf = sorted(there)
    assert lsst.startswith("lsst-11.0-visit-7")
    assert ztf.startswith("ztf-4.02-visit-20")
    assert there[lsst] == payloads(*ALERTS)
    assert there[ztf] == payloads(*ZTF)


def test_a_night_is_from_noon_to_noon() -> None:
    (alert, *_) = ALERTS
    for mjd, night in ((61369.499, "20261124"), (61369.501, "20261125"), (61370.4, "20261125")):
        moved = changed(alert, diaSource__midpointMjdTai=struct.pack("<d", mjd))
        assert label(Datum(moved.schema, moved.payload), 0.0, "night") == night
    assert label(None, 1_795_600_000.0, "night") == "20261124"
    for nonsense in (1e300, float("nan")):
        odd = changed(alert, diaSource__midpointMjdTai=struct.pack("<d", nonsense))
        assert label(Datum(odd.schema, odd.payload), 0.0, "night") == "19691231"


def test_what_was_accepted_outlives_a_kill(tmp_path: Path) -> None:
    sink = RotatingSink("archive", tmp_path, per="visit")
    send(sink, ALERTS[:3], ALERTS[3:5], close=False)
    (part,) = tmp_path.iterdir()
    assert part.name.endswith(".avro.part")
    abandon(sink)
    with part.open("ab") as file:
        file.write(b"\x0a\xff half of a block")  # what was not accepted, and torn
    send(RotatingSink("archive", tmp_path, per="visit"), ALERTS[3:])
    first, second = (found(tmp_path)[name] for name in sorted(found(tmp_path), key=len))
    assert first == payloads(*ALERTS[:5])
    assert second == payloads(*ALERTS[3:])


def test_what_was_cut_off_in_its_head_had_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / ".x.avro.part").write_bytes(b"Obj\x01\x04")
    send(RotatingSink("archive", tmp_path), ALERTS[:1])
    assert list(found(tmp_path).values()) == [payloads(ALERTS[0])]


def test_a_long_one_is_complete_and_the_next_has_a_number(tmp_path: Path) -> None:
    send(RotatingSink("archive", tmp_path, per="visit", size=1), ALERTS[:2], ALERTS[2:])
    names = list(found(tmp_path))
    assert len(names) == 2
    assert {name.removesuffix(".avro").removesuffix("-2") for name in names} == {min(names, key=len)[:-5]}
    assert sorted(chain.from_iterable(found(tmp_path).values())) == sorted(payloads(*ALERTS))


def test_too_many_open_ones_are_completed(tmp_path: Path) -> None:
    visits = [changed(ALERTS[0], diaSource__visit=zigzag(n)) for n in range(1, rotating.MAX_OPEN + 3)]

    async def main() -> None:
        sink = RotatingSink("archive", tmp_path, per="visit")
        await sink.send(Batch(tuple(map(product, visits))))
        assert len(list(tmp_path.glob("lsst*.avro"))) == 2
        await sink.close()

    asyncio.run(main())
    assert sorted(chain.from_iterable(found(tmp_path).values())) == sorted(payloads(*visits))
    assert len(found(tmp_path)) == len(visits)


def test_one_that_nothing_was_added_to_is_complete(tmp_path: Path) -> None:
    async def main() -> None:
        now = 0.0
        sink = RotatingSink("archive", tmp_path, per="visit", idle=0.01, clock=lambda: now)
        await sink.send(Batch((product(ALERTS[0]),)))
        now = 1.0
        async with asyncio.timeout(30):
            while not list(tmp_path.glob("lsst*.avro")):
                await asyncio.sleep(0.01)
        await sink.close()

    asyncio.run(main())
    assert list(found(tmp_path).values()) == [payloads(ALERTS[0])]


def test_what_is_no_avro_is_refused_and_the_rest_is_taken(tmp_path: Path) -> None:
    async def main() -> None:
        sink = RotatingSink("archive", tmp_path)
        ((refused, error),) = await sink.send(Batch((Product(b"<a/>"), product(ALERTS[0]))))
        assert (refused.data, error.code) == (b"<a/>", "delivery-refused")
        await sink.close()

    asyncio.run(main())
    assert list(found(tmp_path).values()) == [payloads(ALERTS[0])]


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    """The limit of the size of files stands for the disk's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def main() -> None:
        sink = RotatingSink("archive", tmp_path, per="visit", codec="null")
        await sink.send(Batch(tuple(map(product, ALERTS[:2]))))
        (part,) = tmp_path.iterdir()
        resource.setrlimit(resource.RLIMIT_FSIZE, (part.stat().st_size + 1000, hard))
        try:
            with pytest.raises(DeliveryError):
                await sink.send(Batch(tuple(map(product, ALERTS[2:]))))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await sink.send(Batch(tuple(map(product, ALERTS[2:]))))
        await sink.close()

    asyncio.run(main())
    assert sorted(chain.from_iterable(found(tmp_path).values())) == sorted(payloads(*ALERTS))


def test_two_programs_do_not_share_a_folder(tmp_path: Path) -> None:
    first = RotatingSink("archive", tmp_path)
    with pytest.raises(OutputError) as caught:
        RotatingSink("archive", tmp_path)
    assert caught.value.code == "output-locked"
    send(first)
    send(RotatingSink("archive", tmp_path))
