"""Is anybody still there? A client that hears nothing looks as quiet as a telescope at noon.

Rules
1. A broker is there when its connection is past its handshakes and something came through it a short while ago: an
   idle consumer is answered each half second. A member of a group also has to have a coordinator.
2. Who hears nothing for `MAX_SILENCE` is closed and made anew. An expired token, a dead connection that nobody told
   us of, an address that now means another machine: whatever it was, the new client has none of it.
3. A source that was never let in is a mistake in its settings; one that was comes back by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["MAX_SILENCE", "Watchdog"]

MAX_SILENCE = 60
"""Seconds in which no broker says anything, after which a client is made anew: longer than a broker takes to restart or
a group to move, and little beside the hour that a token lasts."""

MICRO = 1_000_000


class Watchdog:
    """Watches one client by its statistics, as librdkafka gives them. Times are seconds of any clock.

    heard : whether a broker was ever there
    """

    def __init__(self, now: float, limit: float = MAX_SILENCE) -> None:
        self._last, self._limit = now, limit
        self.heard = False

    def look(self, statistics: Mapping[str, Any], now: float) -> None:
        """Take in what the statistics say."""
        group = statistics.get("cgrp")
        if (group is None or group["state"] == "up") and any(
            broker["state"] == "UP" and 0 <= broker["rxidle"] < self._limit * MICRO
            for broker in statistics["brokers"].values()
        ):
            self._last, self.heard = now, True

    def silent(self, now: float) -> bool:
        """Whether it is time to make the client anew."""
        return now - self._last > self._limit
