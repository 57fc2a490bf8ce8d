"""A spool without a disk, with places at which a test can stop it, fill it and break it."""

import asyncio
from collections import deque

from gateway.errors import OutputError
from gateway.relay.message import Batch


class MemorySpool:
    """Keeps so many batches.

    broken : whether the disk fails
    going : a call waits while this is not set
    """

    def __init__(self, room: int = 1000) -> None:
        self.room, self.broken, self.closed = room, False, False
        self.batches: deque[Batch] = deque()
        self.going = asyncio.Event()
        self.going.set()
        self.calls = 0

    @property
    def count(self) -> int:
        return len(self.batches)

    @property
    def bytes(self) -> int:
        return sum(batch.size for batch in self.batches)

    async def put(self, batch: Batch) -> bool:
        self.calls += 1
        await self.going.wait()
        if self.broken:
            raise OutputError("output-unwritable", "The disk is broken.")
        if self.count == self.room:
            return False
        self.batches.append(Batch(batch.products))
        return True

    async def first(self) -> Batch:
        await self.going.wait()
        return self.batches[0]

    async def drop(self) -> None:
        await self.going.wait()
        self.batches.popleft()

    async def close(self) -> None:
        self.closed = True
