"""One connection as a table: in each state, what is done about each thing that can happen.

Rules
1. What happens has a name: the kind of the message that came (``voevent``, ``ack``, ``nak``, ``iamalive``,
   ``authenticate``, ``other`` for a role that nobody knows, ``unreadable`` for a payload that is no message),
   ``broken`` (the frames cannot be told apart any more), ``timer``, ``lost`` (the peer closed), and the commands of
   the role.
2. A role is a class with a `TABLE`. A line of it is one or several names, then for each state what is done: the
   name of a method, ``-> state`` when that changes, ``.`` for nothing, ``!`` for what only a mistake of the program
   can cause. The state changes before the method runs.
3. Methods return events and touch no socket. The moment is an argument: seconds of a clock that never goes back.
   The time of day, which TimeStamps have, comes from a function given at the start.
4. A message that has no place in a session is passed over and said so (`Ignored`). A peer that sends nothing else
   is let go after `MAX_IGNORED` of them in a row.
5. Whatever bytes come, a session raises nothing: what is wrong with them is in a `Close`, `Ignored` or
   `Undelivered`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

from gateway.errors import GatewayError, VTPError
from gateway.vtp.events import Close, Event, Fault, Ignored, Send
from gateway.vtp.framing import MAX_FRAME, Frames, frame
from gateway.vtp.messages import Packet, Transport, read
from gateway.vtp.timers import TIMERS, Timers
from gateway.vtp.transport import write

__all__ = ["MAX_IGNORED", "Session", "utc_now"]

MAX_IGNORED = 100
"""Messages in a row that have no place in their session, before the peer is let go: each costs a parse. (pygcn writes
an acknowledgement that is not well-formed for each event with an ``&`` in its identifier, and must survive a
burst.)"""

_KINDS = frozenset({"voevent", "ack", "nak", "iamalive", "authenticate"})
_Step = tuple[Callable[..., list[Event]] | None, str | None]


def utc_now() -> datetime:
    """The time of day for TimeStamps, unless a session is given another."""
    return datetime.now(UTC)


class Session:
    """What the four roles share. `opened` is first; with the `Close` that any call may return it is over.

    state : the column of the table, ``new`` at first and ``closed`` at last
    """

    TABLE: ClassVar[str]
    STEPS: ClassVar[dict[tuple[str, str], _Step]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.STEPS = _steps(cls)

    def __init__(
        self,
        *,
        local: str = "",
        wall: Callable[[], datetime] = utc_now,
        limit: int = MAX_FRAME,
        timers: Timers = TIMERS,
    ) -> None:
        """
        local : our own IVOID
        wall : gives the time of day (UTC) for TimeStamps
        limit : bytes of the largest payload that is taken or sent
        timers : how long anything is waited for
        """
        self.state = "new"
        self.local = local
        self.timers = timers
        self._wall = wall
        self._frames = Frames(limit)
        self._deadline: float | None = None
        self._ignored = 0
        self._say("iamalive", local)  # an IVOID that cannot be written is an error now and not later

    def opened(self, now: float) -> list[Event]:
        """The connection is there."""
        return self._happens("opened", None, now)

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Bytes of the peer, however they were cut on the way."""
        events: list[Event] = []
        if self.state == "closed":
            return events
        frames = self._frames.receive(data)
        while self.state != "closed":
            try:
                payload = next(frames, None)
            except VTPError as error:
                return events + self._happens("broken", error, now)
            if payload is None:
                break
            events += self._message(payload, now)
        return events

    def tick(self, now: float) -> list[Event]:
        """The moment that `next_timer` spoke of has come; when it has not, nothing happens."""
        due = self.next_timer()
        return [] if due is None or now < due else self._happens("timer", None, now)

    def next_timer(self) -> float | None:
        """When to call `tick`; None for never. It may have moved on by then: call `tick`, then ask again."""
        return self._deadline

    def lost(self, now: float) -> list[Event]:
        """The peer has closed the connection, or the network has."""
        return self._happens("lost", None, now)

    def close(self, now: float, error: GatewayError | None = None) -> list[Event]:
        """We want to end it: the program stops, or the peer is too slow."""
        return self._happens("close", error, now)

    # For the roles

    def _heard(self, now: float) -> None:
        """A whole message has come, whatever it is."""

    def _message(self, payload: bytes, now: float) -> list[Event]:
        self._heard(now)
        ignored = self._ignored
        try:
            message = read(payload)
        except GatewayError as error:
            events = self._happens("unreadable", error, now)
        else:
            what = "voevent" if isinstance(message, Packet) else message.role
            events = self._happens(what if what in _KINDS else "other", message, now)
        if self._ignored == ignored:
            self._ignored = 0
        return events

    def _happens(self, what: str, about: Any, now: float) -> list[Event]:
        action, state = self.STEPS[self.state, what]
        if state:
            self.state = state
        return action(self, about, now) if action else []

    def _say(
        self,
        role: str,
        origin: str,
        response: str | None = None,
        params: tuple[tuple[str, str], ...] = (),
        result: str | None = None,
    ) -> Send:
        """A Transport of ours as a frame. What it says of the peer's has been read, so it can be written (rule 5)."""
        stamp = self._wall().isoformat(timespec="seconds")[:19] + "Z"
        return Send(frame(write(Transport(role, origin, stamp, response, params, result))))

    def _ignore(self, about: Any, now: float) -> list[Event]:
        self._ignored += 1
        misplaced = VTPError("vtp-unexpected", "A message has no place in this session.")
        error = about if isinstance(about, GatewayError) else misplaced
        flood = self._happens("flood", error, now) if self._ignored > MAX_IGNORED else []
        return [Ignored(error), *flood]

    def _blame(self, error: GatewayError, now: float) -> list[Event]:
        return self._end(error, now, "peer")

    def _end(self, error: GatewayError | None, now: float, fault: Fault | None = None) -> list[Event]:
        self._deadline = None
        return [Close(error, fault or ("us" if error else "nobody"))]

    def _gone(self, _: None, now: float) -> list[Event]:
        self._deadline = None
        return []


def _steps(role: type[Session]) -> dict[tuple[str, str], _Step]:
    """The table of a role, read (rule 2)."""
    head, *lines = (
        [cell.strip() for cell in line.split("|")] for line in role.TABLE.splitlines() if "|" in line
    )
    steps: dict[tuple[str, str], _Step] = {}
    for names, *cells in lines:
        for state, cell in zip(head[1:], cells, strict=True):
            name, _, after = (part.strip() for part in cell.partition("->"))
            action = {".": None, "!": _mistake}[name] if name in (".", "!") else getattr(role, f"_{name}")
            steps |= {(state, what.strip()): (action, after or None) for what in names.split(",")}
    return steps


def _mistake(session: Session, about: object, now: float) -> list[Event]:
    raise RuntimeError(f"a {type(session).__name__} that is {session.state} cannot be asked for this")
