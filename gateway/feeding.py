"""Files as a source of a broker: VOEvents go out as they are, alerts as VOEvents.

Rules
1. Files and standard input are read once, in order. A folder is watched: what is in it goes out, and then whatever is
   put there. A file counts when it was the same at two looks, so that nobody reads one that is being written.
2. Reading happens in a thread that ends with the program; it waits while nobody takes more (`ready`).
3. What cannot be read or may not go on is reported and the rest goes on.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

from gateway.conversion import Converter
from gateway.errors import GatewayError
from gateway.model.document import Document
from gateway.model.rejected import Rejected
from gateway.transports.files import Declared, items, units

__all__ = ["WATCH", "feed"]

WATCH = 1.0
"""Seconds between two looks into a folder: a file goes out one to two seconds after it was put there."""

PATIENCE = 0.02
"""Seconds between two questions whether somebody takes more."""

Look = dict[str, tuple[int, int, int]]


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

    async def put(some: list[str]) -> None:
        async for found in _read(some, declared, converter):
            while not ready():
                await asyncio.sleep(PATIENCE)
            try:
                publish(_document(found))
            except GatewayError as error:
                failed(error)

    given = list(names)
    folders = [name for name in given if name != "-" and os.path.isdir(name)]
    await put([name for name in given if name not in folders])
    known: Look = {}
    before: Look = {}
    while folders:
        look = _look(folders)
        new = [name for name, state in look.items() if before.get(name) == state and known.get(name) != state]
        await put(new)
        known |= {name: look[name] for name in new}
        before = look
        await asyncio.sleep(WATCH)


def _look(folders: Iterable[str]) -> Look:
    """The files in some folders, sorted, and by what each is known to be the same."""
    found: Look = {}
    for folder in folders:
        for place, _, files in sorted(os.walk(folder)):
            for file in sorted(files):
                path = os.path.join(place, file)
                try:
                    state = os.stat(path)
                except FileNotFoundError:
                    continue  # gone between two looks
                except OSError:
                    found[path] = 0, 0, 0  # whoever reads it says why it cannot be read
                    continue
                found[path] = state.st_ino, state.st_mtime_ns, state.st_size
    return found


def _document(found: bytes | GatewayError) -> bytes:
    if isinstance(found, GatewayError):
        raise found
    return found


async def _read(
    names: list[str], declared: Declared, converter: Converter
) -> AsyncIterator[bytes | GatewayError]:
    """What is in some files (rule 2)."""
    queue: asyncio.Queue[bytes | GatewayError | None] = asyncio.Queue(1)
    loop = asyncio.get_running_loop()

    def put(found: bytes | GatewayError | None) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(found), loop).result()

    def read() -> None:
        try:
            for found in _documents(names, declared, converter):
                put(found)
        finally:
            put(None)

    if names:
        threading.Thread(target=read, name="feed", daemon=True).start()
        while (found := await queue.get()) is not None:
            yield found


def _documents(names: list[str], declared: Declared, converter: Converter) -> Iterator[bytes | GatewayError]:
    for unit in units(names):
        for found in items(unit, declared):
            item = found.item
            if isinstance(item, Rejected):
                yield item.error
            elif isinstance(item, Document):
                yield item.data
            else:
                try:
                    yield converter.convert(item).data
                except GatewayError as error:
                    error.located(input=found.name)
                    yield error
