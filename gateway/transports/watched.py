"""Files, folders and standard input as a source of messages, opened.

Rules
1. Files and standard input are read once, in order. A folder is watched: what is in it comes, and then whatever is
   put there. A file counts when it was the same at two looks, so that nobody reads one that is being written.
2. Reading happens in a thread that ends with the program; it waits while nobody takes more.
3. What cannot be read comes as `Rejected`, once, and again when the file has changed.
4. With a record (`gateway.transports.taken`) the next run goes on after what was acknowledged. Without one, and for
   standard input, nothing is remembered.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from functools import partial

from gateway.errors import OutputError
from gateway.model.alert import Alert
from gateway.relay.message import OVERHEAD, Message, Position
from gateway.transports.files import Declared, Found, items, units
from gateway.transports.handover import Handover
from gateway.transports.taken import At, State, Taken

__all__ = ["WATCH", "FileSource"]

WATCH = 1.0
"""Seconds between two looks into a folder: a file is read one to two seconds after it was put there."""

MAX_END = 5.0
"""Seconds that the thread has to notice that it is over. One that waits for standard input does not, and ends with the
program."""

NOWHERE: State = (0, 0, 0)
"""Of a file that cannot be looked at. Whoever reads it says why it cannot be read."""

log = logging.getLogger("gateway.relay")


class FileSource:
    """Reads files, folders and ``-``.

    taken : the record; it is closed with the source
    watch : go on looking into folders
    clock : seconds since 1970
    """

    def __init__(
        self,
        name: str,
        paths: Iterable[str],
        declared: Declared,
        *,
        taken: Taken | None = None,
        watch: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name, self._declared, self._taken, self._clock = name, declared, taken, clock
        self._paths = list(paths)
        self._folders = [path for path in self._paths if path != "-" and os.path.isdir(path)]
        self._watch = watch and bool(self._folders)
        self._known = dict(taken.known) if taken is not None else {}
        self._handover: Handover[Message] | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    # In the loop

    async def batches(self) -> AsyncIterator[Sequence[Message]]:
        """See `Source`."""
        if self._stopped:
            return
        self._handover = Handover()
        self._thread = threading.Thread(
            target=self._read, args=(self._handover,), name=self.name, daemon=True
        )
        self._thread.start()
        while messages := await self._handover.take():
            yield messages

    def ack(self, positions: Sequence[Position]) -> None:
        """See `Source`. What the disk does not take is read again in the next run."""
        places = [at for at in positions if isinstance(at, At) and at.path != "-"]
        if self._taken is not None and places:
            try:
                self._taken.took(places)
            except OutputError as error:
                log.error("%s: what was read cannot be recorded: %s", self.name, error)

    def stop(self) -> None:
        """See `Source`."""
        self._stopped = True
        if self._handover is not None:
            self._handover.close()

    async def close(self) -> None:
        """See `Source`."""
        self.stop()
        if self._thread is not None and "-" not in self._paths:
            self._thread.join(MAX_END)
        if self._taken is not None:
            self._taken.close()

    def _forget(self, gone: list[str]) -> None:
        if self._taken is not None and not self._stopped:
            try:
                self._taken.forget(gone)
            except OutputError as error:
                log.error("%s: what is gone cannot be forgotten: %s", self.name, error)

    # In the thread

    def _read(self, over: Handover[Message]) -> None:
        try:
            for path, state in self._files(over):
                if not self._give(over, path, state):
                    break
        except BaseException as error:  # noqa: BLE001 - it is raised in the loop
            over.end(error)
        else:
            over.end()

    def _files(self, over: Handover[Message]) -> Iterator[tuple[str, State]]:
        """The files to read, and which they are."""
        for path in self._paths:
            if path not in self._folders:
                yield path, _state(path)
        before: dict[str, State] = {}
        while self._folders:
            look = dict(_look(self._folders))
            for path, state in look.items():
                if before.get(path) == state or not self._watch:
                    yield path, state
            gone = [path for path in before if path not in look]
            for path in gone:
                self._known.pop(path, None)
            if gone:
                over.call(partial(self._forget, gone))
            before = look
            if not self._watch or not over.pause(WATCH):
                return

    def _give(self, over: Handover[Message], path: str, state: State) -> bool:
        """Hand over what is in a file and was not taken. False when nobody takes any more."""
        known, count, whole = self._known.get(path, (None, 0, False))
        if known != state:
            count, whole = 0, False
        if whole:
            return True
        # Who writes into a pipe may take its time, so nothing of it waits for what comes next.
        pairs = _with_last(self._found(path)) if os.path.isfile(path) else _endless(self._found(path))
        for number, (found, last) in enumerate(pairs):
            if number >= count and not self._put(over, found, At(path, state, number, last)):
                return False
        self._known[path] = state, 0, True
        return True

    def _found(self, path: str) -> Iterator[Found]:
        for unit in units([path]):
            yield from items(unit, self._declared)

    def _put(self, over: Handover[Message], found: Found, at: At) -> bool:
        item = found.item
        data = item.payload if isinstance(item, Alert) else item.data
        return over.put(Message(found.name, data, at, time=self._clock(), item=item), len(data) + OVERHEAD)


def _with_last(found: Iterator[Found]) -> Iterator[tuple[Found, bool]]:
    """Each, and whether it is the last one."""
    one = next(found, None)
    while one is not None:
        other = next(found, None)
        yield one, other is None
        one = other


def _endless(found: Iterator[Found]) -> Iterator[tuple[Found, bool]]:
    return ((one, False) for one in found)


def _state(path: str) -> State:
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return NOWHERE
    return status.st_ino, status.st_mtime_ns, status.st_size


def _look(folders: Iterable[str]) -> Iterator[tuple[str, State]]:
    """The files in some folders, sorted, and which they are."""
    for folder in folders:
        for place, _, files in sorted(os.walk(folder)):
            for file in sorted(files):
                path = os.path.join(place, file)
                if os.path.lexists(path):  # else it is gone between two looks
                    yield path, _state(path)
