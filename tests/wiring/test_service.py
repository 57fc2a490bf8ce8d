"""A configuration runs: what comes in goes out as it says, for whom it says, and nothing else does."""

import asyncio
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from alerts import simulated
from cli_runs import SENTINEL, message, packed
from wiring_services import DEAD, HEAD, going, played, port, there, to_the_end

from gateway.codecs import container
from gateway.codecs.voevent import decode, encode
from gateway.config import loads
from gateway.config.examples import all_, text
from gateway.errors import OutputError, SettingsError
from gateway.model.voevent import Param, Reference, VOEvent, What, Who
from gateway.relay.deadletter import opened
from gateway.relay.metrics import Metrics
from gateway.transports.vtp.loop import run
from gateway.vtp import Subscriber
from gateway.vtp.events import Received, Send
from gateway.wiring import wire

ALERTS = simulated("lsst/11.0", count=6)
FILES = """
[sources.files]
kind = "files"
paths = ["in"]
watch = false
origin = "%s"
role = "test"
"""
ROUTE = """
[[routes]]
name = "files"
source = "files"
dead_letters = "dead"
"""


def event(number: int, role: str = "observation", *items: Param | Reference) -> bytes:
    who = Who(author_ivorn="ivo://org.example/author", date="2026-11-24T00:00:00")
    what = What(items or (Param("number", str(number)),))
    return encode(VOEvent("2.0", f"ivo://org.example/events#{number}", role, who, what))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path


def sink(name: str, more: str = "") -> str:
    return f'\n[sinks.{name}]\nkind = "files"\ndirectory = "{name}"\n{more}\n'


def output(name: str, more: str = "", sinks: str | None = None) -> str:
    return f'\n[[routes.outputs]]\nname = "{name}"\nsinks = ["{sinks or name}"]\n{more}\n'


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room in the name of a socket file, which has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="gw") as made:
        yield Path(made)


def test_one_route_has_many_outputs_each_in_its_form(folder: Path) -> None:
    (folder / "in/visit.avro").write_bytes(packed(ALERTS))
    any_role = 'roles = ["test"]\n'
    service = to_the_end(
        HEAD + FILES % "alert" + DEAD + sink("core") + sink("full") + sink("json")
        + sink("packets", 'form = "containers"\nper = "visit"') + ROUTE
        + output("core", any_role) + output("full", any_role + 'to = "voevent-2.1"\ndetail = "full"')
        + output("json", any_role + 'to = "json"') + output("packets", any_role + 'to = "avro"'),
        folder,
    )  # fmt: skip
    events = [decode(data) for data in there(folder / "core").values()]
    assert {one.role for one in events} == {"test"}
    assert {one.ivorn.partition("?")[0] for one in events} == {"ivo://org.example/gateway"}
    assert len(events) == len(there(folder / "json")) == len(ALERTS)
    assert {decode(data).version for data in there(folder / "full").values()} == {"2.1"}
    ((_, data),) = there(folder / "packets").items()
    packets = [alert.payload for alert in container.read(io.BytesIO(data))]
    assert packets == [alert.payload for alert in ALERTS]
    assert there(folder / "dead") == {}
    assert service.metrics.value("acknowledged_total", "files") == len(ALERTS)
    assert service.metrics.value("products_total", "files", "core") == len(ALERTS)


def test_a_second_run_has_nothing_to_do(folder: Path) -> None:
    (folder / "in/visit.avro").write_bytes(packed(ALERTS))
    config = HEAD + FILES % "alert" + DEAD + sink("core") + ROUTE + output("core", 'roles = ["test"]')
    assert to_the_end(config, folder).metrics.value("messages_total", "files") == len(ALERTS)
    assert to_the_end(config, folder).metrics.value("messages_total", "files") == 0


def test_tests_stay_out_unless_they_are_asked_for(folder: Path) -> None:
    for number, role in enumerate(("observation", "test", "utility")):
        (folder / f"in/{number}.xml").write_bytes(event(number, role))
    (folder / "in/visit.avro").write_bytes(packed(ALERTS))
    to_the_end(
        HEAD + FILES % "external" + DEAD + sink("usual") + sink("tests") + ROUTE + output("usual")
        + output("tests", 'roles = ["test"]'),
        folder,
    )  # fmt: skip
    assert list(there(folder / "usual").values()) == [event(0), event(2, "utility")]
    assert event(1, "test") in there(folder / "tests").values()


def test_a_filter_sees_what_goes_out(folder: Path) -> None:
    for number in range(4):
        (folder / f"in/{number}.xml").write_bytes(event(number))
    to_the_end(
        HEAD + FILES % "external" + DEAD + sink("some") + sink("same") + ROUTE
        + output("some", '''filter = "//Param[@name='number' and @value > 1]"''')
        + output("same", '''to = "json"\nfilter = "//Param[@name='number' and @value > 1]"'''),
        folder,
    )  # fmt: skip
    assert list(there(folder / "some").values()) == [event(2), event(3)]
    assert len(there(folder / "same")) == 2


