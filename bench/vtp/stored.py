"""What it costs to know an event again, with none, a million and ten million stored.

Rules
1. A store is filled in the order of the digests, in one go, which takes seconds; what is measured are digests in no
   order, as SHA-256 is.
2. A new event is asked for, accepted with its payload, committed with the seven others that came in the same turn,
   and done. A known one is asked for.
3. The stores take turns. Time is CPU time of this process; the files are on a disk, in the cache of the system as
   far as they fit.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from bench.race import Ratio, ratio
from bench.vtp.load import AUTHORS
from gateway.transports.vtp.seen import DIGEST, Seen

__all__ = ["STORED", "Stored", "measure"]

STORED = (0, 1_000_000, 10_000_000)
PAYLOAD = 8_400
CHUNK = 100_000


@dataclass
class Stored:
    """CPU microseconds of a new event and of a known one, with so many stored; one number a round."""

    count: int
    megabytes: float = 0.0
    new: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)

    def slower(self, empty: Stored) -> Ratio:
        """How many times as long a new event takes as with nothing stored."""
        return ratio(self.new, empty.new)


def measure(folder: Path, counts: Sequence[int], events: int, rounds: int) -> list[Stored]:
    """One result for each count."""
    found = [Stored(count) for count in counts]
    payload = os.urandom(PAYLOAD)
    with ExitStack() as stack:
        stores = []
        for result in found:
            file = folder / f"{result.count}.db"
            fill(file, result.count)
            result.megabytes = file.stat().st_size / 1e6
            stores.append(stack.enter_context(closing(Seen(file))))
        for number in range(rounds):
            order = list(zip(found, stores, strict=True))
            for result, seen in order[number % len(order) :] + order[: number % len(order)]:
                digests = [random.randbytes(32) for _ in range(events)]
                result.new.append(_timed(partial(_add, seen, digests, payload), events))
                random.shuffle(digests)
                result.known.append(_timed(partial(_ask, seen, digests), events))
    return found


def fill(file: Path, count: int) -> None:
    """Rule 1."""
    Seen(file).close()
    generator = np.random.default_rng(count)
    digests = np.frombuffer(generator.bytes(count * DIGEST), f"S{DIGEST}").copy()
    digests.sort()
    with closing(sqlite3.connect(file)) as database, database:
        database.executemany("INSERT OR IGNORE INTO seen VALUES (?, 0)", _rows(digests))


def _rows(digests: np.ndarray) -> Iterator[tuple[bytes]]:
    for start in range(0, len(digests), CHUNK):
        for one in digests[start : start + CHUNK].tolist():
            yield (one.ljust(DIGEST, b"\0"),)


def _timed(work: Callable[[], None], events: int) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) / events * 1e6


def _add(seen: Seen, digests: Sequence[bytes], payload: bytes) -> None:
    """Rule 2."""
    for start in range(0, len(digests), AUTHORS):
        numbers = []
        for digest in digests[start : start + AUTHORS]:
            assert not seen.knows(digest)
            numbers.append(seen.accept(digest, payload, 1.0))
        seen.commit()
        for number in numbers:
            assert number is not None
            seen.done(number)


def _ask(seen: Seen, digests: Sequence[bytes]) -> None:
    for digest in digests:
        assert seen.knows(digest)
