"""The Transport element: what both ends of a connection say beside events (VTP-10 to 13).

Rules
1. Transports are written in the namespace that Comet uses, for every client in the field knows it (VTP-11), in the
   standard's order, so that they are valid against schemas/voevent/Transport-v1.1.xsd. Everything is escaped.
2. Nearly all that comes are receipts and iamalives, written by few programs. `recognise` knows these to the byte:
   the text up to the first child is one of `_HEADS`, the rest has `_BODY`. Whatever else it may be, the parser
   reads it (`gateway.vtp.messages`); both give the same value, and a property test holds them to that.
3. What a peer wrote is kept as text and trusted for nothing: a TimeStamp need not be one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from gateway.errors import ConversionError

__all__ = ["FILTER_PARAM", "NAMESPACE", "VERSION_PARAM", "Transport", "recognise", "write"]

NAMESPACE = "http://www.telescope-networks.org/xml/Transport/v1.1"

FILTER_PARAM = "xpath-filter"
"""Name of the Param by which a subscriber says a filter: Comet's extension of an authenticate message (VTP-51)."""

VERSION_PARAM = "voevent-version"
"""Name of the Param by which a subscriber says which VOEvent version it takes: an extension of ours (VTP-04)."""

ROLE_PARAM = "voevent-role"
"""Name of the Param by which a subscriber says a role of the events that it takes: an extension of ours, too."""


@dataclass(frozen=True, slots=True)
class Transport:
    """A Transport element.

    role : iamalive, authenticate, ack or nak; in what was read any text, empty when there is none
    origin : who speaks; in a receipt the IVOID of the event (VTP-22), in an answered iamalive who asked (VTP-32)
    timestamp : when, as written; UTC in what we write (VTP-12)
    response : who answers
    params : name and value of each Meta/Param
    result : Meta/Result, the reason of a nak
    filters : text of each ``Meta/filter[@type='xpath']``, the older way to say a filter
    version : of the Transport schema

    What a peer wrote is not in the repr.
    """

    role: str = field(repr=False)
    origin: str = field(repr=False)
    timestamp: str = field(repr=False)
    response: str | None = field(default=None, repr=False)
    params: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    result: str | None = field(default=None, repr=False)
    filters: tuple[str, ...] = field(default=(), repr=False)
    version: str = field(default="1.0", repr=False)

    @property
    def xpaths(self) -> tuple[str, ...]:
        """The filters in it, said in either way; a subscriber wants what passes one of them."""
        return tuple(value for name, value in self.params if name == FILTER_PARAM) + self.filters

    @property
    def voevent_version(self) -> str | None:
        """The VOEvent version that a subscriber says it takes."""
        return next((value for name, value in self.params if name == VERSION_PARAM), None)

    @property
    def voevent_roles(self) -> tuple[str, ...]:
        """The roles of events that a subscriber says it takes."""
        return tuple(value for name, value in self.params if name == ROLE_PARAM)


# Writing (rule 1)


def write(message: Transport) -> bytes:
    """The document of a Transport, in UTF-8.

    Raises ConversionError (convert-character) when a text has a character that XML cannot carry.
    """
    meta = [f"<Param name={_quoted(name)} value={_quoted(value)}/>" for name, value in message.params]
    meta += [f'<filter type="xpath">{_escaped(text)}</filter>' for text in message.filters]
    if message.result is not None:
        meta.append(f"<Result>{_escaped(message.result)}</Result>")
    response = "" if message.response is None else f"<Response>{_escaped(message.response)}</Response>"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<trn:Transport xmlns:trn="{NAMESPACE}"'
        f" role={_quoted(message.role)} version={_quoted(message.version)}>"
        f"<Origin>{_escaped(message.origin)}</Origin>{response}"
        f"<TimeStamp>{_escaped(message.timestamp)}</TimeStamp>"
        f"{'<Meta>' if meta else ''}{''.join(meta)}{'</Meta>' if meta else ''}</trn:Transport>"
    ).encode()


# What means itself, in a text and between quotes: nearly all that is ever written.
_PLAIN = re.compile(r"[ !#-%'-;=?-~]*")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = {"\r": "&#13;"}
_IN_QUOTES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def _escaped(text: str, also: dict[str, str] = _IN_TEXT) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if _NOT_XML.search(text):
        raise ConversionError(
            "convert-character", "A text of a Transport has a character that XML cannot carry."
        )
    return escape(text, also)


def _quoted(text: str) -> str:
    return f'"{_escaped(text, _IN_QUOTES)}"'


# Recognising (rule 2)

_XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_SCHEMA = "http://telescope-networks.org/schema/Transport/v1.1"
_WWW = "http://www.telescope-networks.org/schema/Transport-v1.1.xsd"
_THIS_FILE = f"""<?xml version="1.0" encoding="UTF-8"?>
<trn:Transport xmlns:trn="{NAMESPACE}" role="ROLE" version="1.0">"""
_COMET_3 = f"""<?xml version='1.0' encoding='UTF-8'?>
<trn:Transport xmlns:trn="{NAMESPACE}" {_XSI} version="1.0" xsi:schemaLocation="{_SCHEMA} {_WWW}" role="ROLE">
  """
_PYGCN_1 = (
    "<?xml version='1.0' encoding='UTF-8'?>"
    f'<trn:Transport role="ROLE" version="1.0" xmlns:trn="{_SCHEMA}" {_XSI}'
    f' xsi:schemaLocation="{_SCHEMA} {_WWW.replace("www.", "")}">'
)
_HEADS = {
    writer.replace("ROLE", role).encode(): role
    for writer in (_THIS_FILE, _COMET_3, _PYGCN_1)
    for role in ("iamalive", "authenticate", "ack", "nak")
}

# Printable ASCII without blank, & < and >: text that means itself.
_TEXT = rb"([!-%'-;=?-~]{0,2000})"
_GAP = rb"[ \t\r\n]*"
_BODY = re.compile(
    rb"<Origin>" + _TEXT + rb"</Origin>" + _GAP
    + rb"(?:<Response>" + _TEXT + rb"</Response>" + _GAP + rb")?"
    + rb"<TimeStamp>" + _TEXT + rb"</TimeStamp>" + _GAP
    + rb"</trn:Transport>" + _GAP
)  # fmt: skip


def recognise(payload: bytes) -> Transport | None:
    """The Transport of a payload that is written exactly as one of the known programs does; else None."""
    start = payload.find(b"<Origin>")
    role = _HEADS.get(payload[:start])
    body = _BODY.fullmatch(payload, start) if role else None
    if role is None or body is None:
        return None
    origin, response, timestamp = body[1].decode(), body[2], body[3].decode()
    return Transport(role, origin, timestamp, None if response is None else response.decode())
