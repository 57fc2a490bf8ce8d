"""One server for all the processes of a test run: pytest-xdist has many, and a server takes seconds and memory.

1. Who asks first starts the server, and ends it; who asks later uses it.
2. Who started it ends it when the others have left.
3. Who started it may be killed. Its server ends with it (child.py), and the next who asks starts it again.

Three locks of the system hold this, which a process that ends gives back, however it ends: `turn` is held while one
finds out whether there is a server, `owner` while one has it, `users` by each who uses it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar


class Server(Protocol):
    """What is made of a folder, can be started there once, and can be used by whoever knows the folder."""

    def __init__(self, folder: Path) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


S = TypeVar("S", bound=Server)


@contextmanager
def shared(kind: type[S], folder: Path) -> Iterator[S]:
    """The one server of this kind in this folder, which runs."""
    folder.mkdir(exist_ok=True)
    with _file(folder / "turn") as turn, _file(folder / "owner") as owner, _file(folder / "users") as users:
        with _held(turn):
            fcntl.flock(users, fcntl.LOCK_SH)
            mine = _taken(owner)
            server = kind(folder)
            if mine:
                server.start()
        try:
            yield server
        finally:
            if mine:
                fcntl.flock(users, fcntl.LOCK_EX)  # comes when all others have left
                server.stop()
                fcntl.flock(owner, fcntl.LOCK_UN)
            fcntl.flock(users, fcntl.LOCK_UN)


@contextmanager
def _file(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _held(lock: int) -> Iterator[None]:
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
