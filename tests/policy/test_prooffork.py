"""A forked child never goes on with its parent's proof log, and leaves it its lock.

Each case is a process of its own: one with threads, as that of the tests may be, should not be forked.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.policy.proof.check import verify

HEAD = """
import os, sys
from pathlib import Path
from gateway.errors import OutputError
from gateway.model.audience import PUBLIC
from gateway.policy.proof.log import ProofLog
from gateway.policy.proof.record import Proof

folder = Path(sys.argv[1])
proof = Proof("1", PUBLIC, "strict", "0" * 64, "pass", "avro", "0" * 64)
log = ProofLog(folder)
log.append(proof)

def tried(what):
    try:
        what()
        print("done", flush=True)
    except OutputError as error:
        print(error.code, flush=True)

def in_child(*steps):
    child = os.fork()
    if not child:
        for step in steps:
            step()
        os._exit(0)
    os.waitpid(child, 0)
"""
CASES = {
    "a child may not append": ("in_child(lambda: tried(lambda: log.append(proof)))", "output-log"),
    "nor begin a file": ("in_child(lambda: tried(log.rotate))", "output-log"),
    "nor make a checkpoint": ("in_child(lambda: tried(log.checkpoint))", "output-log"),
    "it may close it, which does nothing": ("in_child(log.close)", ""),
    "the parent keeps its lock": (
        "in_child(log.close)\ntried(lambda: ProofLog(folder))",
        "output-locked",
    ),
    "the child opens none meanwhile": ("in_child(lambda: tried(lambda: ProofLog(folder)))", "output-locked"),
    "a child does not wait for who was writing": (
        "with log._mutex: in_child(lambda: tried(lambda: log.append(proof)))",
        "output-log",
    ),
    "a child that has not run yet keeps no lock": (
        """
import signal
from gateway.policy.proof import log as module
module._OPEN.clear()  # as if the child were stopped before it could let go of its copies
reader, writer = os.pipe()
if not (child := os.fork()):
    os.read(reader, 1); os._exit(0)
log.close()
tried(lambda: ProofLog(folder).close())
os.kill(child, signal.SIGKILL); os.wait(); log = ProofLog(folder)""",
        "done",
    ),
    "a child that lives longer keeps no lock": (
        """
reader, writer = os.pipe()
if not os.fork():
    os.close(writer); os.read(reader, 1); os._exit(0)
log.close()
tried(lambda: ProofLog(folder).close())
os.close(writer); os.wait(); log = ProofLog(folder)""",
        "done",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_forked_child(case: str, tmp_path: Path) -> None:
    code, said = CASES[case]
    end = "\nlog.append(proof)\nlog.close()"
    done = subprocess.run(
        [sys.executable, "-c", HEAD + code + end, str(tmp_path / "log")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == (said, "", 0)
    found = verify(tmp_path / "log")
    assert found.codes() == set()
    assert found.head.count == 3
