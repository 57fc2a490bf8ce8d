"""What a broker says of itself, and to whom."""

import asyncio
import stat
from pathlib import Path

import pytest
from vtp_peers import LOCAL, Listening, accepted, broker, event, eventually, going, submit

from gateway.errors import InputError
from gateway.transports.vtp.status import SOCKET, ask, serve_status


@going
async def test_the_status_says_who_is_there_and_how_it_goes(folder: Path) -> None:
    async with broker(folder) as one:
        await serve_status(one, folder)
        here, there = await one.receive("127.0.0.1:0"), await one.broadcast("127.0.0.1:0")
        subscriber = await Listening.to(there, filters=("//Param[@value=1]",), version="2.1")
        wrong = await Listening.to(there, filters=("//[",))
        await wrong.until(lambda listening: bool(listening.told))
        await eventually(lambda: any(peer.interest.filters.filters for peer in one.subscribers))
        await accepted(here, event(1))
        await accepted(here, event(1))
        await accepted(here, event(2).replace(b"<What>", b'<What><Param name="a"/><Param name="a"/>'))
        await submit(here, b"<html/>")
        await subscriber.events(1)
        await eventually(lambda: sum(peer.counts["ack"] for peer in one.subscribers) == 1)
        found = await asyncio.to_thread(ask, folder)
        assert stat.S_IMODE((folder / SOCKET).stat().st_mode) == 0o600
        assert found["local"] == LOCAL
        assert [one["role"] for one in found["addresses"]] == ["receive", "broadcast"]
        assert found["events"] == {"received": 3, "accepted": 2, "duplicate": 1, "refused": 0}
        assert found["broken_rules"] == {"VE-21": 1}
        assert found["delivered"] == {"sent": 1, "ack": 1, "nak": 0, "dropped": 0}
        first, second = found["subscribers"]
        assert first["audience"] == "public"
        assert first["version"] == "2.1"
        assert first["filters"] == ["//Param[@value = 1]"]
        assert (first["sent"], first["outstanding"], first["waiting"]) == (1, 0, 0)
        assert (second["filter_refused"], second["sent"]) == (True, 0)
        subscriber.close()
        wrong.close()
    assert not (folder / SOCKET).exists()


def test_without_a_broker_there_is_no_status(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No broker answers"):
        ask(tmp_path)
