"""The benchmark runs, and notices contenders that do not do the same. How fast they are is not tested."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from voevents import EVERYTHING

from gateway import validate
from gateway.codecs.voevent import decode
from gateway.model.finding import Severity
from gateway.vtp import frame
from gateway.vtp.transport import Transport, write

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from bench import packets, peers, report, works  # noqa: E402
from bench.race import race, ratio  # noqa: E402
from bench.same import Different, require_same  # noqa: E402
from bench.vtp import filters, memory, stored, turns  # noqa: E402
from bench.vtp import report as vtp_report  # noqa: E402
from bench.vtp.brokers import NAMES, Broker  # noqa: E402
from bench.vtp.events import SIZES, Series  # noqa: E402
from bench.vtp.load import Load  # noqa: E402

PEERS = peers.peers()


def test_quick_run_prints_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--json", str(file)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    lines = [line for line in run.stdout.splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + len(works.WORKS) + 2 + 1 + 2 + 4 + 2 + 2
    assert len({line.count("|") for line in lines[: 2 + len(works.WORKS)]}) == 1
    found = json.loads(file.read_bytes())
    assert [len(result["ratios"]) >= 1 for result in found["results"]] == [True] * len(works.WORKS)
    assert found["visits"][0]["alerts"] == 20


@pytest.fixture(scope="module")
def made() -> tuple[bytes, peers.Peer]:
    """An event, and who made it."""
    peer = peers.Lxml(packets.SCHEMA, works.CORE)
    return peer.event(packets.alerts("new", 1)[0].payload), peer


class TestSame:
    """What is compared, by changing it."""

    def test_a_peer_equals_itself(self, made: tuple[bytes, peers.Peer]) -> None:
        require_same([made[0]], [made[0]], made[1].plan, "itself")

    @pytest.mark.parametrize(
        ("old", "new", "name"),
        [
            (b'role="observation"', b'role="test"', "role"),
            (b'name="raErr" value="', b'name="raErr" value="1', "Group diaSource"),
            (b' ucd="pos.eq.ra;meta.main"', b"", "Group diaSource"),
            (b' unit="nJy"', b' unit="mJy"', "Group diaSource"),
            (b'<Group name="cutoutScience"', b'<Group name="cutoutscience"', "Group cutoutScience"),
            (b'type="bytes"', b'type="array"', "Group cutoutDifference"),
            (b'name="target_name" value="s', b'name="target_name" value="S', "What"),
            (b"<ISOTime>2", b"<ISOTime>1", "time"),
            (b"<C2>", b"<C2>-1", "position"),
            (b"<Error2Radius>", b"<Error2Radius>1", "radius"),
        ],
    )
    def test_a_difference_is_noticed(
        self, made: tuple[bytes, peers.Peer], old: bytes, new: bytes, name: str
    ) -> None:
        document, peer = made
        assert old in document
        with pytest.raises(Different, match=f"in .*{name}"):
            require_same([document], [document.replace(old, new, 1)], peer.plan, "itself")

    def test_another_spelling_of_a_number_is_the_same(self, made: tuple[bytes, peers.Peer]) -> None:
        document, peer = made
        spelled = document.replace(b'name="snr" value="', b'name="snr" value="+0', 1)
        assert spelled != document
        require_same([document], [spelled], peer.plan, "itself")

    def test_avro_is_compared_by_the_byte(self) -> None:
        with pytest.raises(Different):
            require_same([b"\x00"], [b"\x01"], None, "itself")


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_gives_the_alert_back(peer: type[peers.Peer]) -> None:
    rival = peer(packets.SCHEMA, works.CORE)
    for alert in packets.alerts("bare", 4):
        assert rival.avro(rival.event(alert.payload)) == alert.payload


def test_a_race_has_a_time_for_each_round() -> None:
    seen: list[str] = []
    work = {name: (lambda _item, name=name: seen.append(name)) for name in "ab"}
    times = race(work, {"a": [1], "b": [1, 2]}, rounds=2, turn=0.0)
    assert {name: len(each) for name, each in times.items()} == {"a": 2, "b": 2}
    assert "".join(seen) == "abb" + "abb" + "bba"


def test_a_ratio_is_made_round_by_round() -> None:
    assert str(ratio([10, 40, 90], [1, 2, 3])) == "20 (10.0–30)"


def test_the_page_is_written_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}old\n{report.END}after\n", "utf-8")
    made = report.Report(report.now(), "a machine", 1, [], [], [])
    report.update(made, page)
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{report.BEGIN}")
    assert text.endswith(f"{report.END}after\n")
    assert "a machine" in text
    assert "old" not in text


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n", "utf-8")
    with pytest.raises(SystemExit):
        report.update(report.Report(report.now(), "a machine", 1, [], [], []), page)
    assert page.read_text("utf-8") == "before\n"


def test_the_documentation_has_the_marks() -> None:
    text = report.PAGE.read_text("utf-8")
    assert text.count(report.BEGIN) == text.count(report.END) == 1


class TestBrokers:
    """``python -m bench vtp``."""

    def test_quick_run_prints_the_tables(self, tmp_path: Path) -> None:
        pytest.importorskip("comet")
        file = tmp_path / "vtp.json"
        run = subprocess.run(
            [sys.executable, "-m", "bench", "vtp", "--quick", "--json", str(file)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        lines = [line for line in run.stdout.splitlines() if line.startswith("| ")]
        assert len(lines) == 2 + len(SIZES) * len(turns.SUBSCRIBERS) + 2 + len(SIZES) + 2 + 2 + 2 + 2
        found = json.loads(file.read_bytes())
        assert all(set(cost["cpu"]) == set(NAMES) for cost in found["costs"])

    @pytest.mark.parametrize("size", SIZES)
    def test_events_have_their_size_and_no_error(self, size: int) -> None:
        series = Series(size)
        assert 0.9 * size < series.size <= size
        first, second = series.event(1), series.event(2)
        assert first != second
        assert len(first) == len(second) == series.size
        assert not [finding for finding in validate(first) if finding.severity is Severity.ERROR]

    def test_a_broker_that_changes_an_event_is_noticed(self) -> None:
        with pytest.raises(Different):
            asyncio.run(through(lambda event: event.replace(b"test", b"TEST")))

    def test_a_broker_that_changes_nothing_passes(self) -> None:
        load = asyncio.run(through(lambda event: event))
        assert len(load.latencies) == 2 * len(load.events)

    def test_what_a_message_costs_is_the_slope(self) -> None:
        alone = turns.Cost(8400, 0, 10, {"gateway": [1.0, 1.0, 1.0], "Comet": [2.0, 2.0, 2.0]})
        many = turns.Cost(8400, 50, 10, {"gateway": [2.0, 2.0, 2.0], "Comet": [7.0, 6.0, 12.0]})
        (slope,) = turns.slopes([alone, many])
        assert slope.cpu == {"gateway": 20.0, "Comet": 100.0}
        assert str(slope.faster) == "5.0 (4.0–10.0)"

    def test_a_store_is_filled_with_what_is_not_asked_for(self, tmp_path: Path) -> None:
        (empty, full) = stored.measure(tmp_path, (0, 1000), 20, 2)
        assert (len(empty.new), len(full.known)) == (2, 2)

    def test_the_documentation_has_the_marks(self) -> None:
        text = report.PAGE.read_text("utf-8")
        assert text.count(vtp_report.BEGIN) == text.count(vtp_report.END) == 1


async def through(change: Callable[[bytes], bytes]) -> Load:
    """Two events through a broker that does one thing to them, to two subscribers."""
    writers: list[asyncio.StreamWriter] = []
    handlers: list[asyncio.Task[None] | None] = []

    async def author(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        document = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
        ivorn = document.decode().partition('ivorn="')[2].partition('"')[0]
        writer.write(frame(write(Transport("ack", ivorn, ""))))
        for one in writers:
            one.write(frame(change(document)))
        writer.close()
        await writer.wait_closed()

    async def subscriber(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        writers.append(writer)
        writer.write(frame(write(Transport("authenticate", "ivo://org.example/broker", ""))))
        await reader.read()
        writer.close()
        await writer.wait_closed()

    series = EVERYTHING["2.0"]
    ivorns = ["ivo://org.example/bench#1", "ivo://org.example/bench#2"]
    own = decode(series).ivorn.encode()
    load = Load([(ivorn, series.replace(own, ivorn.encode(), 1)) for ivorn in ivorns], 2)
    async with (
        await asyncio.start_server(author, "127.0.0.1", 0) as receive,
        await asyncio.start_server(subscriber, "127.0.0.1", 0) as broadcast,
    ):
        ports = [server.sockets[0].getsockname()[1] for server in (receive, broadcast)]
        try:
            await load.run(Broker("one", 0, *ports))
        finally:
            await asyncio.gather(*filter(None, handlers))
    return load


def test_every_kind_of_filter_is_taken_and_asked() -> None:
    found = filters.measure(SIZES[0], connections=3, rounds=1)
    assert [one.kind for one in found] == list(filters.KINDS)
    costs = {one.kind: one.micros for one in found}
    assert costs["the costliest taken"] > 0


def test_subscribers_that_never_read_cost_the_broker_no_more_than_their_queues() -> None:
    """Of the whole process. `python -m bench memory` does it with a hundred subscribers and ten thousand events."""
    found = memory.measure(events=300, size=60_000, readers=3, deaf=10, queue=2**20)
    assert found.bound < found.offered
    assert found.grown <= found.bound
