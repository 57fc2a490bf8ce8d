"""One server for all processes of a run, and none that outlives the run."""

import fcntl
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kafka.child import free_ports
from kafka.sharing import shared

TESTS = Path(__file__).resolve().parents[1]
WAIT = 60.0
"""Seconds until what must come has come."""


class Noted:
    """A server that does nothing and notes what is done with it."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"

    def note(self, text: str) -> None:
        with self.notes.open("a") as notes:
            notes.write(f"{text}\n")

    def start(self) -> None:
        self.note("start")

    def stop(self) -> None:
        """Nobody can hold the lock of those who use it at the same time as who ends it."""
        with (self.notes.parent / "users").open() as users:
            try:
                fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                self.note("stop")
            else:
                self.note("stop while others may be here")


def test_the_last_to_leave_ends_what_the_first_began(tmp_path: Path) -> None:
    came, leave = threading.Event(), threading.Event()

    def visit() -> None:
        with shared(Noted, tmp_path) as server:
            came.set()
            assert leave.wait(WAIT)
            server.note("still here")

    visitor = threading.Thread(target=visit)
    with shared(Noted, tmp_path) as server:
        visitor.start()
        assert came.wait(WAIT)
        server.note("leaving")
        leave.set()
    visitor.join()
    assert server.notes.read_text().split("\n") == ["start", "leaving", "still here", "stop", ""]


def test_after_the_end_there_is_a_beginning(tmp_path: Path) -> None:
    for _ in range(2):
        with shared(Noted, tmp_path) as server:
            pass
    assert server.notes.read_text().split() == ["start", "stop"] * 2


def test_a_server_that_does_not_start_is_in_nobodys_way(tmp_path: Path) -> None:
    class Broken(Noted):
        def start(self) -> None:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError), shared(Broken, tmp_path):
        pass
    with shared(Noted, tmp_path):
        pass


SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("ready", flush=True)
    connection, _ = server.accept()
    connection.sendall(b"!")
    connection.recv(1)
"""
PARENT = """
import os, sys
from pathlib import Path
from kafka.child import Child
child = Child([sys.executable, "-c", sys.argv[1], sys.argv[2]], Path("."))
child.ready("ready")
print("started", flush=True)
sys.stdin.read()
"""


def test_a_server_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, SERVER, str(port)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent, socket.socket() as connection:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        connection.settimeout(WAIT)
        connection.connect(("127.0.0.1", port))
        assert connection.recv(1) == b"!"
        parent.kill()
        assert connection.recv(1) == b""
