"""The commands `gateway run` and `gateway config`, as processes and as commands."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli_runs import SENTINEL, assert_clean, invoke

from gateway.codecs.voevent import encode
from gateway.model.voevent import VOEvent, Who
from gateway.vtp import Frames, Packet, read

GATEWAY = (sys.executable, "-c", "from gateway.cli import main; main()")
SECONDS = 120
DATA = Path(__file__).parents[1] / "data/config"

CONFIG = """
[gateway]
ivoid = "ivo://org.example/gateway"
state = "state"

[sources.folder]
kind = "files"
paths = ["in"]
origin = "external"

[sinks.world]
kind = "vtp"
broadcast = ["127.0.0.1:0"]
pace = "subscribers"

[sinks.kept]
kind = "files"
directory = "kept"

[sinks.dead]
kind = "files"
directory = "dead"

[[routes]]
name = "folder"
source = "folder"
dead_letters = "dead"

[[routes.outputs]]
name = "events"
to = "original"
sinks = ["world", "kept"]
"""


def event(number: int) -> bytes:
    who = Who(author_ivorn="ivo://org.example/author", date="2026-11-24T00:00:00")
    return encode(VOEvent("2.0", f"ivo://org.example/events#{number}", "observation", who))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "gateway.toml").write_text(CONFIG)
    return tmp_path


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The service, and the port where it broadcasts. It is killed in the end, whatever became of it."""
    command = [*GATEWAY, "run", str(folder / "gateway.toml")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            eventually(lambda: b"folder reads" in (folder / "log").read_bytes() or process.poll() is not None)
            said = (folder / "log").read_text()
            (port,) = re.findall(r"^world broadcast 127\.0\.0\.1:(\d+)$", said, re.M)
            yield process, int(port)
        finally:
            process.kill()


def eventually(condition: Callable[[], bool]) -> None:
    """Look at another process, which has no way of telling us, until the deadline."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


class Listening(threading.Thread):
    """A subscriber that reads until the connection ends."""

    def __init__(self, port: int, got: set[bytes]) -> None:
        super().__init__(daemon=True)
        self._socket, self._got = socket.create_connection(("127.0.0.1", port), SECONDS), got
        self.start()

    def run(self) -> None:
        frames = Frames()
        with self._socket:
            while True:
                try:
                    data = self._socket.recv(2**16)
                except OSError:
                    return
                if not data:
                    return
                for one in frames.receive(data):
                    if isinstance(read(one), Packet):
                        self._got.add(one)


def kept(folder: Path) -> list[Path]:
    return list((folder / "kept").glob("*.xml"))


def test_it_runs_until_it_is_told_to_stop_and_goes_on_in_the_next_run(folder: Path) -> None:
    got: set[bytes] = set()
    for number in range(2):
        (folder / f"in/{number}.xml").write_bytes(event(number))
        with running(folder) as (process, port):
            listening = Listening(port, got)
            eventually(lambda number=number: len(got) == number + 1 == len(kept(folder)))
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
            listening.join(SECONDS)
    assert got == {event(0), event(1)}
    assert {path.read_bytes() for path in kept(folder)} == got


def test_nothing_is_lost_by_kills(folder: Path) -> None:
    """Every event is in the files, once. A subscriber misses what was on the way to it, in this process, when it was
    killed (docs/vtp-broker.md), and gets nothing twice on one connection."""
    count, got = 400, set()
    for number in range(count):
        (folder / f"in/{number:04}.xml").write_bytes(event(number))
    for part in (0.2, 0.5):
        with running(folder) as (process, port):
            listening = Listening(port, got)
            eventually(lambda part=part: len(kept(folder)) >= part * count)
            process.kill()
            process.wait(SECONDS)
            listening.join(SECONDS)
    with running(folder) as (process, port):
        listening = Listening(port, got)
        eventually(lambda: len(kept(folder)) == count and event(count - 1) in got)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
        listening.join(SECONDS)
    everything = {event(number) for number in range(count)}
    assert got <= everything
    assert {path.read_bytes() for path in kept(folder)} == everything
    assert not list((folder / "dead").iterdir())


def test_a_second_signal_ends_it_at_once(folder: Path) -> None:
    (folder / "in/1.xml").write_bytes(event(1))  # nobody listens, so it waits
    with running(folder) as (process, port):
        eventually(lambda: bool(kept(folder)))
        process.send_signal(signal.SIGTERM)
        eventually(lambda: not _open(port))
        process.send_signal(signal.SIGTERM)
        # It may be through by itself, or hear the second one when it is and nobody listens to signals any more.
        assert process.wait(SECONDS) in (0, 130, -signal.SIGTERM)


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_cannot_be_run_is_a_sentence(folder: Path) -> None:
    for file, said in (
        ("none.toml", "cannot be read"),
        (str(DATA / "literal-secret.toml"), "secrets do not stand in this file"),
    ):
        result = invoke("run", folder / file)
        assert result.exit_code == 2
        assert said in result.output
        assert_clean(result)


def test_a_state_of_others_is_refused(folder: Path) -> None:
    (folder / "state").mkdir()
    os.chmod(folder / "state", 0o755)
    result = invoke("run", folder / "gateway.toml")
    assert result.exit_code == 2
    assert "output-open" in result.output


class TestConfig:
    """`gateway config`."""

    def test_check(self, folder: Path) -> None:
        result = invoke("config", "check", folder / "gateway.toml")
        assert (result.exit_code, result.output.count("\n")) == (0, 1)
        assert "Routes: 1, outputs: 1, sources: 1, sinks: 3." in result.output
        assert not (folder / "state").exists()

    def test_check_says_all_mistakes(self) -> None:
        result = invoke("config", "check", DATA / "unknown-key.toml")
        assert result.exit_code == 2
        assert (
            "unknown-key.toml, line 4, gateway.polcy: Unknown key `polcy`; `policy` is meant" in result.output
        )

    def test_show(self, folder: Path) -> None:
        result = invoke("config", "show", folder / "gateway.toml")
        assert result.exit_code == 0
        (folder / "shown.toml").write_text(result.output)
        assert invoke("config", "show", folder / "shown.toml").output == result.output
        assert 'when_full = "drop-oldest"' in result.output

    def test_show_has_no_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RUBIN_PASSWORD", SENTINEL)
        result = invoke("config", "show", DATA / "good.toml")
        assert 'env = "RUBIN_PASSWORD"' in result.output
        assert_clean(result)

    def test_example(self, tmp_path: Path) -> None:
        listed = invoke("config", "example", "--list").output.splitlines()
        names = [line.split()[0] for line in listed]
        assert "gcn-to-vtp" in names
        for name in names:
            (tmp_path / "gateway.toml").write_text(invoke("config", "example", name).output)
            assert invoke("config", "check", tmp_path / "gateway.toml").exit_code == 0
        assert invoke("config", "example").output == invoke("config", "example", "files-to-vtp").output
        assert invoke("config", "example", "none").exit_code == 2
