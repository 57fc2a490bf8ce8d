"""A folder of Avro containers as a sink: one a night or a visit, and one for each schema.

Rules
1. A container is there under its name when it is complete: when it has become as long as one may be, when nothing was
   added for a while, when too many others are open, and at the end. A later one of the same night has a number behind.
2. Each batch ends a block in each container that it goes to, and is accepted when these blocks are written: that
   outlives the program, `kill -9` included. That it outlives the power is `sync`.
3. What a dead program left incomplete is completed at the next start: the blocks that are whole.
4. When the disk fails, what was begun is taken back, the container is completed as it is, and the batch comes again in
   another one.
5. One program has the folder.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from gateway.codecs.container import Writer, open_blocks
from gateway.errors import DeliveryError, GatewayError, OutputError
from gateway.model.rejected import Rejected
from gateway.private import opener, private_folder
from gateway.relay.contract import Refused
from gateway.relay.message import Batch, Product
from gateway.transports.night import Per, label

__all__ = ["MAX_IDLE", "MAX_OPEN", "MAX_SIZE", "RotatingSink"]

MAX_SIZE = 256 * 2**20
"""Bytes of a container: a visit of ten thousand alerts is one to four, and a tool may read a whole one at once."""

MAX_OPEN = 8
"""Containers that are open at a time: visits overlap, and streams have two schemas when a new one comes."""

MAX_IDLE = 120.0
"""Seconds without an alert after which a container is complete: the next visit has begun since."""

SYNC = 16
"""Bytes of a marker between blocks."""

log = logging.getLogger("gateway.relay")


class _Growing:
    """A container that is not complete."""

    def __init__(self, path: Path, product: Product, codec: str, private: bool) -> None:
        assert product.datum is not None
        self.path, self.part = path, _part(path)
        self.file: BinaryIO = open(  # noqa: SIM115 - `complete` closes it
            self.part, "xb", opener=opener if private else None
        )
        self.writer = Writer(self.file, product.datum.schema, codec)
        self.good = 0
        self.used = 0.0

    def end_block(self, sync: bool) -> None:
        self.writer.flush()
        self.file.flush()
        if sync:
            os.fsync(self.file.fileno())
        self.good = self.file.tell()

    def complete(self) -> None:
        """Rule 1, of what is good. Without a block there is no file."""
        with suppress(OSError):  # what the disk did not take is taken back
            self.file.close()
        os.truncate(self.part, self.good)
        if self.good:
            self.part.replace(self.path)
        else:
            self.part.unlink()


class RotatingSink:
    """Writes into one folder, made when it is missing. Raises OutputError (output-open, output-unwritable,
    output-locked).

    per : a container for each of these
    size, idle : see rule 1; in bytes and seconds
    clock : seconds, for `idle`
    """

    def __init__(
        self,
        name: str,
        path: Path,
        *,
        per: Per = "night",
        size: int = MAX_SIZE,
        idle: float = MAX_IDLE,
        codec: str = "zstandard",
        private: bool = False,
        sync: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.path, self._per, self._size, self._idle = name, path, per, size, idle
        self._codec, self._private, self._sync, self._clock = codec, private, sync, clock
        self._growing: OrderedDict[tuple[str, str], _Growing] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._lock = -1
        try:
            if private:
                private_folder(path)
            else:
                path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for part in sorted(path.glob(".*.avro.part")):
                recover(part)
        except BlockingIOError:
            self._unlock()
            raise OutputError("output-locked", f"Another program writes into {path}.") from None
        except OSError as error:
            self._unlock()
            raise OutputError("output-unwritable", f"{path} cannot be used: {error.strerror}.") from None
        self._thread = ThreadPoolExecutor(1, name)

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """See `Sink`. What is no Avro is refused."""
        loop = asyncio.get_running_loop()
        refused = await loop.run_in_executor(self._thread, self._write, batch.products)
        if self._timer is None and self._growing:
            self._timer = loop.call_later(self._idle, self._look)
        return refused

    async def close(self) -> None:
        """See `Sink`. Completes what is open."""
        if self._timer is not None:
            self._timer.cancel()
        if self._lock >= 0:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._complete_all)
            self._thread.shutdown()
            self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        loop.run_in_executor(self._thread, self._complete_idle)
        if self._growing:
            self._timer = loop.call_later(self._idle, self._look)

    # In the thread

    def _write(self, products: Sequence[Product]) -> list[Refused]:
        refused: list[Refused] = []
        touched: dict[tuple[str, str], None] = {}
        try:
            for product in products:
                if product.datum is None:
                    refused.append(
                        (product, DeliveryError("delivery-refused", "A container takes Avro only."))
                    )
                    continue
                try:
                    key = product.datum.schema.sha256, label(product.datum, product.time, self._per)
                except GatewayError as error:
                    refused.append((product, error))
                    continue
                touched[key] = None
                self._grown(key, product).writer.add(product.datum.payload)
            for key in touched:
                if key in self._growing:
                    self._growing[key].end_block(self._sync)
            self._complete(
                [key for key in touched if key in self._growing and self._growing[key].good >= self._size]
            )
        except OSError as error:
            self._complete_all()
            reason = error.strerror or "unknown reason"
            raise DeliveryError("delivery-failed", f"{self.path} cannot be written: {reason}.") from None
        return refused

    def _grown(self, key: tuple[str, str], product: Product) -> _Growing:
        found = self._growing.get(key)
        if found is None:
            if len(self._growing) >= MAX_OPEN:
                oldest = next(iter(self._growing))
                self._growing[oldest].end_block(self._sync)
                self._complete([oldest])
            path = _free(self.path, self._stem(key[1], product))
            found = self._growing[key] = _Growing(path, product, self._codec, self._private)
        self._growing.move_to_end(key)
        found.used = self._clock()
        return found

    def _stem(self, when: str, product: Product) -> str:
        assert product.datum is not None
        schema = product.datum.schema
        kind = str(schema.key).replace("/", "-") if schema.key is not None else schema.sha256[:12]
        return f"{kind}-{self._per}-{when}"

    def _complete_all(self) -> None:
        self._complete(list(self._growing))

    def _complete_idle(self) -> None:
        now = self._clock()
        self._complete([key for key, one in self._growing.items() if now - one.used >= self._idle])

    def _complete(self, keys: Sequence[tuple[str, str]]) -> None:
        for key in keys:
            one = self._growing.pop(key)
            try:
                one.complete()
            except OSError as error:
                # What is in it is safe: the next start completes it.
                log.error("%s: %s cannot be completed now: %s", self.name, one.path, error.strerror)


def recover(part: Path) -> None:
    """Complete what a dead program left (rule 3). What has not one whole block is removed. Raises OSError."""
    good = 0
    with part.open("rb") as file:
        try:
            _, blocks = open_blocks(file, leave=True)
            for block in blocks:
                if isinstance(block, Rejected) or block.place is None:
                    break
                good = sum(block.place) + SYNC
        except GatewayError:
            good = 0  # it ends in its header, before anything was accepted
    if not good:
        part.unlink()
        return
    os.truncate(part, good)
    path = part.with_name(part.name.removeprefix(".").removesuffix(".part"))
    if path.exists():
        path = _free(path.parent, path.stem)
    part.replace(path)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _free(folder: Path, stem: str) -> Path:
    """A name that is not taken, with a number if need be."""
    names = (folder / f"{stem}{f'-{number}' if number > 1 else ''}.avro" for number in count(1))
    return next(path for path in names if not path.exists() and not _part(path).exists())
