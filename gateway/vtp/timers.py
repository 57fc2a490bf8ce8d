"""How long anything is waited for, in seconds, and how long before the next attempt.

A wait is a value: a session says by `next_timer` when it wants to be asked again, and who asks says what time it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "MAX_ALIVE_WAIT",
    "MAX_ANSWER_WAIT",
    "MAX_BACKOFF",
    "MAX_FRAME_WAIT",
    "MAX_IDLE",
    "MAX_QUIET",
    "MAX_RECEIPT_WAIT",
    "TIMERS",
    "Backoff",
    "Timers",
]

MAX_QUIET = 60
"""Seconds without a word to or from a subscriber before it is asked by an iamalive whether it is there. The standard
wants it within 90 (VTP-31); Comet does it after 60."""

MAX_ALIVE_WAIT = 60
"""Seconds a subscriber has for a word after that question, or it is dropped (VTP-33): as Comet, which asks each 60 s
and forgives no question."""

MAX_FRAME_WAIT = 20
"""Seconds an author has, from the connection or its last receipt on, until an event is here whole. It holds a place
that others want; Comet gives as much."""

MAX_ANSWER_WAIT = 60
"""Seconds our own side has to judge and store an author's event, before the author is let go without a receipt, which
tells it to try again (VTP-23)."""

MAX_RECEIPT_WAIT = 30
"""Seconds an author waits for the receipt of its event: a broker validates first. Then the event may be sent again
(VTP-23)."""

MAX_IDLE = 150
"""Seconds without a message after which a subscriber believes that its broker has forgotten it and connects anew: two
questions of a broker that asks each 60 s, and as long as pygcn."""

MAX_BACKOFF = 1024
"""Seconds between two attempts to connect, at most (VTP-33): as long as pygcn."""


@dataclass(frozen=True, slots=True)
class Timers:
    """The waits of a session, in seconds. Those it has no use for do not matter."""

    quiet: float = MAX_QUIET
    alive: float = MAX_ALIVE_WAIT
    frame: float = MAX_FRAME_WAIT
    answer: float = MAX_ANSWER_WAIT
    receipt: float = MAX_RECEIPT_WAIT
    idle: float = MAX_IDLE


TIMERS = Timers()


class Backoff:
    """Waits between attempts to connect: 1, 2, 4 ... seconds, each shortened by up to a half at random.

    At random, so that the subscribers of a broker that comes back do not come back all at once.

    random : numbers from 0 to below 1, such as `random.random`
    """

    FIRST = 1.0
    STEADY = 60.0
    """Seconds after which a connection has proved itself. A shorter one counts as failed: a broker that accepts and
    hangs up at once must not be called each second."""

    def __init__(self, random: Callable[[], float], longest: float = MAX_BACKOFF) -> None:
        self._random = random
        self._longest = longest
        self._next = self.FIRST

    def wait(self, lasted: float = 0.0) -> float:
        """Seconds to wait after a connection that lasted so many seconds, 0 when there was none."""
        if lasted >= self.STEADY:
            self._next = self.FIRST
        wait = min(self._next, self._longest)
        self._next = 2 * wait
        return wait * (1 - self._random() / 2)
