"""The proof log: what was released, to which audience and why, as a chain that only grows.

Rules
1. A log is a folder with files ``proof-00000001.jsonl`` and so on, each of which continues the chain of the one
   before, and a file ``head`` that says how far the chain goes. `gateway.policy.proof.record` has the lines.
2. One process writes, and holds a lock on the folder meanwhile. A second one is refused, and a forked child finds the
   log closed: two that go on with one chain would break it. Locks and forks are POSIX's, so the log is for POSIX only.
3. A record is given to the operating system before `append` returns, so the end of a process loses none. With
   ``every`` it is also on the disk. With ``batch`` the end of the machine may lose those since the last checkpoint,
   which comes every `CHECKPOINT` records and when asked for. The head never counts what is not on the disk.
4. When a log is opened its last file and the head are verified. A torn last line is what a crash leaves: a
   ``repair`` record, which says how many bytes it had and their SHA-256, is written over it. Anything else is no
   crash, and the log is refused.
5. When a record cannot be written there is no proof, so there must be no release: `append` raises, and goes on
   raising until the log is opened anew.
6. The folder is its owner's alone and labelled (`gateway.private`): it has hashes of what went to every audience.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from gateway.errors import GatewayError, OutputError
from gateway.policy.proof.check import HEAD_FILE, log_files, verify
from gateway.policy.proof.record import FORMAT, START, Head, Proof, chain_name, seal
from gateway.private import label, opener, private_folder

__all__ = ["CHECKPOINT", "MAX_FILE", "ProofLog"]

CHECKPOINT = 1000
"""Records after which a checkpoint is made unasked: what an end of the machine may cost, and what it costs to avoid."""

MAX_FILE = 64 * 2**20
"""A file of bytes after which the next is begun; it is verified when the log is opened, in about a second."""

_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW

_LABEL = """\
For: whoever may see all that was released, to any audience