def test_a_filter_chooses_alerts_by_their_core_event(folder: Path) -> None:
    (folder / "in/visit.avro").write_bytes(packed(ALERTS))
    choose = 'roles = ["test"]\n' + '''filter = "//Param[@name='psfFlux' and @value > %s]"'''
    to_the_end(
        HEAD + FILES % "alert" + DEAD + sink("xml") + sink("avro") + sink("none") + ROUTE
        + output("xml", choose % 0) + output("avro", 'to = "avro"\n' + choose % 0)
        + output("none", choose % 1e30),
        folder,
    )  # fmt: skip
    assert 0 < len(there(folder / "xml")) == len(there(folder / "avro")) < len(ALERTS)
    assert there(folder / "none") == {}


def test_real_events_go_on_byte_for_byte(folder: Path, real_voevents: list[tuple[str, bytes]]) -> None:
    documents = [data for _, data in real_voevents]
    for number, data in enumerate(documents):
        (folder / f"in/{number:05}.xml").write_bytes(data)
    to_the_end(
        HEAD + FILES % "external" + DEAD + sink("kept") + ROUTE
        + output("kept", 'to = "original"\nroles = ["observation", "test", "utility", "prediction"]'),
        folder,
    )  # fmt: skip
    kept, dead = there(folder / "kept"), there(folder / "dead")
    whole = set(kept.values()) & set(documents)
    assert len(kept) + len(dead) >= len(set(documents))
    assert len(whole) / len(set(documents)) > 0.9


def test_real_events_reach_subscribers_byte_for_byte(
    folder: Path, real_voevents: list[tuple[str, bytes]]
) -> None:
    documents = dict.fromkeys(data for _, data in real_voevents[:300])
    for number, data in enumerate(documents):
        (folder / f"in/{number:05}.xml").write_bytes(data)
    config = (
        HEAD + FILES.replace("watch = false\n", "") % "external" + DEAD + ROUTE
        + output("world", 'to = "original"\nroles = ["observation", "test", "utility", "prediction"]')
        + '\n[sinks.world]\nkind = "vtp"\nbroadcast = ["127.0.0.1:0"]\npace = "subscribers"\nversion = "2.1"\n'
    )  # fmt: skip

    async def scene() -> None:
        async with going(config, folder) as service:
            got = await _listen(port(service, "world"), service, len(documents))
            assert set(got) <= set(documents)
            assert len(set(got)) + len(there(folder / "dead")) == len(documents)
            assert len(got) > 0.9 * len(documents)

    played(scene)


async def _listen(where: int, service, count: int) -> list[bytes]:
    """What a subscriber gets until all is through."""
    reader, writer = await asyncio.open_connection("127.0.0.1", where)
    session, got = Subscriber("ivo://org.example/subscriber"), []

    def do(events) -> None:
        for one in events:
            if isinstance(one, Send):
                writer.write(one.data)
            elif isinstance(one, Received):
                got.append(one.packet.payload)
                do(session.answer(one.packet, 0.0))

    do(session.opened(0.0))
    while len(got) + _dead(service) < count:
        do(session.receive(await reader.read(2**16), 0.0))
    writer.close()
    return got


def _dead(service) -> float:
    found = service.metrics.values("dead_total")
    return sum(count for (route, code), count in found.items() if route in ("files", "world"))


def test_what_somebody_with_rights_sees_is_nobody_elses(folder: Path) -> None:
    (folder / "in/1.xml").write_bytes(event(1))
    source = FILES % "data-release" + 'release = "dp1"\n'
    to_the_end(
        HEAD + source + DEAD + sink("theirs") + sink("all") + ROUTE + output("all")
        + output("theirs", 'audience = "dp1"')
        + '\n[audiences.dp1]\nrights = ["dp1"]\nuntil = 9998-12-31\n',
        folder,
    )  # fmt: skip
    assert list(there(folder / "theirs").values()) == [event(1)]
    assert (folder / "theirs").stat().st_mode & 0o077 == 0
    assert there(folder / "all") == {}
    (letter,) = there(folder / "dead").values()
    assert orjson.loads(letter)["code"] == "policy-withheld"
    assert opened(letter)[1] is None


def test_rights_that_have_ended_are_none(folder: Path) -> None:
    (folder / "in/1.xml").write_bytes(event(1))
    to_the_end(
        HEAD + FILES % "data-release" + 'release = "dp1"\n' + DEAD + sink("theirs") + ROUTE
        + output("theirs", 'audience = "dp1"') + '\n[audiences.dp1]\nrights = ["dp1"]\nuntil = 2020-12-31\n',
        folder,
    )  # fmt: skip
    assert there(folder / "theirs") == {}


