"""IVOIDs compared and built as IVOA Identifiers 2.0 says.

Rules
1. ``ivo://authority/path`` is the registry part: it names a record in the VO Registry, here an event stream.
   What follows, from the first ``?`` or ``#`` on, is the local part: it names one packet of the stream. New
   identifiers have ``?`` (Identifiers 2.0 section 4.1), VOEvents up to 2.0 have ``#``.
2. The authority has at least three characters and starts with a letter or digit.
3. The registry part is compared without regard to case, the local part with. Nothing else is made equal: ``?``
   and ``#`` stay different, and percent-encodings are compared as they are written.
4. What a URI cannot hold is percent-encoded in the local part when an identifier is built (RFC 3986 section
   2.1); the registry part must not need it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

__all__ = ["IVOID", "build", "key", "same"]

# RFC 3986: unreserved, sub-delims and, in segments, ":" and "@".
_AUTHORITY = r"[A-Za-z0-9][A-Za-z0-9._~!$&'()*+,;=-]{2,}"
_LOCAL_SAFE = "-._~!$&'()*+,;=:@/?"
_PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_IVOID = re.compile(
    rf"[Ii][Vv][Oo]://(?P<authority>{_AUTHORITY})(?P<path>(?:/{_PCHAR}+)*)"
    rf"(?:(?P<separator>[?#])(?P<local>(?:{_PCHAR}|[/?#])*))?",
)


@dataclass(frozen=True, slots=True, eq=False)
class IVOID:
    """An identifier and its parts, as written; equal when the standard calls two equal (rule 3).

    path : the resource key with its leading slash, or empty
    separator : ``?`` or ``#``, empty when there is no local part
    """

    authority: str
    path: str = ""
    separator: str = ""
    local: str = ""

    @classmethod
    def parse(cls, text: str) -> IVOID:
        """Take an identifier apart. Raises ValueError with a sentence that says what is wrong."""
        match = _IVOID.fullmatch(text)
        if match is None:
            raise ValueError(_complaint(text))
        return cls(match["authority"], match["path"], match["separator"] or "", match["local"] or "")

    @property
    def registry_part(self) -> str:
        """The stream: the identifier without its local part."""
        return f"ivo://{self.authority}{self.path}"

    @property
    def key(self) -> str:
        """The text that two identifiers share exactly when they are equal."""
        return self.registry_part.lower() + self.separator + self.local

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, IVOID) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.registry_part + self.separator + self.local


def build(authority: str, stream: str, local: str, separator: Literal["?", "#"] = "?") -> str:
    """The identifier of the packet `local` of a stream, such as ``ivo://example.org/alerts?42``.

    Raises ValueError when authority or stream are not fit for an identifier or `local` is empty.
    """
    if not local:
        raise ValueError("a packet needs a local part that is not empty")
    stem = f"ivo://{authority}/{stream}"
    if IVOID.parse(stem).separator:
        raise ValueError("authority and stream must not contain ? or #")
    return stem + separator + quote(local, safe=_LOCAL_SAFE)


def key(text: str) -> str:
    """`IVOID.key` of a text, or the text itself when it is no IVOID."""
    try:
        return IVOID.parse(text).key
    except ValueError:
        return text


def same(one: str, other: str) -> bool:
    """Whether two texts are the same identifier; texts that are none are the same only when equal."""
    return key(one) == key(other)


def _complaint(text: str) -> str:
    if text[:6].lower() != "ivo://":
        return "an IVOID starts with ivo://"
    if not re.match(rf"{_AUTHORITY}(?=[/?#]|\Z)", text[6:]):
        return "the authority of an IVOID has three or more URI characters and starts with a letter or digit"
    return "an IVOID has no empty path segments, spaces or other characters that a URI must percent-encode"
