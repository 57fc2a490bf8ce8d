"""The reactor, on asyncio: Twisted's sockets and asyncio's coroutines share one loop, one thread and one clock.

Rules
1. There is one loop and one reactor a process, made when first asked for. Import `reactor` from here and never from
   `twisted.internet`: whoever imports it there first decides which one it is.
2. A program is one coroutine, `main(stop)`. SIGINT or SIGTERM sets `stop` and the program ends as it sees fit; a
   second one cancels it.
3. Nothing is running when `run` returns: not a task, not a thread.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.defer import Deferred
from twisted.internet.main import installReactor

__all__ = ["loop", "reactor", "run", "wait"]

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The loop of this process. The selector's, which is the one that Twisted can use on every system."""
    return asyncio.SelectorEventLoop()


@cache
def reactor() -> AsyncioSelectorReactor:
    """The reactor of this process, started. Raises Twisted's error when another one was installed before."""
    made = AsyncioSelectorReactor(loop())
    installReactor(made)
    made.startRunning(installSignalHandlers=False)
    return made


def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, T]]) -> T:
    """What `main(stop)` returns (rules 2 and 3). Not to be called from a coroutine."""
    stop = asyncio.Event()
    made, task = reactor(), loop().create_task(main(stop))
    try:
        with _signals(stop, task):
            return loop().run_until_complete(task)
    finally:
        loop().run_until_complete(_end_the_rest())
        if made.threadpool is not None:
            # Where names are looked up. Its threads would outlive the program.
            pool, made.threadpool = made.threadpool, None
            pool.stop()


async def _end_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for one in rest:
        one.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def wait(deferred: Deferred[T]) -> Awaitable[T]:
    """A Deferred to be awaited in a coroutine of `run`."""
    return deferred.asFuture(loop())


@contextmanager
def _signals(stop: asyncio.Event, task: asyncio.Task[Any]) -> Iterator[None]:
    """Rule 2. Only the main thread of a program gets signals; elsewhere nothing is changed."""

    def caught() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    for number in SIGNALS:
        loop().add_signal_handler(number, caught)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop().remove_signal_handler(number)
