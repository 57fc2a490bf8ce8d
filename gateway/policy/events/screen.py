"""Whether all of a document passes, told from its bytes: for a broker, which relays thousands of events as they are.

Rules
1. Yes means that every element passes when it is looked at (`gateway.policy.events.judge`). Anything else means
   that they have to be looked at: a document that is unusual in any way is not screened but judged. Tests hold the
   two to each other.
2. Things of kind `voevent` have to pass whatever they are, and plain text, and the host of every address. That
   there is no other sign (`gateway.policy.events.signs`) is told by what every such sign needs:

       any          bytes stand for themselves: ASCII without backslash, percent-encoding, character references,
                    CDATA, comments and instructions; and no element is in a text
       secret       one of the needles of ``policy/links/links.toml``; with one, what the expressions say
       controlled   a part of the host that all its names share
       designator   ``lsst-d`` or ``lsstd``; with it, what the expression says
       link         ``:/``, each of which is looked at; or a scheme that needs no slashes; or a Reference, likewise
       bulk         a long text, or many Fields

3. The document is searched, not its texts one by one. A text is a part of it, with nothing beside it that belongs
   to a word, so more may be found here than there, and never less.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from gateway.policy.events.signs import GRID, PLAIN, Sign, host_link, lists
from gateway.safexml import Element

__all__ = ["passes"]

_HOLDERS = frozenset(
    re.findall(
        r"\w+",
        "VOEvent Who Author What Param Group Table Field Data TR WhereWhen ObsDataLocation ObservatoryLocation "
        "ObservationLocation AstroCoordSystem AstroCoords Time TimeInstant TimeInterval Position2D Position3D "
        "Value2 Value3 Error2 Error3 TimeFrame SpaceFrame How Why Inference Citations",
    )
)
"""Elements that hold elements. The text of any other is all the text in it, so that no element may be there."""

_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_REFERENCE = re.compile("&(?!lt;|gt;|quot;|apos;|amp; )")
_MARKS = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp; ", "& "))
_SCHEMES = ("data:", "script:", "jar:", "view-source:")
"""What `signs` takes for addresses though no slash follows."""
_DESIGNATORS = ("lsst-d", "lsstd")
"""How every designator begins. The expression itself goes through the text ten times as slowly."""
_BEFORE = re.compile(r"(?:\A|[^A-Za-z0-9.+-])(https?|ivo)\Z")
_HOST = r"([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::\d+)?(?:[/#?][A-Za-z0-9/._~#?;,+:!()*'-]*)?"
"""A host, and a path in which nothing can be hidden: no value, no user, no address."""
_AFTER = re.compile(_HOST + r"(?=[\s<>\"])")
_PLAIN_URI = re.compile("(?:https?|ivo)://" + _HOST)


def passes(data: bytes, root: Element, decide: Callable[[Sign], bool]) -> bool:
    """Whether all of a document passes (rule 1).

    root : the document, parsed
    decide : whether a sign passes; that things of kind `voevent` do is for the caller to know
    """
    raw = _literal(data)
    if raw is None or not _is_simple(root) or _may_be_bulk(raw):
        return False
    text = _unmarked(raw)
    hosts = None if _may_tell(text) else _hosts(text)
    return hosts is not None and all(decide(sign) for sign in (PLAIN, *map(host_link, hosts)))


def _literal(data: bytes) -> str | None:
    """The document as text, when its bytes stand for themselves."""
    if not data.isascii() or b"\0" in data:
        return None
    text = data.decode("ascii")
    if "\r" in text:  # one character is found in a tenth of the time that two take
        text = text.replace("\r\n", "\n")
    if "\r" in text or "\\" in text or "<!" in text or text.count("<?") > text.startswith("<?xml "):
        return None
    if ("%" in text and _PERCENT.search(text)) or ("&" in text and _REFERENCE.search(text)):
        return None
    return text


def _is_simple(root: Element) -> bool:
    """Whether elements are only where they belong, and References lead where anybody can see."""
    for node in root.iter("*"):
        if len(node) and str(node.tag).rpartition("}")[2] not in _HOLDERS:
            return False
    return all(_PLAIN_URI.fullmatch(str(node.get("uri"))) for node in root.iter("{*}Reference"))


def _may_be_bulk(raw: str) -> bool:
    """A text and an attribute lie between two ``<``. So many numbers have twice as many characters."""
    known = lists()
    return (
        max(map(len, raw.split("<"))) > min(known.characters, 2 * known.numbers) or raw.count("Field") >= GRID
    )


def _unmarked(raw: str) -> str:
    text = raw.replace("\t", " ").replace("\n", " ")  # as the values of attributes are
    if "&" in text:
        for mark, character in _MARKS:
            text = text.replace(mark, character)
    return text


def _may_tell(text: str) -> bool:
    """Whether there may be a sign that is no address."""
    known, low = lists(), text.lower()
    return (
        known.may_name_controlled(low)
        or (known.may_hold_secret(low) and known.secrets.search(text) is not None)
        or (any(map(low.__contains__, _DESIGNATORS)) and known.designators.search(text) is not None)
        or any(scheme in low for scheme in _SCHEMES)
        or "altidentifier" in low
    )


def _hosts(text: str) -> set[str] | None:
    """The hosts of all addresses, in lower case; None when one has to be looked at more closely."""
    pieces, found = text.split("://"), set()
    if text.count(":/") >= len(pieces):
        return None
    for before, after in pairwise(pieces):
        scheme, host = _BEFORE.search(before[-8:]), _AFTER.match(after)
        if scheme is None or host is None:
            return None
        if scheme[1] != "ivo":
            found.add(host[1].lower())
    shorteners = lists().shorteners
    return None if any(map(shorteners.search, found)) else found
