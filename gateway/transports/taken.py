"""Which files were read, and how far: in a file of our own, for the next run.

Rules
1. A file is known by its path, inode, time and size. One that has changed is another one, and is read anew.
2. What is recorded outlives the program, `kill -9` included. What was not recorded is read again: at least once.
3. Files that are gone are forgotten, so the record does not grow with what has passed through a folder.
4. One program has the record. A second one is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.transports.database import named, open_database

__all__ = ["At", "State", "Taken"]

State = tuple[int, int, int]
"""Inode, time of the last change in ns, and bytes of a file (rule 1)."""

_FORM = 1
_TABLE = """CREATE TABLE taken (
    path TEXT PRIMARY KEY, inode INTEGER, changed INTEGER, size INTEGER, count INTEGER, whole INTEGER
) WITHOUT ROWID"""


@dataclass(frozen=True, slots=True)
class At:
    """Resume after this: item `number` of a file, from 0.

    last : there is none after it
    """

    path: str
    state: State
    number: int
    last: bool


class Taken:
    """The record. Raises OutputError (output-locked, output-open, output-unwritable) when it cannot be had.

    known : of the files that earlier runs have read, how many items, and whether these were all
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._db = open_database(file, _FORM, (_TABLE,))
        with named(file):
            # What the power loses is read again; waiting for the disk would keep others waiting, in the loop.
            self._db.execute("PRAGMA synchronous = NORMAL")
            rows = self._db.execute("SELECT * FROM taken").fetchall()
        self.known: dict[str, tuple[State, int, bool]] = {
            path: ((inode, changed, size), count, bool(whole))
            for path, inode, changed, size, count, whole in rows
        }
        self.forget(path for path in list(self.known) if not os.path.lexists(path))

    def took(self, places: Iterable[At]) -> None:
        """Record that all up to these need not be read again. Raises OutputError."""
        rows = {at.path: (at.path, *at.state, at.number + 1, at.last) for at in places}
        with named(self._file), self._db:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO taken VALUES (?, ?, ?, ?, ?, ?)", rows.values())

    def forget(self, paths: Iterable[str]) -> None:
        """Forget files that are gone. Raises OutputError."""
        gone = [(path,) for path in paths]
        if gone:
            with named(self._file), self._db:
                self._db.execute("BEGIN")
                self._db.executemany("DELETE FROM taken WHERE path = ?", gone)

    def close(self) -> None:
        """Let the file go."""
        self._db.close()
