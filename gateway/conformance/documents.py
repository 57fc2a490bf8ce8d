"""What the tester says: events that nobody has seen before, and Transports.

Every event has the role ``test`` and a new identifier of the authority `AUTHORITY`, so that no broker downstream of
the one under test takes it for an observation, or for one that it knows.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from itertools import count

from gateway.codecs.voevent import encode
from gateway.model.voevent import Author, AuthorField, Param, Version, VOEvent, What, Who
from gateway.vtp.transport import NAMESPACE, Transport, write

__all__ = ["AUTHORITY", "HOSTILE", "NAMESPACES", "TESTER", "Events", "stamp", "transport"]

AUTHORITY = "org.example.conformance"
TESTER = f"ivo://{AUTHORITY}/tester"

NAMESPACES = (
    "http://telescope-networks.org/schema/Transport/v1.1",
    "http://www.telescope-networks.org/xml/Transport/v1.1",
    "http://telescope-networks.org/xml/Transport/v1.1",
    "http://www.telescope-networks.org/schema/Transport/v1.1",
    "http://www.ivoa.net/xml/Transport/v1.1",
    "",
)
"""Those of Transports in the field: the samples of the Recommendation, Comet, older clients; and none, as in the
schema of its appendix (VTP-11)."""

_BOMB = b"".join(
    b'<!ENTITY %c "%s">' % (b"abcdefgh"[n], b"&%c;" % b"abcdefgh"[n - 1] * 10) for n in range(1, 8)
)

HOSTILE = {
    "no XML": b"\x00\x01\x02 this is no document",
    "an XML document of another kind": b'<?xml version="1.0"?><html><body/></html>',
    "a document that ends early": b'<?xml version="1.0"?><voe:VOEvent xmlns:voe="',
    "a document with entities in entities": (
        b'<?xml version="1.0"?><!DOCTYPE VOEvent [<!ENTITY a "aaaaaaaaaa">' + _BOMB + b"]>"
        b'<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0">&h;</voe:VOEvent>'
    ),
}
"""What no message is."""


def stamp() -> str:
    """The time, as a Transport says it (UTC)."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z"


def transport(
    role: str,
    origin: str = TESTER,
    *,
    namespace: str = NAMESPACE,
    result: str | None = None,
    params: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A Transport in one of the namespaces."""
    said = write(Transport(role, origin, stamp(), None, params, result))
    if namespace:
        return said.replace(NAMESPACE.encode(), namespace.encode())
    return said.replace(b' xmlns:trn="' + NAMESPACE.encode() + b'"', b"").replace(b"trn:", b"")


class Events:
    """Makes events, each with an identifier of its own."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(6)
        self._numbers = count(1)

    def identifier(self, ending: str = "") -> str:
        """A new one."""
        return f"ivo://{AUTHORITY}/vtp#{self._run}-{next(self._numbers)}{ending}"

    def event(
        self, ivorn: str | None = None, *, version: Version = "2.0", filler: int = 0, param: str = "1"
    ) -> tuple[str, bytes]:
        """(identifier, document) of a valid event, with so many characters of text beside."""
        ivorn = self.identifier() if ivorn is None else ivorn
        return ivorn, encode(
            VOEvent(
                version,
                ivorn,
                "test",
                Who(
                    author_ivorn=TESTER,
                    date=stamp()[:-1],
                    author=Author((AuthorField("title", "Conformance test"),)),
                ),
                What((Param("conformance", param, data_type="string"),)),
                description="Nothing has been observed. " + "." * filler,
            )
        )
