"""The log of a service: the standard library's loggers, Twisted's among them, written by structlog.

Rules
1. One line a message on standard error, for people (``text``) or programs (``json``), with its time in UTC; in colours
   on a terminal only. What a peer wrote cannot begin a line or move a cursor.
2. What is logged names connections, digests, codes and sentences of ours; no text of an event. Of an error that nobody
   expected there are its kind and where it happened, but not its words, in which Python likes to quote values.
3. Of one kind of message (same logger, same words) a minute has `MAX_REPEATED`; the next one that is written says how
   many were not. A peer that is let in again and again cannot fill a disk.
4. Modules log with ``logging.getLogger("gateway....")`` and know nothing of this one, and so may programs that use them
   as a library.
"""

from __future__ import annotations

import logging
import sys
import traceback
from functools import cache
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor
from twisted.logger import STDLibLogObserver, globalLogBeginner

from gateway.errors import GatewayError

__all__ = ["FORMATS", "LEVELS", "MAX_REPEATED", "Repetition", "begin_logging"]

LEVELS = ("error", "warning", "info", "debug")
FORMATS = ("text", "json")

MAX_REPEATED = 60
"""Messages of one kind a minute: as many as people read, and no more than 20 MB a day, whoever makes them."""

MAX_KINDS = 1000
"""Kinds of messages that are counted: ours are some hundred, those of libraries a few."""

PERIOD = 60.0

ExcInfo = tuple[type[BaseException], BaseException, Any]


def begin_logging(level: str, form: Literal["text", "json"] = "text", stream: TextIO | None = None) -> None:
    """Log from now on.

    level : one of `LEVELS`
    stream : standard error unless another is given
    """
    to = stream or sys.stderr
    handler = logging.StreamHandler(to)
    handler.addFilter(Repetition())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
                _failed,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_json() if form == "json" else _text(to.isatty())),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "twisted"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    _twisted_too()


@cache
def _twisted_too() -> None:
    """Twisted begins once a process."""
    globalLogBeginner.beginLoggingTo(
        [STDLibLogObserver("twisted")], discardBuffer=True, redirectStandardIO=False
    )


def _json() -> list[Processor]:
    return [structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer(sort_keys=True)]


def _text(colours: bool) -> list[Processor]:
    return [_one_line, structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="time")]


def _one_line(logger: Any, method: str, event: EventDict) -> EventDict:
    """Rule 1."""
    event["event"] = "".join(one if one.isprintable() else repr(one)[1:-1] for one in event["event"])
    return event


def _failed(logger: Any, method: str, event: EventDict) -> EventDict:
    """Rule 2."""
    found: ExcInfo | bool | None = event.pop("exc_info", None)
    if isinstance(found, tuple) and found[0] is not None:
        kind, error, trace = found
        event["error"] = str(error) if isinstance(error, GatewayError) else kind.__name__
        event["trace"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)
        ]
    return event


class Repetition(logging.Filter):
    """Lets through so many messages of a kind (rule 3). Time is that of the messages."""

    def __init__(self, limit: int = MAX_REPEATED, kinds: int = MAX_KINDS) -> None:
        super().__init__()
        self._limit, self._kinds = limit, kinds
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message is written."""
        kind = record.name, str(record.msg)
        since, count = self._seen.get(kind, (record.created, 0))
        if record.created - since >= PERIOD:
            if count > self._limit:
                record.msg = f"{record.msg} [{count - self._limit} like this were not written]"
            since, count = record.created, 0
        if kind not in self._seen and len(self._seen) >= self._kinds:
            del self._seen[next(iter(self._seen))]
        self._seen[kind] = since, count + 1
        return count < self._limit
