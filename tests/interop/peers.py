"""Programs that speak VTP and that we did not write, on loopback: Comet 3.1.0 and pygcn 1.1.3.

Each is a context manager: it gives a peer that is ready, and ends it. Comet takes port 0 and says which it was given;
pygcn does not, so it gets a port that was free a moment ago, and another one when that was taken meanwhile.
"""

import socket
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from interop.process import Running, running

SCRIPTS = Path(sysconfig.get_path("scripts"))
IVOID = "ivo://org.example/comet#broker"
ATTEMPTS = 5
"""How often a free port is looked for: that another program takes it at once is rare."""


def need(package: str) -> None:
    """Skip a test where a peer is not installed."""
    if find_spec(package) is None:
        pytest.skip(
            f"{package} is not installed here (pip install '.[test]'): interoperability is tested where it is"
        )


@dataclass
class Comet:
    """A Comet broker. Port 0 stands for a side that it does not have.

    kept : the folder into which it writes each event that it distributes, exactly as it came
    """

    program: Running
    receive: int
    broadcast: int
    kept: Path

    def events(self, count: int) -> list[bytes]:
        """What it has taken for distribution, as soon as there are so many."""
        self.program.said("Event processed", count)
        return [file.read_bytes() for file in self.kept.glob("*.xml")]


@contextmanager
def comet(
    folder: Path,
    *,
    receive: bool = False,
    broadcast: bool = False,
    remotes: Sequence[int] = (),
    filters: Sequence[str] = (),
    options: Sequence[str] = (),
    path: Sequence[str] = (),
) -> Iterator[Comet]:
    """A Comet broker with what it needs in a folder of its own.

    remotes : ports on loopback of brokers to which it subscribes
    filters : XPath expressions that it asks them to apply
    options : more of its options
    path : folders in which it finds plugins
    """
    need("comet")
    kept = folder / "kept"
    kept.mkdir(parents=True)
    keep = folder / "keep.sh"
    keep.write_text(f'#!/bin/sh\ncat > "{kept}/$$.part" && mv "{kept}/$$.part" "{kept}/$$.xml"\n')
    keep.chmod(0o700)
    arguments = [f"--cmd={keep}", *options, "--author-whitelist=127.0.0.0/8"]
    arguments += ["--subscriber-whitelist=127.0.0.0/8"]
    arguments += ["--receive", "--receive-port=0"] if receive else []
    arguments += ["--broadcast", "--broadcast-port=0", "--broadcast-test-interval=0"] if broadcast else []
    arguments += [f"--remote=127.0.0.1:{port}" for port in remotes]
    arguments += [f"--filter={expression}" for expression in filters]

    def port(side: str, wanted: bool) -> int:
        return int(program.said(rf"VOEvent{side}Factory.* starting on (\d+)")[0][1]) if wanted else 0

    with running(comet_with(folder, arguments), folder, *path) as program:
        ports = port("Receiver", receive), port("Broadcaster", broadcast)
        if remotes:
            program.said("Authenticate received|Subscribing to remote", len(remotes))
        yield Comet(program, *ports, kept)


def comet_with(folder: Path, arguments: Sequence[str]) -> list[object]:
    """The command line of a Comet broker that keeps what it has seen in the folder."""
    twistd = [sys.executable, SCRIPTS / "twistd", "-n", "--pidfile=", "comet", "--verbose"]
    return [*twistd, f"--local-ivo={IVOID}", f"--eventdb={folder / 'seen'}", *arguments]


@contextmanager
def comet_sendvo(folder: Path, port: int, file: Path) -> Iterator[Running]:
    """Comet's author, which sends one event to a port on loopback and ends: 0 for an ack."""
    need("comet")
    arguments = [
        sys.executable,
        SCRIPTS / "comet-sendvo",
        "--host=127.0.0.1",
        f"--port={port}",
        f"--file={file}",
    ]
    with running(arguments, folder) as program:
        yield program


@dataclass
class PygcnListener:
    """``pygcn-listen``, which keeps each event in a file named for its ivorn."""

    program: Running
    folder: Path

    def events(self, ivorns: Sequence[str]) -> list[bytes]:
        """What it has kept, as soon as these events have come."""
        self.program.said("archived ivo://", len(ivorns))
        return [(self.folder / quote_plus(ivorn)).read_bytes() for ivorn in ivorns]


@contextmanager
def pygcn_listen(folder: Path, *ports: int) -> Iterator[PygcnListener]:
    """A pygcn client that has connected to the first of these ports that answers."""
    need("gcn")
    folder.mkdir(parents=True, exist_ok=True)
    brokers = [f"127.0.0.1:{port}" for port in ports]
    with running([sys.executable, SCRIPTS / "pygcn-listen", *brokers], folder) as program:
        program.said("connected to")
        yield PygcnListener(program, folder)


@contextmanager
def pygcn_serve(
    folder: Path, files: Sequence[Path], port: int | None = None
) -> Iterator[tuple[Running, int]]:
    """A pygcn server, and its port: it sends the files to one client at a time, one a second, over and over."""
    need("gcn")
    for _ in range(ATTEMPTS):
        port = port or free_port()
        arguments = [sys.executable, SCRIPTS / "pygcn-serve", f"--host=127.0.0.1:{port}", *files]
        with running(arguments, folder) as program:
            if "bound" in program.said("bound to|in use")[0][0]:
                yield program, port
                return
        port = None
    pytest.fail(f"pygcn-serve found no free port in {ATTEMPTS} attempts.")


def free_port() -> int:
    """A port on loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
