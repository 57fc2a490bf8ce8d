"""The log of a broker: the standard library's, and Twisted's messages in it.

What is logged names connections, digests of events, codes and sentences; no text of an event.
"""

from __future__ import annotations

import logging
import time

from twisted.logger import STDLibLogObserver, globalLogBeginner

__all__ = ["LEVELS", "begin_logging"]

LEVELS = ("error", "warning", "info", "debug")


def begin_logging(level: str) -> None:
    """Log to standard error, times in UTC. `level` is one of `LEVELS`."""
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "twisted"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    globalLogBeginner.beginLoggingTo(
        [STDLibLogObserver("twisted")], discardBuffer=True, redirectStandardIO=False
    )
