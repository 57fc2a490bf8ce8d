"""Settings: everything about a VOEvent that is not in the alert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gateway.errors import SettingsError
from gateway.model.voevent import ROLES

__all__ = ["DETAILS", "EXAMPLE_AUTHORITY", "Cite", "Detail", "Settings"]

Detail = Literal["core", "history", "full"]
DETAILS: tuple[Detail, ...] = ("core", "history", "full")
Cite = Literal["none", "latest", "all"]

EXAMPLE_AUTHORITY = "org.example"
"""Stands in for an authority until one is configured. Only the owner of a registered authority may mint IVOIDs
in it."""

_AUTHORITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{2,}\Z")
_STREAM = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*\Z")
_CUTOUT_URL = re.compile(r"(?:[!#-;=?-z|~]|\{id\}|\{name\})+\Z")
_LONGEST = 200
"""Longest authority and stream together: a hundred citations of such names are a third of a core event."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How alerts become VOEvents.

    authority, stream : the event is ``ivo://<authority>/<stream>?<id>``; never Rubin's own
    separator : ``?`` (Identifiers 2.0), or ``#`` for readers that know only the older form
    version : VOEvent version to write
    detail : ``core`` records and lengths of what is left out; ``history`` with light curves; ``full`` with
        cutouts too
    records : names of the records to keep in a core event, all by default. An event with less than all cannot
        be turned
        back into the alert, but one with ``diaSource`` alone is made without reading the rest of the packet
    role : of events whose source is real; injected sources are ``test`` whatever is said here (VE-06)
    cutout_url : where cutouts can be had, with ``{id}`` and ``{name}`` in it; must be public
    cite : earlier detections of the same object to follow up: none, the latest, or all. Cite only what you published
    reprocessed : this stream repeats earlier alerts: give each a new id and supersede the earlier one
    classify : put the designation of a known solar-system object into Why
    """

    authority: str = EXAMPLE_AUTHORITY
    stream: str = "alerts"
    separator: Literal["?", "#"] = "?"
    version: Literal["2.0", "2.1"] = "2.0"
    detail: Detail = "core"
    records: frozenset[str] | None = None
    role: str = "observation"
    cutout_url: str | None = None
    cite: Cite = "none"
    reprocessed: bool = False
    classify: bool = False

    def __post_init__(self) -> None:
        checks = (
            (
                _AUTHORITY.match(self.authority),
                "authority",
                "must be an IVOA authority id such as org.example",
            ),
            (_STREAM.match(self.stream), "stream", "must be a path of letters, digits, dots and dashes"),
            (
                len(self.authority + self.stream) <= _LONGEST,
                "stream",
                f"and authority have more than {_LONGEST} characters",
            ),
            (
                _CUTOUT_URL.match(self.cutout_url or "-"),
                "cutout_url",
                "must be a URL with no other field than {id} and {name}",
            ),
            (self.separator in ("?", "#"), "separator", "must be ? or #"),
            (self.version in ("2.0", "2.1"), "version", "must be 2.0 or 2.1"),
            (self.detail in DETAILS, "detail", "must be core, history or full"),
            (self.role in ROLES, "role", f"must be one of {', '.join(ROLES)}"),
            (self.cite in ("none", "latest", "all"), "cite", "must be none, latest or all"),
            (
                self.records is None or self.detail == "core",
                "records",
                "(--record) can be chosen for detail core only",
            ),
            (
                self.records is None or not self.reprocessed,
                "records",
                "(--record) cannot be chosen for reprocessed alerts: what supersedes repeats everything (VE-53)",
            ),
        )
        for good, name, problem in checks:
            if not good:
                raise SettingsError("settings-value", f"`{name}` {problem}.")

    def ivorn(self, local: str) -> str:
        """The IVOID of an event."""
        return f"ivo://{self.authority}/{self.stream}{self.separator}{local}"
