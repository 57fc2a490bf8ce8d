"""The commands `gateway vtp serve` and `gateway vtp status`, as processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.codecs.voevent import decode, encode
from gateway.model.voevent import VOEvent, Who
from gateway.transports.vtp.status import ask
from gateway.vtp import Frames, Packet, frame, read

GATEWAY = (sys.executable, "-c", "from gateway.cli import main; main()")
SECONDS = 60


def event(number: int, text: str | None = None) -> bytes:
    who = Who(author_ivorn="ivo://org.example/author", date="2026-11-24T00:00:00")
    return encode(VOEvent("2.0", f"ivo://org.example/events#{number}", "test", who, description=text))


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*GATEWAY, *arguments], input=given, capture_output=True, timeout=SECONDS)


@contextmanager
def serving(
    state: Path, *arguments: str, addresses: int = 1, stdin: int | None = None
) -> Iterator[list[int]]:
    """A broker, and the ports that it says. Ctrl-C ends it in order."""
    command = [*GATEWAY, "vtp", "serve", "--state", str(state), "--origin", "external", *arguments]
    with subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().decode() for _ in range(addresses)]
            yield [int(line.rpartition(":")[2]) for line in lines]
            process.send_signal(signal.SIGINT)
            _, log = process.communicate(timeout=SECONDS)
            assert process.returncode == 0, log
        finally:
            process.kill()


class Client:
    """A blocking connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._frames = Frames()
        self._ready: list[bytes] = []

    def next(self) -> bytes:
        while not self._ready:
            data = self.socket.recv(2**16)
            assert data, "the broker closed the connection"
            self._ready += self._frames.receive(data)
        return self._ready.pop(0)

    def packet(self) -> bytes:
        while not isinstance(read(payload := self.next()), Packet):
            pass
        return payload


def test_a_folder_is_broadcast_and_so_is_what_is_put_there(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "1.xml").write_bytes(event(1))
    with serving(tmp_path / "state", "--broadcast", ":0", str(folder)) as (port,):
        client = Client(port)
        assert client.packet() == event(1)
        (tmp_path / "2.xml").write_bytes(event(2))
        os.rename(tmp_path / "2.xml", folder / "2.xml")
        assert client.packet() == event(2)
        client.socket.close()


def test_what_cannot_be_looked_at_in_a_folder_keeps_nothing_else_from_going_out(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "0.xml").symlink_to("0.xml")  # a link to itself
    (folder / "1.xml").write_bytes(event(1))
    with serving(tmp_path / "state", "--broadcast", ":0", str(folder)) as (port,):
        client = Client(port)
        assert client.packet() == event(1)
        client.socket.close()