The proof log of voevent-gateway. It has no values, but hashes of what went out; a record says to which audience.
Show a record to that audience. Check the log with `gateway policy verify-log`.
"""


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


class ProofLog:
    """A log to append to, on POSIX. A context manager; threads may share it, processes not.

    folder : made when it is missing; only its owner may enter it
    sync : ``every`` record is on disk before `append` returns, or ``batch`` (rule 3)
    key : makes the chain one of HMACs, see docs/audit.md
    max_file : bytes after which the next file is begun
    Raises OutputError: output-locked when another process writes the log, output-log when it is not as it was left,
    output-open when others may enter the folder, output-unwritable.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sync: Literal["every", "batch"] = "every",
        key: bytes | None = None,
        max_file: int = MAX_FILE,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.folder = folder
        self._every, self._key, self._max_file, self._clock = sync == "every", key, max_file, clock
        self._mutex = threading.Lock()
        self._head = self._synced = START
        self._number = self._size = 0
        self._lock = self._file = -1
        self._owner = os.getpid()
        try:
            private_folder(folder)
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self._take_lock()
            self._resume()
            label(folder, _LABEL)
            self._checkpoint()
        except OSError as error:
            raise self._failed(error) from None
        except GatewayError:
            self._let_go()
            raise
        _OPEN.add(self)

    @property
    def head(self) -> Head:
        """How far the log goes. Keep it elsewhere from time to time, and a missing end will be found."""
        return self._head

    def append(self, proof: Proof) -> Head:
        """Record one release, before its bytes go anywhere. Returns the head with this record.

        Raises OutputError (output-unwritable, output-log), LimitError (limit-size) for a record that is too long.
        """
        with self._writing():
            if self._size >= self._max_file:
                self._begin()
            self._put("release", proof.fields())
            if self._head.count - self._synced.count >= CHECKPOINT:
                self._checkpoint()
            elif self._every:
                os.fdatasync(self._file)
            return self._head

    def checkpoint(self) -> Head:
        """Put all records and then the head on disk. Raises OutputError."""
        with self._writing():
            self._checkpoint()
            return self._head

    def rotate(self) -> None:
        """Begin the next file. Raises OutputError."""
        with self._writing():
            self._begin()

    def close(self) -> None:
        """Make a checkpoint and let others write; again is harmless. Raises OutputError when the checkpoint fails."""
        if self._file >= 0:
            self.checkpoint()
            self._let_go()

    def __enter__(self) -> ProofLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._mutex:
            if self._file < 0:
                raise OutputError(
                    "output-log",
                    f"The proof log {self.folder} is closed: by an error, or because this process was forked.",
                )
            try:
                yield
            except OSError as error:
                raise self._failed(error) from None

    def _failed(self, error: OSError) -> OutputError:
        self._let_go()
        return OutputError(
            "output-unwritable", f"The proof log {self.folder} cannot be written: {error.strerror}."
        )

    def _let_go(self) -> None:
        """Close the files. Whoever owned the lock gives it back first: a forked child that has not yet run may still
        hold a copy of its descriptor, and would keep it."""
        if self._lock >= 0 and self._owner == os.getpid():
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                "output-locked", f"Another process writes the proof log {self.folder}."
            ) from None

    def _resume(self) -> None:
        """Go on where the last file ends, or begin the first one (rule 4)."""
        files = log_files(self.folder)
        if files:
            self._file = os.open(files[-1], _FLAGS)
            self._number = int(files[-1].stem.removeprefix("proof-"))
            self._size, torn = _whole(self._file)
        # A file without a whole line is what a crash left of beginning it; the chain ends in the one before.
        begun = files if self._size else files[:-1]
        has_head = (self.folder / HEAD_FILE).exists()
        if begun:
            verdict = verify(begun[-1:], key=self._key, since=None)
            if verdict.errors() - ({"PL-06"} if begun is files else set()):
                raise self._broken()
            self._head = verdict.head
        elif has_head:
            raise self._broken()
        if not files:
            self._begin()
            return
        if not self._size:
            self._put("open", self._opening())
        if torn:
            cut = {"fault": "torn", "bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}
            self._put("repair", cut)
            os.ftruncate(self._file, self._size)  # after the record, so that a crash just now hides nothing
        if begun and not has_head:
            self._put("repair", {"fault": "no-head"})

    def _broken(self) -> OutputError:
        return OutputError("output-log", f"The proof log {self.folder} is not as it was left.")

    def _begin(self) -> None:
        """Begin the next file, after everything before it is on disk."""
        if self._file >= 0:
            self._checkpoint()
            os.close(self._file)
            self._file = -1
        self._number += 1
        path = self.folder / f"proof-{self._number:08}.jsonl"
        self._file = opener(str(path), _FLAGS | os.O_CREAT | os.O_EXCL)
        self._size = 0
        os.fsync(self._lock)
        self._put("open", self._opening())

    def _opening(self) -> dict[str, Any]:
        return {"format": FORMAT, **chain_name(self._key)}

    def _put(self, kind: str, fields: Mapping[str, Any]) -> None:
        start = {"seq": self._head.count, "time": self._clock().astimezone(UTC), "kind": kind}
        line, digest = seal({**start, **fields}, self._head.hash, self._key)
        if os.pwrite(self._file, line, self._size) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += len(line)
        self._head = Head(self._head.count + 1, digest)

    def _checkpoint(self) -> None:
        os.fsync(self._file)
        part = self.folder / f"{HEAD_FILE}.part"
        with open(part, "w", encoding="ascii", opener=opener) as file:
            file.write(f"{self._head}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / HEAD_FILE)
        os.fsync(self._lock)
        self._synced = self._head


def _whole(descriptor: int) -> tuple[int, bytes]:
    """How many bytes of a file are whole lines, and the bytes after them."""
    size = os.fstat(descriptor).st_size
    if not size:
        return 0, b""
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as view:
        whole = view.rfind(b"\n") + 1
        return whole, view[whole:]


_OPEN: weakref.WeakSet[ProofLog] = weakref.WeakSet()


def _after_fork() -> None:
    """Rule 2. Closing the child's copies leaves the parent its lock."""
    for log in _OPEN:
        log._mutex = threading.Lock()  # another thread of the parent may have held it
        log._let_go()


os.register_at_fork(after_in_child=_after_fork)
