"""Work shared with other processes; the answers come in the order of the work.

Rules
1. This process works too: it does itself what it would have to wait for. While the others start, that is everything, so
   that a short job is done before they are there; later, it is what is left when each of them has enough.
2. Whoever has least to do gets the next load, and the answers come in the order of the loads all the same: the output
   depends neither on the number of processes nor on who was faster.
3. Memory stays flat: no more than `MAX_UNDER_WAY` loads a process are under way or wait for their turn.
4. There is no thread here, for it would want the interpreter's lock for each piece of an answer and keep both ends from
   work. A worker has one, which sends its answers, so that it never waits until somebody listens.
"""

from __future__ import annotations

import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.resource_tracker import ensure_running
from queue import SimpleQueue
from threading import Thread
from typing import Generic, NoReturn, TypeVar

from gateway.errors import LimitError

__all__ = ["MAX_UNDER_WAY", "Worker", "shared"]

MAX_UNDER_WAY = 4
"""Loads under way for each process: enough to keep it busy, few enough to keep memory flat."""

_CONTEXT = get_context("spawn")
"""Not "fork": this process may have threads (a progress bar), and a forked lock stays locked. Nor "forkserver", which
lets this process wait until it has imported the program."""

Job = TypeVar("Job")
Load = TypeVar("Load")
Answer = TypeVar("Answer")


def shared(
    loads: Iterable[Load], start: Callable[[Job], Callable[[Load], Answer]], job: Job, processes: int
) -> Iterator[Answer]:
    """The answers to all loads, in order, by so many processes; this is one of them.

    start : makes of the job what answers loads. It is sent to the workers, and so are job, loads and answers
    Raises LimitError (limit-memory) when the system ends a worker.
    """
    workers: list[Worker[Job, Load, Answer]] = []
    under_way: deque[Worker[Job, Load, Answer] | _Here[Load, Answer]] = deque()
    here = _Here(start(job))
    try:
        for load in loads:
            if len(workers) < processes - 1:  # one more a load: for little work few are started
                workers.append(Worker(start, job))
            free = [worker for worker in workers if worker.is_free()]
            one = min(free, key=lambda worker: worker.under_way) if free else here
            one.give(load)
            under_way.append(one)
            while under_way and (under_way[0].is_there() or len(under_way) >= MAX_UNDER_WAY * processes):
                yield under_way.popleft().answer()
        while under_way:
            yield under_way.popleft().answer()
    finally:
        for worker in workers:
            worker.end()


class _Here(Generic[Load, Answer]):
    """This process as one of those that work."""

    def __init__(self, work: Callable[[Load], Answer]) -> None:
        self._work = work
        self._answers: deque[Answer] = deque()

    def give(self, load: Load) -> None:
        """Do it."""
        self._answers.append(self._work(load))

    def is_there(self) -> bool:
        """Whether there is an answer."""
        return bool(self._answers)

    def answer(self) -> Answer:
        """The next answer."""
        return self._answers.popleft()


class Worker(Generic[Job, Load, Answer]):
    """Another process. Its loads and answers are in one order; `under_way` tells how many are."""

    def __init__(self, start: Callable[[Job], Callable[[Load], Answer]], job: Job) -> None:
        self._connection, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, start, job), daemon=True)
        self._started = False
        self.under_way = 0
        with _uninterrupted():
            self._process.start()
        theirs.close()

    def is_free(self) -> bool:
        """Whether it has started and not enough to do."""
        if not self._started and self.is_there():
            self._receive()
            self._started = True
        return self._started and self.under_way < MAX_UNDER_WAY

    def give(self, load: Load) -> None:
        """Send it a load. That it takes a while to read is no harm: it does not wait for us (rule 4)."""
        self.under_way += 1
        try:
            self._connection.send(load)
        except OSError:
            self._failed()

    def is_there(self) -> bool:
        """Whether there is an answer, or will never be one."""
        return self._connection.poll()

    def answer(self) -> Answer:
        """The next answer. Raises LimitError (limit-memory)."""
        self.under_way -= 1
        return self._receive()

    def end(self) -> None:
        """Whatever it does, nobody wants to know."""
        self._connection.close()
        self._process.terminate()
        self._process.join()

    def _receive(self) -> Answer:
        try:
            answer: Answer = self._connection.recv()
        except (EOFError, OSError):
            self._failed()
        return answer

    def _failed(self) -> NoReturn:
        self._process.join()
        if self._process.exitcode == 1:
            raise RuntimeError("A worker process failed; what it said stands above.") from None
        raise LimitError(
            "limit-memory", "A worker process was ended by the system, probably for want of memory."
        ) from None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Who is started in here never hears of Ctrl-C, not even while Python starts: it is for this process."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    ensure_running()  # here, since it lets Ctrl-C in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, start: Callable[[Job], Callable[[Load], Answer]], job: Job) -> None:
    """What a worker does: it says that it has started, and answers until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_send, args=(connection, answers), daemon=True).start()
    work = start(job)
    answers.put(pickle.dumps(None))
    with suppress(EOFError, ConnectionError):
        while True:
            answers.put(pickle.dumps(work(connection.recv()), pickle.HIGHEST_PROTOCOL))


def _send(connection: Connection, answers: SimpleQueue[bytes]) -> None:
    with suppress(ConnectionError):
        while True:
            connection.send_bytes(answers.get())
