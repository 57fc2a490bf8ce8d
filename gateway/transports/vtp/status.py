"""What a broker says of itself, to whoever may read its state folder.

Rules
1. A socket file beside the record of seen events, mode 600: who connects gets one JSON document, made at that
   moment, and is let go. Nobody else hears anything, and nothing is ever out of date.
2. It says who is connected and how it goes; of events there are counts, and no text of any. What a subscriber wrote
   about itself is its filters, which the operator may see.
"""

from __future__ import annotations

import socket
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from twisted.internet.protocol import Factory, Protocol

from gateway.errors import InputError
from gateway.transports.vtp.broker import Broker
from gateway.transports.vtp.endpoints import listen
from gateway.transports.vtp.loop import loop
from gateway.transports.vtp.subscribers import SubscriberPeer

__all__ = ["SOCKET", "ask", "serve_status", "status"]

SOCKET = "status.socket"

MAX_STATUS = 16 * 2**20
"""Bytes of a status that are read: a thousand subscribers with all the filters they may have take less than a
tenth."""

MAX_WAIT = 10
"""Seconds in which a broker answers, or is stuck."""


def status(broker: Broker) -> dict[str, Any]:
    """The status as values for JSON. Times are UTC, ages in seconds."""
    now = broker.now()
    gone, subscribers = broker.subscribers.gone, [_subscriber(peer, broker) for peer in broker.subscribers]
    sums = Counter({name: gone[name] for name in ("sent", "ack", "nak", "dropped")})
    for one in subscribers:
        sums.update({name: one[name] for name in sums})
    return {
        "local": broker.local,
        "since": broker.started.isoformat(timespec="seconds"),
        "up": round((now - broker.started).total_seconds()),
        "addresses": [{"role": role, "address": address} for role, address in broker.addresses],
        "events": {
            name: broker.intake.counts[name] for name in ("received", "accepted", "duplicate", "refused")
        },
        "delivered": dict(sums),
        "not_sent": dict(broker.relay.counts),
        "broken_rules": dict(broker.relay.broken),
        "refused_connections": dict(sum((door.refused for door in broker.doors), Counter())),
        "filters_used_up": broker.subscribers.allowances.closings,
        "spilled_bytes": broker.subscribers.disk.taken,
        "authors": broker.rooms["receive"].inside,
        "subscribers": subscribers,
    }


def _subscriber(peer: SubscriberPeer, broker: Broker) -> dict[str, Any]:
    now, age = broker.now(), loop().time() - peer.since
    filters = peer.interest.filters
    return {
        "name": peer.name,
        "since": (now - timedelta(seconds=age)).isoformat(timespec="seconds"),
        "connected": round(age),
        "audience": str(peer.interest.principal.audience_at(now)),
        "version": peer.interest.newest,
        "roles": sorted(peer.interest.roles),
        "filters": [str(one) for one in filters.filters],
        "filter_refused": filters.reason is not None,
        "filters_used_up": peer.interest.used_up,
        "sent": peer.counts["sent"],
        "ack": peer.counts["ack"],
        "nak": peer.counts["nak"],
        "outstanding": peer.session.outstanding,
        "waiting": peer.outbox.count,
        "waiting_bytes": peer.outbox.waiting,
        "dropped": peer.outbox.dropped,
    }


async def serve_status(broker: Broker, folder: Path) -> None:
    """Answer `ask` (rule 1). Raises SettingsError (settings-address)."""

    class Answer(Protocol):
        def connectionMade(self) -> None:
            assert self.transport is not None
            self.transport.write(orjson.dumps(status(broker)))
            self.transport.loseConnection()

    factory = Factory.forProtocol(Answer)
    factory.noisy = False
    broker.ports.append(await listen(f"unix:{_escaped(folder / SOCKET)}", factory))


def ask(folder: Path) -> dict[str, Any]:
    """The status of the broker whose state is in a folder. Raises InputError (input-unreadable) when none answers."""
    data = b""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(MAX_WAIT)
            connection.connect(str(folder / SOCKET))
            while len(data) < MAX_STATUS and (more := connection.recv(2**16)):
                data += more
        found: dict[str, Any] = orjson.loads(data)
        return found
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it does not answer"
        raise InputError(
            "input-unreadable", f"No broker answers in {folder}: {reason}. Is one running with that --state?"
        ) from None


def _escaped(path: Path) -> str:
    """A path as a word of Twisted's."""
    return str(path).replace("\\", "\\\\").replace(":", "\\:")
