"""What a session says has happened, or wants done: small values, in the order in which they are to be acted upon.

`Send` and `Close` are for whoever holds the socket, the others for whoever asked for the session. After a `Close`
comes nothing but what follows from it: an author's `Undelivered` comes before it.

What a peer wrote (reasons, filters, identifiers) is in the values and not in their reprs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gateway.errors import GatewayError
from gateway.vtp.messages import Packet

__all__ = [
    "Alive",
    "Close",
    "Delivered",
    "Event",
    "Fault",
    "Ignored",
    "Receipt",
    "Received",
    "Send",
    "Told",
    "Undelivered",
    "Wanted",
]

Fault = Literal["peer", "us", "nobody"]


@dataclass(frozen=True, slots=True)
class Send:
    """Write these bytes, which are whole frames, to the peer."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """Write what is still to be written, then close the connection.

    error : why, with a code; None when all was said
    fault : whose doing it is
    """

    error: GatewayError | None = None
    fault: Fault = "nobody"


@dataclass(frozen=True, slots=True)
class Received:
    """A VOEvent has come. A receiver or subscriber expects `answer` for it."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class Receipt:
    """The peer has taken an event (ack), or refuses it for good (nak).

    origin : the IVOID of the event, as the peer wrote it
    result : the reason that it gives
    """

    kind: Literal["ack", "nak"]
    origin: str = field(repr=False)
    result: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker has the author's event, from now or already from before."""

    receipt: Receipt
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The broker does not have the author's event, as far as can be known.

    error : why
    permanent : the broker refuses it, so it must not be sent again (VTP-24); else it may be (VTP-23)
    receipt : the nak, if one came
    """

    error: GatewayError
    permanent: bool = False
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscriber says anew what it wants; whatever it said before is void.

    xpaths : it wants the events that pass one of them; all events when there are none
    version : the VOEvent version it says it takes, None when it does not say
    subscriber : the IVOID it gives itself
    roles : those of the events that it takes; all when it names none
    """

    xpaths: tuple[str, ...] = field(default=(), repr=False)
    version: str | None = field(default=None, repr=False)
    subscriber: str | None = field(default=None, repr=False)
    roles: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Alive:
    """The peer says that it is there. `origin` and `response` are what it wrote."""

    origin: str = field(repr=False)
    response: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """The broker tells a subscriber something about itself, such as why its filter is refused."""

    result: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that has no place here was passed over: to be counted."""

    error: GatewayError


Event = Send | Close | Received | Receipt | Delivered | Undelivered | Wanted | Alive | Told | Ignored
