"""The command `gateway` of this checkout, as a program of its own."""

import sys
from contextlib import contextmanager

from interop.process import running

OURS = (sys.executable, "-u", "-c", "from gateway.cli import main; main()")


@contextmanager
def serving(folder):
    """Our broker, and its ports for authors and for subscribers."""
    folder.mkdir()
    options = [
        "--receive",
        "127.0.0.1:0",
        "--broadcast",
        "127.0.0.1:0",
        "--origin",
        "external",
        "--state",
        "state",
    ]
    with running([*OURS, "vtp", "serve", *options, "--log-level", "debug"], folder) as program:
        ports = [int(program.said(rf"^{role} .*:(\d+)$")[0][1]) for role in ("receive", "broadcast")]
        yield program, *ports
