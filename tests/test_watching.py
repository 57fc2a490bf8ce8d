"""What `gateway top` shows, on screens of fixed size, and of a real server."""

import asyncio
import copy
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from rich.console import Console

from gateway.errors import InputError, SettingsError
from gateway.relay.delivery import Trouble
from gateway.transports.asking import address_of, ask
from gateway.transports.operations import Operations
from gateway.transports.vtp.loop import run
from gateway.watching import view, watch
from tests.cli_runs import invoke
from tests.relay.memory_spool import MemorySpool
from tests.relay.test_gateway_status import stage

STATUS: dict[str, Any] = {
    "form": "voevent-gateway status 1",
    "version": "0.1.0",
    "profile": "rdo013-2025",
    "profile_sha256": "0123456789abcdef",
    "time": "2026-11-25T02:00:00.000Z",
    "since": "2026-11-25T00:00:00.000Z",
    "up": 7200.0,
    "ready": True,
    "reasons": [],
    "routes": [
        {
            "name": "rubin-to-world",
            "source": "rubin",
            "messages": 1_944_000,
            "bytes": 159_408_000_000,
            "acknowledged": 1_943_000,
            "under_way": 1000,
            "dead": {"input-damaged": 3, "avro-branch": 1},
            "outputs": [{"name": "core", "products": 1_900_000, "filtered": 44_000, "sinks": ["world"]}],
        }
    ],
    "sources": [
        {
            "name": "rubin",
            "problem": None,
            "last": "2026-11-25T01:59:58.000Z",
            "lag": 1200,
            "partitions": [{"topic": "alerts", "partition": str(n), "lag": 1} for n in range(45)],
        }
    ],
    "sinks": [
        {
            "name": "world",
            "delivered": 1_900_000,
            "failures": 0,
            "dead": 0,
            "queue_bytes": 1_500_000,
            "spool": None,
            "trouble": None,
        },
        {
            "name": "archive",
            "delivered": 0,
            "failures": 9,
            "dead": 2,
            "queue_bytes": 0,
            "spool": {"batches": 9, "bytes": 2_300_000_000},
            "trouble": {"code": "delivery-failed", "since": "2026-11-25T01:00:00.000Z"},
        },
    ],
    "connections": [{"sink": "world", "role": "subscriber", "count": 12}],
}


def shown(
    status: dict[str, Any], before: dict[str, Any] | None = None, width: int = 80, height: int = 24
) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=False)
    console.print(view(status, before, height))
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    return [" ".join(line.split()) for line in lines]


def test_a_screen_has_it_all() -> None:
    assert shown(STATUS) == [
        "voevent-gateway 0.1.0 up 2 h ready policy rdo013-2025 01234567",
        "",
        "route in/s MB/s out/s under way dead messages",
        "rubin-to-world 270.0 22.14 263.9 1000 4 1944000",
        "source last lag partitions state",
        "rubin 2 s ago 1200 45 ok",
        "sink out/s queue on disk dead state",
        "archive 0.0 0 B 2.3 GB 2 delivery-failed for 60 min",
        "world 263.9 1.5 MB - 0 ok",
        "connected: 12 subscribers of world",
    ]


def test_rates_are_those_since_the_last_look() -> None:
    later = copy.deepcopy(STATUS)
    later["up"] += 2.0
    later["routes"][0]["messages"] += 100
    later["routes"][0]["bytes"] += 8_000_000
    assert shown(later, STATUS)[3] == "rubin-to-world 50.0 4.00 0.0 1000 4 1944100"
    later["since"] = "2026-11-25T01:59:59.000Z"
    assert shown(later, STATUS)[3].startswith("rubin-to-world 269.9 ")


def test_why_it_is_not_ready_is_in_the_second_line() -> None:
    status = copy.deepcopy(STATUS)
    status["ready"] = False
    status["reasons"] = [
        {"what": "source", "name": "rubin", "code": "source-unreachable"},
        {"what": "gateway", "name": "", "code": "stopping"},
    ]
    status["sources"][0]["problem"] = "source-unreachable"
    lines = shown(status)
    assert "NOT READY" in lines[0]
    assert lines[1] == "source rubin: source-unreachable, gateway: stopping"
    assert lines[5].endswith("source-unreachable")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 15), (200, 60), (40, 12)])
def test_what_does_not_fit_is_counted_and_the_broken_come_first(width: int, height: int) -> None:
    status = copy.deepcopy(STATUS)
    for kind in ("routes", "sources", "sinks"):
        first = status[kind][-1]
        status[kind] += [
            {**first, "name": f"a-very-long-name-of-a-{kind}-{n}", "trouble": None} for n in range(50)
        ]
    lines = shown(status, width=width, height=height)
    assert any("more" in line for line in lines)
    if width >= 80:
        assert any(line.startswith("archive") for line in lines)


def test_it_asks_again_when_nobody_answers() -> None:
    answers: list[Any] = [STATUS, InputError("input-unreadable", "No gateway answers."), STATUS]

    def asked() -> dict[str, Any]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    console = Console(width=80, height=24, file=io.StringIO(), force_terminal=True, color_system=None)
    watch(console, asked, lambda: bool(answers))
    assert console.file.getvalue().count("No gateway answers.") == 1
    assert console.file.getvalue().count("rubin-to-world") == 2


def test_a_real_gateway_answers(tmp_path: Path) -> None:
    config = tmp_path / "relay.toml"

    async def main(stop: asyncio.Event) -> None:
        rig, status, clock = stage(spool=MemorySpool())
        rig.deliveries[0].trouble = Trouble("delivery-failed", clock.now - 30)
        operations = Operations("127.0.0.1:0", status)
        address = await operations.start()
        config.write_text(f'[operations]\nlisten = "{address}"\n')
        for one in (config, f"http://{address}", f"http://{address}/", address):
            found = await asyncio.to_thread(invoke, "top", one, "--once")
            assert found.exit_code == 0, found.output
            assert "delivery-failed for 30 s" in found.output
        found = await asyncio.to_thread(invoke, "top", address, "--json")
        assert orjson.loads(found.output)["version"] == "1.2.3"
        await operations.close()
        with pytest.raises(InputError, match="Does one run there"):
            await asyncio.to_thread(ask, f"http://{address}")
        found = await asyncio.to_thread(invoke, "top", address, "--once")
        assert found.exit_code == 2

    run(main)


def test_an_address_is_a_url_a_place_or_a_file(tmp_path: Path) -> None:
    assert address_of(":9100") == address_of("127.0.0.1:9100") == "http://127.0.0.1:9100"
    assert address_of("https://a.b/c") == "https://a.b/c"
    file = tmp_path / "a.toml"
    for text, code in (
        ("[operations]\n", "settings-missing"),
        ("[[[", "settings-invalid"),
        ("operations = 1", "settings-missing"),
    ):
        file.write_text(text)
        with pytest.raises(SettingsError) as caught:
            address_of(str(file))
        assert caught.value.code == code
    with pytest.raises(SettingsError):
        address_of(str(tmp_path / "no.toml"))
    with pytest.raises(SettingsError):
        ask("ftp://a.b")
