"""What waits for a sink on a disk: a `gateway.relay.contract.Spool` in a file of SQLite's.

Rules
1. A batch that `put` has taken is on the disk: neither `kill -9` nor the end of the power loses it. Batches leave in
   the order in which they came.
2. There is no room for a batch when all that waits would be more than `limit` bytes, or when the disk would have fewer
   than `reserve` bytes left: other programs need some, and so does what takes batches away.
3. What `drop` has forgotten does not come again in this run. When the disk is too full to write that down, it is
   written later; when the process is killed before, it is sent again: at least once.
4. What waits was released to an audience under a profile. The file says to which, and a spool of another one that is
   not empty is refused: who gets its batches now may be allowed to see less.
5. The file is plain tables, without code in them (`gateway.transports.spoolrows`). Positions are not kept; they mean
   nothing to another run. An empty file that has grown is replaced by a new one, which wants no room.
6. Waiting for the disk is done in a thread of the spool's own, one thing after the other, also when nobody waits for
   it any more.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.errors import GatewayError, OutputError
from gateway.relay.message import Batch
from gateway.transports.database import named, open_database
from gateway.transports.spoolrows import FORM, TABLES, Rows

__all__ = ["MAX_EMPTY", "MAX_SPOOL", "MIN_FREE", "SpoolFile"]

MAX_SPOOL = 20 * 2**30
"""Bytes that wait on the disk for one sink: four hours of Rubin's stream as core events, or 15 minutes as packets."""

MIN_FREE = 2**30
"""Bytes that a disk has left when nothing more is spooled: for logs, and for other programs to end in order."""

MAX_EMPTY = 64 * 2**20
"""Bytes that a spool may take on the disk when nothing waits; a larger one is replaced."""

T = TypeVar("T")

log = logging.getLogger("gateway.relay")


class SpoolFile:
    """A spool in a file, which it makes when it is not there.

    audience, profile : to whom what waits was released, and under which policy
    limit, reserve : bytes (rule 2)

    count, bytes : of the batches that wait
    Raises OutputError: output-label for a spool of others (rule 4), output-locked, output-open, output-unwritable.
    """

    def __init__(
        self, file: Path, audience: str, profile: str, *, limit: int = MAX_SPOOL, reserve: int = MIN_FREE
    ) -> None:
        self._file, self._limit, self._reserve = file, limit, reserve
        self._about = {"audience": audience, "profile": profile}
        self._thread = ThreadPoolExecutor(1, f"spool {file.name}")
        self._gone = 0
        self._open()
        try:
            with named(file):
                self.count, self.bytes, self._last = self._rows.totals()
                self._label()
        except GatewayError:
            self._db.close()
            raise

    def _open(self) -> None:
        self._db = open_database(self._file, FORM, TABLES)
        self._rows = Rows(self._db)

    def _label(self) -> None:
        """Rule 4."""
        found = self._rows.about()
        if self.count and found != self._about:
            raise OutputError(
                "output-label",
                f"What waits in {self._file} was released to {found['audience']} under {found['profile']}. Run with "
                "that audience and profile until it is empty, or move the file away.",
            )
        if found != self._about:
            self._anew()

    def _anew(self) -> None:
        """An empty file in the place of this one (rules 4 and 5). The log goes first: it would be read into another."""
        self._db.close()
        self._file.with_name(f"{self._file.name}-wal").unlink(missing_ok=True)
        self._file.unlink()
        self._open()
        self._rows.name(self._about)
        self._gone = self._last = 0

    async def put(self, batch: Batch) -> bool:
        """Keep a batch (rule 1); False when there is no room (rule 2). Raises OutputError when the disk fails."""
        return await self._elsewhere(lambda: self._put(batch))

    def _put(self, batch: Batch) -> bool:
        size = batch.size
        with named(self._file):
            # Each byte is written twice, into SQLite's log first.
            free = shutil.disk_usage(self._file.parent).free - 2 * size
            if self.bytes + size > self._limit or free < self._reserve:
                return False
            self._rows.write(self._last + 1, batch)
        self._last, self.count, self.bytes = self._last + 1, self.count + 1, self.bytes + size
        return True

    async def first(self) -> Batch:
        """The oldest one. Raises OutputError when the disk or the file is damaged."""
        return await self._elsewhere(self._first)

    def _first(self) -> Batch:
        with named(self._file):
            number, _ = self._rows.after(self._gone)
            return self._rows.read(number)

    async def drop(self) -> None:
        """Forget the oldest one (rule 3). Raises OutputError when the disk or the file is damaged."""
        await self._elsewhere(self._drop)

    def _drop(self) -> None:
        with named(self._file):
            self._gone, size = self._rows.after(self._gone)
        self.count, self.bytes = self.count - 1, self.bytes - size
        try:
            with named(self._file):
                self._rows.delete(self._gone)
            stays = False
        except OutputError as error:
            log.warning("What a sink has taken is not out of its spool yet, and may be sent again: %s", error)
            stays = True
        if not self.count:
            with named(self._file):
                if stays or self._rows.size() > MAX_EMPTY:
                    self._anew()

    async def close(self) -> None:
        """Let go of the file, when what is under way has ended. Again is harmless."""
        self._thread.shutdown()
        self._db.close()

    async def _elsewhere(self, work: Callable[[], T]) -> T:
        """Rule 6."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
