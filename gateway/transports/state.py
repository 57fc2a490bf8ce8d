"""What the workers of a gateway know together: which products a sink has. In SQLite or PostgreSQL, by one code.

Rules
1. A digest is recorded when the sink has accepted what it is of, and asked for before it is sent
   (`gateway.relay.once`). So a worker that is killed between the two sends again, and nothing is lost; two workers that
   send the same at the same time both do.
2. A digest is forgotten after `retention`. `prune` takes `MAX_PRUNED` at a time by an index, so that no call takes
   longer when there are many.
3. A database is a URL: ``sqlite:////var/lib/gateway/state.db``, a file that is its owner's alone and that the processes
   of one machine share; ``postgresql://user@host/name`` for several machines. Its password is in no error and no log.
4. It is asked in a thread of its own. When it does not answer, OutputError (output-state) says so, nothing is sent
   meanwhile and nothing lost.

Quotas will be a second table, of counts by key with the same expiry and the same pruning.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, delete, event, make_url, select
from sqlalchemy import create_engine as engine_of
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.errors import OutputError, SettingsError
from gateway.private import opener, private_folder

__all__ = ["MAX_PRUNED", "MAX_RETENTION", "SharedState"]

MAX_RETENTION = 7 * 86_400
"""Seconds for which a product is known again: as long as a topic of the survey keeps its messages, and longer than
anybody lets a gateway stand still who reads from one."""

MAX_PRUNED = 1000
"""Digests that are forgotten by one call: a visit brings ten thousand, so ten calls a visit keep up."""

MAX_ASKED = 500
"""Digests in one statement. Databases bound it, and compile each number of them anew."""

MAX_WAIT = 30
"""Seconds to wait for a database that is locked or does not answer."""

DIGEST = 16
"""Bytes of a SHA-256 that are kept; see `gateway.transports.vtp.seen`."""

_TABLES = MetaData()
_SENT = Table(
    "gateway_sent_1",  # the number is that of the form
    _TABLES,
    Column("digest", LargeBinary(DIGEST), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)

# The same words in both, and no word of theirs together in the library.
_INSERT: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

T = TypeVar("T")


class SharedState:
    """Raises SettingsError (settings-value) for what is no URL of a database, OutputError (output-state, output-open).

    retention : seconds (rule 2)
    """

    def __init__(self, url: str, *, retention: float = MAX_RETENTION) -> None:
        self._url, self._retention = _parsed(url), int(retention)
        self._thread = ThreadPoolExecutor(1, "shared state")
        self._record_one = _recording(_INSERT[self._url.get_backend_name()](_SENT))
        with self._named():
            self._engine = _engine(self._url)
            self._prepare()

    def _prepare(self) -> None:
        with self._engine.begin() as connection:
            if self._url.get_backend_name() == "postgresql":
                # Two workers that begin at the same time must not both make the table.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(80980)")
            else:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            _TABLES.create_all(connection)

    async def known(self, digests: Collection[bytes], now: float) -> set[bytes]:
        """Those that were recorded and not forgotten. `now` is in seconds since 1970."""
        return await self._elsewhere(lambda: self._known(digests, int(now)))

    def _known(self, digests: Collection[bytes], now: int) -> set[bytes]:
        short = {digest[:DIGEST]: digest for digest in digests}
        found: set[bytes] = set()
        with self._engine.connect() as connection:
            for part in _parts(short):
                query = select(_SENT.c.digest).where(_SENT.c.digest.in_(part), _SENT.c.expires > now)
                found.update(short[bytes(digest)] for (digest,) in connection.execute(query))
        return found

    async def record(self, digests: Collection[bytes], now: float) -> None:
        """These were accepted. Again is harmless."""
        await self._elsewhere(lambda: self._record(digests, int(now)))

    def _record(self, digests: Collection[bytes], now: int) -> None:
        # In one order for all workers: two that lock the same rows in two orders wait for each other.
        short = sorted({digest[:DIGEST] for digest in digests})
        rows = [{"digest": digest, "expires": now + self._retention} for digest in short]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(self._record_one, rows)

    async def prune(self, now: float) -> int:
        """Forget some of those that are too old (rule 2); how many that were."""
        return await self._elsewhere(lambda: self._prune(int(now)))

    def _prune(self, now: int) -> int:
        old = select(_SENT.c.digest).where(_SENT.c.expires <= now).order_by(_SENT.c.expires).limit(MAX_PRUNED)
        with self._engine.begin() as connection:
            return connection.execute(delete(_SENT).where(_SENT.c.digest.in_(old))).rowcount

    async def close(self) -> None:
        """Let go of the database. Again is harmless."""
        self._thread.shutdown()
        self._engine.dispose()

    async def _elsewhere(self, work: Callable[[], T]) -> T:
        """Rule 4."""

        def named() -> T:
            with self._named():
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, named)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, ImportError) as error:
            # What a database says may quote what it was given.
            where = self._url.set(username=None, password=None, query={})
            kind = type(getattr(error, "orig", None) or error).__name__
            raise OutputError(
                "output-state", f"The shared state in {where} cannot be used: {kind}."
            ) from None


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and url.database:
        return url
    raise SettingsError(
        "settings-value",
        "The shared state is in a database such as sqlite:////var/lib/gateway/state.db or postgresql://user@host/name.",
    )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return engine_of(
            url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args={"connect_timeout": MAX_WAIT}
        )
    file = Path(url.database or "")
    private_folder(file.parent)
    os.close(opener(str(file), os.O_CREAT | os.O_RDWR))
    made = engine_of(url, connect_args={"timeout": MAX_WAIT, "check_same_thread": False})
    event.listen(made, "connect", _shared_file)
    return made


def _shared_file(connection: sqlite3.Connection, record: Any) -> None:
    """Readers and a writer at the same time. A commit outlives the process; one that the end of the power takes with it
    has something sent twice."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _recording(new: Any) -> Any:
    """The statement that records one digest, or renews it."""
    return new.on_conflict_do_update(index_elements=["digest"], set_={"expires": new.excluded.expires})


def _parts(digests: Iterable[bytes]) -> Iterator[list[bytes]]:
    every = list(digests)
    for start in range(0, len(every), MAX_ASKED):
        yield every[start : start + MAX_ASKED]
