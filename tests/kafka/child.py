"""A server that runs beside the tests and ends with them, also when they are killed."""

import os
import random
import socket
import subprocess
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from interop.process import Running

LOWEST, HIGHEST = 10_000, 32_000
"""Ports are taken from here. The system gives higher ones to whoever asks for any: while a server is down, between a
stop and a restart, its port would soon be another's."""
STARTED = 240.0
"""Seconds until a server must be ready: it needs three of a processor, and gets them late on a busy machine."""
LOOKS = 100
"""How many ports are looked at, to find a few that are free."""


class Child(Running):
    """A started server.

    Its guard, a shell with a pipe from this process, sees the pipe close when this process is gone, however it went,
    and kills the server. (Linux could do without, by PR_SET_PDEATHSIG; that looks at the thread which started a
    server, and no other system has it.)
    """

    def __init__(
        self,
        arguments: Sequence[object],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            cwd=folder,
            env=os.environ | (environment or {}),
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop it in order.
        )
        self._guard = subprocess.Popen(
            ["sh", "-c", f"read line; kill -9 {process.pid}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        super().__init__(process)

    def ready(self, pattern: str) -> None:
        """Returns when it has said this. If it does not, it is ended."""
        try:
            self.said(pattern, deadline=STARTED)
        except BaseException:
            self.kill()
            raise

    def end(self) -> None:
        """Stop it in order: returns when it has ended. Until then it is guarded: who waits may be interrupted."""
        super().end()
        self._unguard()

    def kill(self) -> None:
        """As a crash ends it."""
        self.process.kill()
        self.end()

    def _unguard(self) -> None:
        self._guard.kill()
        self._guard.wait()
        assert self._guard.stdin is not None
        self._guard.stdin.close()


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on at the moment."""
    ports = random.SystemRandom().sample(range(LOWEST, HIGHEST), LOOKS)
    found = list(islice(filter(_free, ports), count))
    assert len(found) == count, f"{len(found)} of {LOOKS} ports are free"
    return found


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: what has been closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
