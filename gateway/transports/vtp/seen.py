"""What a broker has seen, and what it has accepted and not yet broadcast: on a disk, for the next run too.

Rules
1. An event is known by its digest (VTP-41). `accept` says whether it is new, and keeps a new one with its payload;
   nothing of it is safe before `commit`, so nothing is acknowledged before.
2. Many acceptances are one commit: whoever calls commits once a turn of its loop.
3. An event that was handed to every subscriber is `done`. What is not done when the broker dies is `waiting` in the
   next run and is broadcast then: at least once in all. What this run accepts never waits in it: it is under way.
4. A commit outlives the program, `kill -9` included. That it outlives the power is `sync=True`: then each waits for
   the disk.
5. A digest is forgotten `retention` days after it came (the standard does not say when, VTP-42), a part of all
   digests at a time: `prune` looks at one of `STEPS` parts, so that it never takes long.
6. One broker has the folder. A second one is refused.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gateway.errors import OutputError

__all__ = ["MAX_RETENTION", "STEPS", "Seen"]

MAX_RETENTION = 30
"""Days for which an event is known again. Comet keeps them as long; nobody sends an event again after a month."""

STEPS = 65_536
"""Parts of all digests. Of ten million, 150 are in one; one part each 1.3 s goes through all in a day."""

MAX_CACHE = 64 * 1024
"""Kilobytes of the database that are kept in memory. An index of ten million digests has 400 MB; the inner pages,
which each look-up needs, fit in many times."""

DIGEST = 16
"""Bytes of a SHA-256 that are kept: two events that share them will not be found before the Sun is a giant, and
half as many bytes are half the pages."""

_FORM = 1
_TABLES = (
    "CREATE TABLE seen (digest BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE waiting (number INTEGER PRIMARY KEY, payload BLOB NOT NULL)",
)


class Seen:
    """The memory of one broker, in a file. Raises OutputError (output-locked, output-unwritable) when it cannot be
    had.

    file : made when it is not there, readable by its owner alone
    """

    def __init__(self, file: Path, *, retention: float = MAX_RETENTION, sync: bool = False) -> None:
        self._file, self._retention = file, retention * 86_400
        self._done: list[tuple[int]] = []
        self._part = 0
        self._undone = False
        with self._named():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(file, isolation_level=None, timeout=0)
            with ExitStack() as undo:
                undo.callback(self._db.close)
                self._prepare(sync)
                undo.pop_all()  # it can be used, so it stays open

    def _prepare(self, sync: bool) -> None:
        execute = self._db.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
        execute(f"PRAGMA cache_size = -{MAX_CACHE}")
        execute("BEGIN IMMEDIATE")
        (form,) = execute("PRAGMA user_version").fetchone()
        if form not in (0, _FORM):
            reason = "another version of this program wrote it; move it away"
            raise OutputError("output-unwritable", f"{self._file} cannot be used: {reason}.")
        if form == 0:
            for table in _TABLES:
                execute(table)
            execute(f"PRAGMA user_version = {_FORM}")
        # New numbers are above the largest, as long as that one waits.
        (self._earlier,) = execute("SELECT COALESCE(MAX(number), 0) FROM waiting").fetchone()
        execute("COMMIT")

    def knows(self, digest: bytes) -> bool:
        """Whether an event was seen before."""
        with self._named():
            found = self._db.execute("SELECT 1 FROM seen WHERE digest = ?", (digest[:DIGEST],)).fetchone()
            return found is not None

    def accept(self, digest: bytes, payload: bytes, now: float) -> int | None:
        """The number under which a new event waits to be broadcast; None when it was seen before.

        now : seconds since 1970
        """
        with self._named():
            try:
                if not self._db.in_transaction:
                    self._db.execute("BEGIN")
                row = digest[:DIGEST], int(now)
                if not self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", row).rowcount:
                    return None
                return self._db.execute("INSERT INTO waiting (payload) VALUES (?)", (payload,)).lastrowid
            except sqlite3.Error:
                # SQLite may have undone what was accepted before, too.
                self._undone = True
                raise

    def done(self, number: int) -> None:
        """An event was handed to every subscriber; that is written with the next commit."""
        self._done.append((number,))

    def commit(self) -> None:
        """Make all that was accepted and done last (rule 1). When that fails, nothing was accepted."""
        with self._named():
            try:
                if self._undone:
                    raise sqlite3.OperationalError("an event of this turn could not be written")
                if self._done and not self._db.in_transaction:
                    self._db.execute("BEGIN")
                if self._done:
                    self._db.executemany("DELETE FROM waiting WHERE number = ?", self._done)
                if self._db.in_transaction:
                    self._db.execute("COMMIT")
                self._done.clear()
            except sqlite3.Error:
                self._undone = False
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def waiting(self) -> Iterator[tuple[int, bytes]]:
        """What earlier runs accepted and did not do, with its numbers, in the order in which it came: to be asked for
        until it is done, and then no more."""
        earlier = "SELECT number FROM waiting WHERE number <= ? ORDER BY number"
        with self._named():
            numbers = self._db.execute(earlier, (self._earlier,)).fetchall()
            for (number,) in numbers:
                yield self._db.execute(
                    "SELECT number, payload FROM waiting WHERE number = ?", (number,)
                ).fetchone()

    def prune(self, now: float) -> int:
        """Forget what is too old in the next part of all digests; how many that were (rule 5)."""
        part, self._part = self._part, (self._part + 1) % STEPS
        with self._named():
            forgotten = self._db.execute(
                "DELETE FROM seen WHERE digest >= ? AND digest < ? AND at < ?",
                (_prefix(part), _prefix(part + 1), int(now - self._retention)),
            )
            return forgotten.rowcount

    @property
    def count(self) -> int:
        """How many events are known. Counting takes time in proportion: for people, and tests."""
        with self._named():
            found: tuple[int] = self._db.execute("SELECT COUNT(*) FROM seen").fetchone()
            return found[0]

    def close(self) -> None:
        """Commit, and let the file go."""
        self.commit()
        self._db.close()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Errors as sentences."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise OutputError("output-locked", f"Another broker has {self._file}.") from None
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise OutputError("output-unwritable", f"{self._file} cannot be used: {reason}.") from None


def _prefix(part: int) -> bytes:
    """The first digest of a part; behind the last one, what is larger than any digest."""
    return part.to_bytes(2, "big") if part < STEPS else b"\xff" * (DIGEST + 1)