def test_that_there_are_too_few_descriptors_is_said_at_the_start(tmp_path: Path) -> None:
    few = (
        "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (164, 164)); from gateway.cli import main; main()"
    )
    command = [sys.executable, "-c", few, "vtp", "serve", "--state", str(tmp_path), "--origin", "external"]
    command += ["--receive", ":0", "--broadcast", ":0", "--connections", "90"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ports = [int(process.stdout.readline().decode().rpartition(":")[2]) for _ in range(2)]
            inside = [Client(ports[1]) for _ in range(50)]
            for client in inside:
                client.next()
            with socket.create_connection(("127.0.0.1", ports[1]), SECONDS) as beyond:
                assert beyond.recv(1) == b""
            author = Client(ports[0])  # whom no number of subscribers can keep out
            author.socket.sendall(frame(event(1)))
            assert b'role="ack"' in author.next()
            for client in (*inside, author):
                client.socket.close()
            process.send_signal(signal.SIGINT)
            _, log = process.communicate(timeout=SECONDS)
            assert b"only 50 connections of each role can be served and not 90" in log
            assert process.returncode == 0
        finally:
            process.kill()


def test_a_second_ctrl_c_ends_it_at_once_and_in_silence(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    for number in range(100):
        (folder / f"{number}.xml").write_bytes(event(number, "word " * 18_000))
    command = [*GATEWAY, "vtp", "serve", "--state", str(tmp_path / "state"), "--origin", "external"]
    command += ["--broadcast", ":0", "--log-level", "error", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().decode().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), SECONDS):  # one that does not read
                eventually(lambda: ask(tmp_path / "state")["subscribers"][0]["waiting"] > 0)
                process.send_signal(signal.SIGINT)
                eventually(lambda: not is_open(port))
                process.send_signal(signal.SIGINT)
                _, log = process.communicate(timeout=SECONDS)
            assert (process.returncode, log) == (130, b"")
        finally:
            process.kill()


def eventually(condition: Callable[[], bool]) -> None:
    """Look at another process, which has no way of telling us, until the deadline."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_what_authors_send_is_broadcast_and_the_status_tells(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with serving(state, "--receive", ":0", "--broadcast", ":0", addresses=2) as (here, there):
        subscriber, author = Client(there), Client(here)
        subscriber.next()
        author.socket.sendall(frame(event(1)))
        assert b'role="ack"' in author.next()
        assert subscriber.packet() == event(1)
        found = json.loads(run("vtp", "status", "--state", str(state), "--json").stdout)
        assert found["events"]["accepted"] == 1
        assert [one["sent"] for one in found["subscribers"]] == [1]
        text = run("vtp", "status", "--state", str(state)).stdout.decode()
        assert f"broadcast 127.0.0.1:{there}" in text
        assert "1 received, 1 accepted" in text
        author.socket.close()
        subscriber.socket.close()
    assert run("vtp", "status", "--state", str(state)).returncode == 2


def test_alerts_become_events(tmp_path: Path) -> None:
    alerts = run("simulate", "3", "-o", "-").stdout
    (tmp_path / "visit.avro").write_bytes(alerts)
    with (
        (tmp_path / "visit.avro").open("rb") as stdin,
        serving(
            tmp_path / "state", "--broadcast", ":0", "--role", "test", "--local-ivoid", "ivo://org.example/mine",
            "-", stdin=stdin.fileno(),
        ) as (port,),
    ):  # fmt: skip
        client = Client(port)
        events = [decode(client.packet()) for _ in range(3)]
        assert {one.role for one in events} == {"test"}
        assert all(one.ivorn.startswith("ivo://org.example/mine?") for one in events)
        client.socket.close()


def test_test_events_are_published_on_a_schedule(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--broadcast", ":0", "--test-interval", "1") as (port,):
        client = Client(port)
        one, other = decode(client.packet()), decode(client.packet())
        assert (one.role, other.role) == ("test", "test")
        assert one.ivorn != other.ivorn
        client.socket.close()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--broadcast", ":0"], "policy-provenance"),
        (["--origin", "external"], "settings-missing"),
        (["--origin", "external", "--broadcast", "nowhere"], "settings-value"),
        (["--origin", "external", "--broadcast", ":0", "--allow-subscribers", "everybody"], "settings-value"),
        (["--origin", "external", "--broadcast", ":0", "--filter", "//["], "filter-syntax"),
        (["--origin", "external", "--broadcast", ":0", "--local-ivoid", "me"], "settings-value"),
        (["--origin", "external", "--broadcast", "192.0.2.1:0"], "settings-address"),
    ],
)
def test_what_cannot_run_says_so_at_the_start(tmp_path: Path, arguments: list[str], code: str) -> None:
    done = run("vtp", "serve", "--state", str(tmp_path / "state"), *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"[{code}]" in done.stderr.decode()


def test_one_state_folder_is_for_one_broker(tmp_path: Path) -> None:
    with serving(tmp_path / "state", "--broadcast", ":0"):
        done = run(
            "vtp", "serve", "--state", str(tmp_path / "state"), "--broadcast", ":0", "--origin", "external"
        )
        assert "[output-locked]" in done.stderr.decode()