def test_a_letter_has_no_bytes_that_its_audience_may_not_see(folder: Path) -> None:
    torn = packed(ALERTS)[:-100]
    (folder / "in/a.avro").write_bytes(torn)
    (folder / "in/b.bin").write_bytes(SENTINEL.encode())
    link = Reference("https://data.lsst.cloud/api/" + SENTINEL)
    (folder / "in/c.xml").write_bytes(event(1, "observation", link))
    to_the_end(
        HEAD + FILES % "alert" + DEAD + sink("core") + ROUTE + output("core", 'roles = ["test"]'), folder
    )
    letters = there(folder / "dead")
    assert {orjson.loads(letter)["code"] for letter in letters.values()} >= {
        "input-unknown",
        "policy-withheld",
    }
    for letter in letters.values():
        assert SENTINEL.encode() not in letter
        assert orjson.loads(letter)["audience"] == "public"
        data = opened(letter)[1]
        assert data is None or SENTINEL.encode() not in data


def test_what_standard_input_brings_goes_to_standard_output(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream:
        buffer = io.BytesIO(event(1))

    class Out:
        buffer = io.BytesIO()

    monkeypatch.setattr(sys, "stdin", Stream)
    monkeypatch.setattr(sys, "stdout", Out)
    to_the_end(
        HEAD + '\n[sources.files]\nkind = "stdin"\norigin = "external"\n' + DEAD
        + '\n[sinks.out]\nkind = "stdout"\n' + ROUTE + output("out"),
        folder,
    )  # fmt: skip
    assert Out.buffer.getvalue().rstrip(b"\n") == event(1).rstrip(b"\n")


def test_a_broker_feeds_a_broker(folder: Path) -> None:
    """VTP in, VTP and files out."""
    upstream = (
        HEAD.replace('"state"', '"upstream"') + FILES.replace("watch = false\n", "") % "external" + DEAD + ROUTE
        + output("world") + '\n[sinks.world]\nkind = "vtp"\nbroadcast = ["127.0.0.1:0"]\npace = "subscribers"\n'
    )  # fmt: skip
    for number in range(20):
        (folder / f"in/{number}.xml").write_bytes(event(number))

    async def scene() -> None:
        async with going(upstream, folder) as one:
            address = f"127.0.0.1:{port(one, 'world')}"
            downstream = (
                HEAD + f'\n[sources.files]\nkind = "vtp"\norigin = "external"\nbrokers = ["{address}"]\n'
                + DEAD.replace('"dead"', '"dead2"') + sink("kept") + ROUTE + output("kept")
            )  # fmt: skip
            async with going(downstream, folder) as other:
                while other.metrics.value("acknowledged_total", "files") < 20:
                    await asyncio.sleep(0.01)

    played(scene)
    assert sorted(there(folder / "kept").values()) == sorted(event(number) for number in range(20))


@pytest.mark.parametrize("name", all_())
def test_an_example_can_be_wired(name: str, short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GCN_CLIENT_ID", "GCN_CLIENT_SECRET", "RUBIN_USER", "HOP_USERNAME", "HOP_PASSWORD"):
        monkeypatch.setenv(variable, SENTINEL)
    (short / "rubin").write_text(SENTINEL)
    changed = re.sub(r'broadcast = \["[^"]*"\]', 'broadcast = ["127.0.0.1:0"]', text(name))
    changed = re.sub(r'"/(?:var/lib|srv|run/secrets)/([^"]*)"', rf'"{short}/\1"', changed)
    config = loads(changed.encode(), f"{name}.toml", short)

    async def main(stop: object) -> None:
        service = await wire(config, Metrics())
        try:
            assert [route.name for route in service.routes] == [route.name for route in config.routes]
            assert set(service.deliveries) == set(config.sinks)
            assert SENTINEL not in repr(service) + repr(config) + "".join(service.about)
        finally:
            await service.close()

    run(main)


def test_what_cannot_be_had_is_said_and_nothing_stays_open(folder: Path) -> None:
    config = (
        HEAD
        + FILES % "external"
        + DEAD
        + sink("kept", 'form = "containers"')
        + ROUTE
        + output("kept", 'to = "original"')
    )
    (folder / "state").mkdir(mode=0o755)
    with pytest.raises(OutputError, match="Others than its owner"):
        to_the_end(config, folder)
    (folder / "state").chmod(0o700)
    for _ in range(2):  # what was opened before is closed again, or its lock would be held
        with pytest.raises(SettingsError, match="cannot be listened on"):
            to_the_end(config + '\n[operations]\nlisten = "192.0.2.1:1"\n', folder)
    to_the_end(config, folder)


def test_confluent_messages_are_no_different(folder: Path) -> None:
    for number, alert in enumerate(ALERTS):
        (folder / f"in/{number}").write_bytes(message(alert))
    to_the_end(
        HEAD + FILES % "alert" + DEAD + sink("packets") + ROUTE
        + output("packets", 'to = "original"\nroles = ["test"]'),
        folder,
    )  # fmt: skip
    assert sorted(there(folder / "packets").values()) == sorted(map(message, ALERTS))
