"""What is right about what a peer answers. Each function returns, or raises `Unmet`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gateway import safexml
from gateway.conformance.check import Unmet
from gateway.errors import GatewayError
from gateway.vtp.messages import Packet, read
from gateway.vtp.transport import Transport

__all__ = ["in_order", "packet", "receipt", "said", "stamped", "utc"]

_DATE_TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_ORDER = ("Origin", "Response", "TimeStamp", "Meta")
NEAR = timedelta(minutes=10)
"""A clock that is right to that is not judged: what is looked for is a time of another zone."""


def said(payload: bytes | None, *roles: str) -> Transport:
    """A Transport of one of these roles (VTP-10, VTP-13)."""
    message = _message(payload)
    if isinstance(message, Packet):
        raise Unmet("An event came.")
    if message.role not in roles:
        raise Unmet(f"A Transport of another role came{_known(message.role)}.")
    return message


def packet(payload: bytes | None) -> Packet:
    """An event."""
    message = _message(payload)
    if isinstance(message, Packet):
        return message
    raise Unmet(f"A Transport came{_known(message.role)}, not an event.")


def receipt(payload: bytes | None, ivorn: str, *roles: str) -> Transport:
    """A receipt whose Origin is the identifier of the event, to the letter (VTP-22)."""
    message = said(payload, *(roles or ("ack", "nak")))
    if message.origin != ivorn:
        raise Unmet("The receipt is for another identifier.")
    return message


def in_order(payload: bytes | None) -> None:
    """The children of a Transport are those of its schema, in its order (VTP-10)."""
    said(payload, "ack", "nak", "iamalive", "authenticate")
    assert payload is not None
    names = [
        str(child.tag).rpartition("}")[2] for child in safexml.parse(payload) if isinstance(child.tag, str)
    ]
    if not {"Origin", "TimeStamp"} <= set(names):
        raise Unmet("Origin or TimeStamp is missing.")
    if names != [name for name in _ORDER if name in names]:
        raise Unmet("Its children are not Origin, Response, TimeStamp, Meta in this order.")


def stamped(message: Transport) -> None:
    """TimeStamp is an xs:dateTime (VTP-12)."""
    if not _DATE_TIME.fullmatch(message.timestamp):
        raise Unmet("TimeStamp is not an xs:dateTime.")


def utc(message: Transport) -> None:
    """TimeStamp is the time now, in UTC (VTP-12)."""
    stamped(message)
    moment = datetime.fromisoformat(message.timestamp)
    if moment.tzinfo is not None and moment.utcoffset():
        raise Unmet("TimeStamp is in another time zone.")
    if abs(moment.replace(tzinfo=UTC) - datetime.now(UTC)) > NEAR:
        raise Unmet("TimeStamp is not the time in UTC, to ten minutes.")


def _message(payload: bytes | None) -> Transport | Packet:
    if payload is None:
        raise Unmet("Nothing came.")
    try:
        return read(payload)
    except GatewayError as error:
        raise Unmet(f"What came cannot be read: {error.message}") from None


def _known(role: str) -> str:
    """The role, when it is one of the protocol: anything else is the peer's own text."""
    return f" ({role})" if role in ("ack", "nak", "iamalive", "authenticate") else ""
