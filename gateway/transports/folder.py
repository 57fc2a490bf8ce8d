"""A folder as a sink: one file for each product.

Rules
1. A file is there under its name when it is complete.
2. The same product may come again, and is kept once. Another one of that name gets some of its hash behind it, and
   replaces nothing.
3. Written is accepted: that outlives the program, `kill -9` included. That it outlives the power is `sync`.
4. A private folder and its files are their owner's alone (`gateway.private`).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gateway.errors import DeliveryError, OutputError
from gateway.private import opener, private_folder
from gateway.relay.contract import Refused
from gateway.relay.message import Batch, Product

__all__ = ["FolderSink"]


class FolderSink:
    """Writes into one folder, made when it is missing. Raises OutputError (output-open, output-unwritable)."""

    def __init__(self, name: str, path: Path, *, private: bool = False, sync: bool = False) -> None:
        self.name, self.path, self._private, self._sync = name, path, private, sync
        try:
            if private:
                private_folder(path)
            else:
                path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError("output-unwritable", f"{path} cannot be made: {error.strerror}.") from None
        self._thread = ThreadPoolExecutor(1, name)

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """See `Sink`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, batch.products)
        return ()

    def _write(self, products: Sequence[Product]) -> None:
        try:
            for product in products:
                self._put(product)
            if self._sync:
                folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise DeliveryError("delivery-failed", f"{self.path} cannot be written: {reason}.") from None

    def _put(self, product: Product) -> None:
        path = self.path / f"{product.stem}{product.suffix}"
        if path.exists():
            if path.read_bytes() == product.data:
                return
            digest = hashlib.sha256(product.data).hexdigest()[:12]
            path = self.path / f"{product.stem}-{digest}{product.suffix}"
            if path.exists():
                return
        part = path.with_name(f".{path.name}.part")
        with open(part, "wb", opener=opener if self._private else None) as file:
            file.write(product.data)
            if self._sync:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)

    async def close(self) -> None:
        """See `Sink`."""
        self._thread.shutdown()
