"""Batches as rows of tables: the form of a spool (`gateway.transports.spool`), readable with ``sqlite3 FILE``.

about    name, value: audience and profile, to whom and under which policy all of it was released
schema   the schemas of Avro products: the SHA-256 of the canonical form, and the JSON
batch    number, which counts up, and bytes
product  the fields of `Product`, by batch and place in it. headers is JSON, a list of [name, value in base64].
         schema, codec, tail and datum are of Avro only. A datum that is the end of data, as in most framings, is
         not kept again: tail says how long it is.
"""

from __future__ import annotations

import base64
import sqlite3

import orjson

from gateway.codecs.datum import Datum
from gateway.model.alert import AlertSchema
from gateway.relay.message import Batch, Headers, Product
from gateway.schema.parse import parse_schema
from gateway.schema.registry import by_sha256

__all__ = ["FORM", "TABLES", "Rows"]

FORM = 1
TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE schema (sha256 TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE batch (number INTEGER PRIMARY KEY, bytes INTEGER NOT NULL)",
    """CREATE TABLE product (batch INTEGER NOT NULL, place INTEGER NOT NULL, data BLOB NOT NULL, stem TEXT NOT NULL,
    suffix TEXT NOT NULL, ivorn TEXT, role TEXT, key BLOB, headers TEXT NOT NULL, time REAL NOT NULL, schema TEXT,
    codec TEXT, tail INTEGER, datum BLOB, PRIMARY KEY (batch, place))""",
)
_WRITE = """INSERT INTO product
    (batch, place, data, stem, suffix, ivorn, role, key, headers, time, schema, codec, tail, datum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_READ = """SELECT data, stem, suffix, ivorn, role, key, headers, time, schema, codec, tail, datum
    FROM product WHERE batch = ? ORDER BY place"""


class Rows:
    """Writes and reads batches in a database with `TABLES`. Raises sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self._schemas: dict[str, AlertSchema] = {}

    def write(self, number: int, batch: Batch) -> None:
        """Write a batch, as one transaction."""
        schemas = {one.datum.schema.sha256: one.datum.schema.json for one in batch.products if one.datum}
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("INSERT INTO batch VALUES (?, ?)", (number, batch.size))
            self._db.executemany(
                "INSERT OR IGNORE INTO schema VALUES (?, ?)",
                ((sha256, orjson.dumps(json).decode()) for sha256, json in schemas.items()),
            )
            self._db.executemany(
                _WRITE, ((number, place, *_row(product)) for place, product in enumerate(batch.products))
            )

    def read(self, number: int) -> Batch:
        """The batch of a number."""
        return Batch(tuple(self._product(*row) for row in self._db.execute(_READ, (number,))))

    def after(self, number: int) -> tuple[int, int]:
        """Number and bytes of the oldest batch behind that of a number."""
        found: tuple[int, int] = self._db.execute(
            "SELECT number, bytes FROM batch WHERE number > ? ORDER BY number LIMIT 1", (number,)
        ).fetchone()
        return found

    def delete(self, number: int) -> None:
        """Delete the batches up to that of a number, as one transaction."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM product WHERE batch <= ?", (number,))
            self._db.execute("DELETE FROM batch WHERE number <= ?", (number,))

    def totals(self) -> tuple[int, int, int]:
        """How many batches there are, their bytes, and the number of the newest, 0 when there is none."""
        found: tuple[int, int, int] = self._db.execute(
            "SELECT COUNT(*), COALESCE(SUM(bytes), 0), COALESCE(MAX(number), 0) FROM batch"
        ).fetchone()
        return found

    def size(self) -> int:
        """Bytes of the file, with what is free in it."""
        pages, page = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
        )
        return int(pages * page)

    def about(self) -> dict[str, str]:
        """What is said of all of it."""
        return dict(self._db.execute("SELECT name, value FROM about").fetchall())

    def name(self, about: dict[str, str]) -> None:
        """Say something of all of it, for the first time."""
        with self._db:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO about VALUES (?, ?)", about.items())

    def _product(
        self,
        data: bytes,
        stem: str,
        suffix: str,
        ivorn: str | None,
        role: str | None,
        key: bytes | None,
        headers: str,
        time: float,
        sha256: str | None,
        codec: str | None,
        tail: int | None,
        payload: bytes,
    ) -> Product:
        datum = None
        if sha256 is not None:
            datum = Datum(self._schema(sha256), payload if tail is None else data[len(data) - tail :], codec)
        return Product(data, stem, suffix, ivorn, role, datum, key, _headers(headers), time)

    def _schema(self, sha256: str) -> AlertSchema:
        found = self._schemas.get(sha256) or by_sha256(sha256)
        if found is None:
            (json,) = self._db.execute("SELECT json FROM schema WHERE sha256 = ?", (sha256,)).fetchone()
            found = parse_schema(orjson.loads(json))
        self._schemas[sha256] = found
        return found


def _row(product: Product) -> tuple[object, ...]:
    """The values of `_WRITE` behind batch and place."""
    headers = [[name, base64.b64encode(value).decode("ascii")] for name, value in product.headers]
    schema = codec = tail = payload = None
    if product.datum is not None:
        schema, codec, payload = product.datum.schema.sha256, product.datum.codec, product.datum.payload
        if product.data.endswith(payload):
            tail, payload = len(payload), None
    return (
        product.data,
        product.stem,
        product.suffix,
        product.ivorn,
        product.role,
        product.key,
        orjson.dumps(headers).decode(),
        product.time,
        schema,
        codec,
        tail,
        payload,
    )


def _headers(text: str) -> Headers:
    return tuple((name, base64.b64decode(value)) for name, value in orjson.loads(text))
