"""How many connections a process can have: each is a descriptor, and the system says how many of these there may be.

Rules
1. What is configured is compared with what the system grants (``RLIMIT_NOFILE``) before anybody connects. The soft
   limit is raised as far as needed, and no further than the hard one, which only an administrator can raise.
2. What does not fit is said, with what to do about it, and fewer connections are taken: who comes beyond is let go
   without a word, as beyond any other limit. An address out of descriptors could only leave its peers waiting, and
   subscribers could keep authors out.
"""

from __future__ import annotations

import logging
import resource

from gateway.errors import SettingsError

__all__ = ["MAX_OTHERS", "affordable"]

MAX_OTHERS = 64
"""Descriptors for everything but connections: the record, addresses, the status, the loop, the log, a watched file.
A broker at rest has 16."""

log = logging.getLogger("gateway.vtp")


def affordable(connections: int, each: int) -> int:
    """How many of so many connections of each role there can be (rules 1 and 2).

    each : descriptors for one connection of each role
    Raises SettingsError (settings-value) when that is none.
    """
    needed = connections * each + MAX_OTHERS
    granted = _granted(needed)
    if granted >= needed:
        return connections
    can = (granted - MAX_OTHERS) // each
    advice = "Raise the limit (ulimit -n, LimitNOFILE= of systemd)"
    if can < 1:
        raise SettingsError(
            "settings-value",
            f"A process may open {granted} files here, too few for any connection. {advice}.",
        )
    log.warning(
        "only %d connections of each role can be served and not %d: those take %d open files, and %d are granted. "
        "%s or lower --connections.",
        can, connections, needed, granted, advice,
    )  # fmt: skip
    return can


def _granted(needed: int) -> int:
    """Rule 1."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):
            return soft  # a system that grants less than it says
        return wanted
    return needed if soft == resource.RLIM_INFINITY else soft
