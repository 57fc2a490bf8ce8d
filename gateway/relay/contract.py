"""What a source and a sink promise, and what a route promises them.

Rules
1. A source gives messages in lists: those of one partition in order, as many as are there, none of them twice while it
   runs. It reads little ahead of what is asked for, so whoever does not ask makes it wait.
2. `ack` says that messages need not come again. A source hears of them in the order in which it gave them. What was
   not acknowledged when a run ends, however it ends, comes again in the next one: at least once.
3. A sink has accepted a batch when `send` returns: then it outlives this process. One that raises `DeliveryError` may
   have accepted some of it, and gets the same batch again.
4. What a sink will never take (too long, say) it returns with the reason, and the rest of the batch is accepted.
5. Nothing else is raised on purpose. Cancelling a call is how it is ended; nothing is lost by it, for nothing was
   acknowledged.

`gateway.transports.memory` has both for tests of those who write programs with this package, and
``tests/transports/contract.py`` is run over each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from gateway.errors import GatewayError
from gateway.relay.message import Batch, Message, Position, Product

__all__ = ["Connected", "Refused", "Sink", "Source", "Spool"]

Refused = tuple[Product, GatewayError]


class Source(Protocol):
    """Where messages come from."""

    name: str

    def batches(self) -> AsyncIterator[Sequence[Message]]:
        """Messages, until there are no more or `stop` was called. Raises SourceError when it cannot go on."""

    def ack(self, positions: Sequence[Position]) -> None:
        """These need not come again (rule 2). It may take a moment until that is safe, and is after `close`."""

    def stop(self) -> None:
        """Give no more messages: `batches` ends."""

    async def close(self) -> None:
        """Make acknowledgements safe, and let go of everything. Again is harmless."""


@runtime_checkable
class Connected(Protocol):
    """A source that may be without what it reads from, and says so: for readiness, not for routes."""

    @property
    def problem(self) -> str | None:
        """A code of `gateway.errors.CODES`, None while it can read (it is connected; it has partitions)."""


class Sink(Protocol):
    """Where products go."""

    name: str

    async def send(self, batch: Batch) -> Sequence[Refused]:
        """Send all products, in order. Returns those that are never taken. Raises DeliveryError (delivery-failed)."""

    async def close(self) -> None:
        """Let go of everything; what was sent is safe already. Again is harmless."""


class Spool(Protocol):
    """Batches on a disk that wait for a sink that does not take them: what is put there outlives this process.

    count, bytes : of the batches that wait
    """

    count: int
    bytes: int

    async def put(self, batch: Batch) -> bool:
        """Keep a batch at the end; False when there is no room. Raises OutputError when the disk fails."""

    async def first(self) -> Batch:
        """The oldest one, without its positions. Raises OutputError."""

    async def drop(self) -> None:
        """Forget the oldest one: the sink has it. Raises OutputError."""

    async def close(self) -> None:
        """Let go of the file. Again is harmless."""
