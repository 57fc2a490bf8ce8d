"""One loop a process: coroutines and Twisted's sockets on it, signals, and nothing left behind."""

import asyncio
import os
import signal
import threading

import pytest
from twisted.internet.task import deferLater

from gateway.transports.vtp.loop import SIGNALS, loop, reactor, run, wait


def test_a_coroutine_waits_for_a_deferred_and_runs_again() -> None:
    async def main(stop: asyncio.Event) -> int:
        return await wait(deferLater(reactor(), 0, lambda: 7))

    assert [run(main), run(main)] == [7, 7]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_asks_and_a_second_one_cancels(number: int) -> None:
    async def asked(stop: asyncio.Event) -> str:
        os.kill(os.getpid(), number)
        await stop.wait()
        return "ended as it saw fit"

    async def deaf(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    before = signal.getsignal(number)
    assert run(asked) == "ended as it saw fit"
    with pytest.raises(asyncio.CancelledError):
        run(deaf)
    assert signal.getsignal(number) == before


def test_nothing_runs_on() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def main(stop: asyncio.Event) -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        assert not task.done()
        await wait(reactor().resolve("localhost"))

    run(main)
    assert ended == [True]
    assert not asyncio.all_tasks(loop())
    assert not [one for one in threading.enumerate() if "twisted" in one.name]
