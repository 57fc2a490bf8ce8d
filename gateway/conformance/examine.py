"""Runs the checks of a role.

Rules
1. Checks that need not wait run one after the other, in the order of the table; after them all that wait run at the
   same time, where the program under test can be had several times at once (a broker), else in order.
2. A check that is not over after `MAX_CHECK` seconds beside those that its clause grants is untrue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, get_args

from gateway.conformance.author import AUTHOR, AuthorStage
from gateway.conformance.broker import BROKER
from gateway.conformance.brokerstage import BrokerStage
from gateway.conformance.check import Check, Checks, NotRun, Outcome, Unmet, Verdict
from gateway.conformance.guests import Guests
from gateway.conformance.report import Report
from gateway.conformance.subscriber import SUBSCRIBER, SubscriberStage
from gateway.errors import GatewayError

__all__ = ["MAX_CHECK", "ROLES", "Role", "Settings", "examine", "table"]

Role = Literal["broker", "author", "subscriber"]
ROLES: tuple[Role, ...] = get_args(Role)
Stage = TypeVar("Stage")

MAX_CHECK = 60.0
"""Seconds for a check beside those that its clause grants: a hundred answers of a slow program."""

_TABLES: dict[Role, Checks[Any]] = {"broker": BROKER, "author": AUTHOR, "subscriber": SUBSCRIBER}


@dataclass(frozen=True, slots=True)
class Settings:
    """What is examined, and with how much patience.

    address : (host, port) of a broker's side for authors, or where we wait for an author or a subscriber
    broadcast : of a broker's side for subscribers
    command : starts an author or a subscriber for each connection (`gateway.conformance.guests`)
    slow : whether checks are run that have to wait for minutes
    only : numbers of the checks to run; all when empty
    patience : seconds for an answer; arrival : until an author or subscriber must have connected
    """

    role: Role
    address: tuple[str, int] | None
    broadcast: tuple[str, int] | None = None
    command: str | None = None
    slow: bool = True
    only: frozenset[str] = frozenset()
    patience: float = 10.0
    arrival: float = 60.0


def table(role: Role) -> list[Check[Any]]:
    """The checks of a role."""
    return _TABLES[role].rows


async def examine(
    settings: Settings,
    began: Callable[[Check[Any]], None] = lambda check: None,
    ready: Callable[[str, int], None] = lambda host, port: None,
) -> Report:
    """Run the checks, and report.

    began : told of each check when it begins
    ready : told where we listen, when the program under test comes to us
    Raises SettingsError (settings-address, settings-value).
    """
    started = datetime.now(UTC)
    rows = [check for check in table(settings.role) if not settings.only or check.number in settings.only]
    if settings.role == "broker":
        stage = BrokerStage(settings.address, settings.broadcast, settings.patience)
        try:
            outcomes = await _all(rows, stage, settings.slow, began, together=True)
        finally:
            await stage.close()
    else:
        guests = Guests(settings.command, settings.patience, settings.arrival)
        assert settings.address is not None
        await guests.open(*settings.address)
        ready(guests.host, guests.port)
        guest: AuthorStage | SubscriberStage
        if settings.role == "author":
            guest = AuthorStage(guests, settings.patience)
        else:
            guest = SubscriberStage(guests, settings.patience)
        try:
            outcomes = await _all(rows, guest, settings.slow, began, together=False)
        finally:
            await guests.close()
    return Report(settings.role, started, tuple(outcomes))


async def _all(
    rows: list[Check[Stage]],
    stage: Stage,
    slow: bool,
    began: Callable[[Check[Any]], None],
    *,
    together: bool,
) -> list[Outcome]:
    """Rule 1."""
    outcomes: dict[str, Outcome] = {}

    async def one(check: Check[Stage]) -> None:
        began(check)
        outcomes[check.number] = await _one(check, stage)

    later = []
    for check in rows:
        if check.slow and not slow:
            reason = f"It may take {check.slow:g} s."
            outcomes[check.number] = _outcome(check, Verdict.NOT_RUN, reason)
        elif check.slow and together:
            later.append(check)
        else:
            await one(check)
    await asyncio.gather(*(one(check) for check in later))
    return [outcomes[check.number] for check in rows]


async def _one(check: Check[Stage], stage: Stage) -> Outcome:
    began = time.monotonic()
    verdict, seen = Verdict.MET, ""
    try:
        async with asyncio.timeout(MAX_CHECK + check.slow):
            await check.run(stage)
    except Unmet as unmet:
        verdict, seen = check.worst, str(unmet)
    except GatewayError as error:
        if error.code.startswith("settings-"):
            raise
        verdict, seen = check.worst, f"What came cannot be read: {error.message}"
    except NotRun as reason:
        verdict, seen = Verdict.NOT_RUN, str(reason)
    except TimeoutError:
        verdict, seen = check.worst, "It took too long."
    return _outcome(check, verdict, seen, time.monotonic() - began)


def _outcome(check: Check[Any], verdict: Verdict, seen: str, seconds: float = 0.0) -> Outcome:
    return Outcome(
        check.number, check.clause, check.requirement, check.sentence, verdict, seen, round(seconds, 3)
    )
