"""What a payload is: a Transport or a VOEvent, told by the local name of its root (VTP-13).

Rules
1. Every payload is parsed by `gateway.safexml`: no DTD, no entities, nothing loaded. Transports that known programs
   wrote are recognised without a parser, to the same value (`gateway.vtp.transport`).
2. Of a Transport any namespace is taken, and none (VTP-11); its children are known by their local names, whatever
   their order. Origin, Response and TimeStamp are without the white space around them, as xs:anyURI is; others to
   the letter. What is missing is empty, for a session needs little more than the role.
3. Of a VOEvent only the root is looked at: identifier, role, version. Any version is taken; who gets the packet
   judges it. A role that is missing is observation (VE-04), an ivorn that is missing is empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway import safexml
from gateway.errors import VTPError, Where
from gateway.model.voevent import NAMESPACES
from gateway.vtp.identity import digest, element
from gateway.vtp.transport import Transport, recognise

__all__ = ["MAX_IDENTIFIER", "Packet", "Transport", "read"]

MAX_IDENTIFIER = 2000
"""Characters of an identifier (ivorn, Origin, Response): it is sent back, escaped, and has to fit into a message.
Historic ones have below 100."""

_VERSIONS = {namespace: version for version, namespace in NAMESPACES.items()}


@dataclass(frozen=True, slots=True)
class Packet:
    """A VOEvent as it came: the payload, and what of it has to be known to pass it on.

    payload : the document, bit for bit (VTP-05)
    ivorn : its identifier as written, empty when it has none
    role : observation, prediction, utility or test; any text that the document has there
    version : 1.1, 2.0 or 2.1 by its namespace; else what its version attribute says, or empty
    element : where in the payload the VOEvent element is, without what stands around it (VTP-41)
    digest : SHA-256 of these bytes; two packets are the same event when theirs are equal
    root : the document as it was parsed for all this, so that nobody parses it again; not to be changed
    """

    payload: bytes = field(repr=False)
    ivorn: str = field(repr=False)
    role: str = field(repr=False)
    version: str = field(repr=False)
    element: slice = field(repr=False, compare=False)
    digest: bytes = field(repr=False, compare=False)
    root: safexml.Element = field(repr=False, compare=False)


def read(payload: bytes) -> Transport | Packet:
    """The message in a payload.

    Raises XMLError and LimitError (see `gateway.safexml`), and VTPError (vtp-message) when the root is neither or an
    identifier is too long to be sent back.
    """
    known = recognise(payload)
    if known is not None:
        return known
    root = safexml.parse(payload)
    namespace, _, name = str(root.tag).rpartition("}")
    if name == "Transport":
        return _transport(root)
    if name == "VOEvent":
        where = element(payload)
        return Packet(
            payload,
            _identifier(str(root.get("ivorn", ""))),
            str(root.get("role", "observation")),
            _VERSIONS.get(namespace[1:]) or str(root.get("version", "")),
            where,
            digest(payload, where),
            root,
        )
    raise VTPError(
        "vtp-message",
        "The document is neither a VOEvent nor a Transport.",
        where=Where(line=safexml.line_of(root)),
        clause="VTP-03",
    )


def _transport(root: safexml.Element) -> Transport:
    """Rule 2."""
    children = {_local(child): child for child in reversed(root)}
    meta = children.get("Meta")
    parts = [(_local(part), part) for part in (() if meta is None else meta)]
    response = children.get("Response")
    return Transport(
        str(root.get("role", "")),
        _identifier(_text(children.get("Origin")).strip(_BLANK)),
        _text(children.get("TimeStamp")).strip(_BLANK),
        None if response is None else _identifier(_text(response).strip(_BLANK)),
        tuple(
            (str(part.get("name", "")), str(part.get("value", ""))) for name, part in parts if name == "Param"
        ),
        next((_text(part) for name, part in parts if name == "Result"), None),
        tuple(_text(part) for name, part in parts if name == "filter" and part.get("type") == "xpath"),
        str(root.get("version", "")),
    )


_BLANK = " \t\r\n"


def _local(node: safexml.Element) -> str:
    """The local name of an element; of comments and processing instructions nothing."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _identifier(text: str) -> str:
    if len(text) > MAX_IDENTIFIER:
        raise VTPError(
            "vtp-message", f"An identifier has {len(text)} characters; the limit is {MAX_IDENTIFIER}."
        )
    return text


def _text(node: safexml.Element | None) -> str:
    return "" if node is None else "".join(map(str, node.itertext()))
