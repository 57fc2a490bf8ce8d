"""Standard output as a sink: one product after the other, each with a newline behind it.

Whoever reads a pipe may be slow, so a thread writes. Written is accepted: nobody can ask a pipe what it has.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from gateway.errors import DeliveryError
from gateway.relay.contract import Refused
from gateway.relay.message import Batch

__all__ = ["StdoutSink"]


class StdoutSink:
    """Writes to standard output, or to another file. BrokenPipeError, when its reader has seen enough, goes through."""

    def __init__(self, name: str, file: BinaryIO | None = None) -> None:
        self.name, self._file = name, file if file is not None else sys.stdout.buffer
        self._thread = ThreadPoolExecutor(1, name)

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """See `Sink`."""
        data = b"".join(
            product.data if product.data.endswith(b"\n") else product.data + b"\n"
            for product in batch.products
        )
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, data)
        return ()

    def _write(self, data: bytes) -> None:
        try:
            self._file.write(data)
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise DeliveryError("delivery-failed", f"Standard output cannot be written: {reason}.") from None

    async def close(self) -> None:
        """See `Sink`."""
        self._thread.shutdown(wait=False)
