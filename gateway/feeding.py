"""Files as a source of a broker: VOEvents go out as they are, alerts as VOEvents.

Rules
1. `gateway.transports.watched` reads them: files and standard input once, folders for as long as the broker runs.
2. It waits while nobody takes more (`ready`).
3. What cannot be read or may not go on is reported and the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from gateway.conversion import Converter
from gateway.errors import GatewayError
from gateway.model.document import Document
from gateway.model.rejected import Rejected
from gateway.relay.message import Message
from gateway.transports.files import Declared
from gateway.transports.watched import FileSource

__all__ = ["PATIENCE", "feed"]

PATIENCE = 0.02
"""Seconds between two questions whether somebody takes more."""


async def feed(
    names: Iterable[str],
    declared: Declared,
    converter: Converter,
    publish: Callable[[bytes], None],
    ready: Callable[[], bool],
    failed: Callable[[GatewayError], None],
) -> None:
    """Publish what is in files and folders. Ends when there are no folders, else never.

    publish : takes a document; raises GatewayError when it may not go on
    ready : whether another one is wanted
    failed : is told of what cannot be read or may not go on
    """
    source = FileSource("feed", names, declared)
    try:
        async for messages in source.batches():
            for message in messages:
                await asyncio.sleep(0)  # others have their turn
                while not ready():
                    await asyncio.sleep(PATIENCE)
                try:
                    publish(_document(message, converter))
                except GatewayError as error:
                    failed(error)
    finally:
        await source.close()


def _document(message: Message, converter: Converter) -> bytes:
    item = message.item
    assert item is not None
    if isinstance(item, Rejected):
        raise item.error
    if isinstance(item, Document):
        return item.data
    try:
        return converter.convert(item).data
    except GatewayError as error:
        raise error.located(input=message.name) from None
