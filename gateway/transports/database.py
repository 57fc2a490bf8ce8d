"""A file of SQLite's that one process has: how it is opened, and its errors as sentences.

Rules
1. The file is its owner's alone and appears when it is first asked for; so does what SQLite puts beside it. Its folder
   has to be private, too (`gateway.private`).
2. One process has it. A second one, or a second opening in the same one, is refused. Any of its threads may use it,
   one at a time.
3. Its form has a number. A file of another form is refused and not touched.
4. A commit outlives the process, `kill -9` included, and the power: each waits for the disk.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gateway.errors import OutputError
from gateway.private import opener, private_folder

__all__ = ["named", "open_database"]


def open_database(file: Path, form: int, tables: Sequence[str]) -> sqlite3.Connection:
    """Open a file, or make it with these tables. Raises OutputError (output-locked, output-open, output-unwritable)."""
    with named(file), ExitStack() as undo:
        private_folder(file.parent)
        os.close(opener(str(file), os.O_CREAT | os.O_RDWR))
        made = sqlite3.connect(file, isolation_level=None, timeout=0, check_same_thread=False)
        undo.callback(made.close)
        made.execute("PRAGMA locking_mode = EXCLUSIVE")
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("PRAGMA synchronous = FULL")
        # Overwriting what is deleted is twice the work, and whoever may read the file could read it before.
        made.execute("PRAGMA secure_delete = OFF")
        made.execute("BEGIN IMMEDIATE")
        (found,) = made.execute("PRAGMA user_version").fetchone()
        if found not in (0, form):
            reason = "another version of this program wrote it; move it away"
            raise OutputError("output-unwritable", f"{file} cannot be used: {reason}.")
        if found == 0:
            for table in tables:
                made.execute(table)
            made.execute(f"PRAGMA user_version = {form}")
        made.execute("COMMIT")
        undo.pop_all()  # it can be used, so it stays open
        return made


@contextmanager
def named(file: Path) -> Iterator[None]:
    """Errors as sentences: OutputError."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise OutputError("output-locked", f"Another process has {file}.") from None
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise OutputError("output-unwritable", f"{file} cannot be used: {reason}.") from None
