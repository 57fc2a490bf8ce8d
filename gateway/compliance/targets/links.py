"""Lists of addresses: text, one URL a line, comments after ``#``. Nothing is fetched (P16, L11)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content, Surface, link
from gateway.errors import InputError, Where

__all__ = ["MAX_BYTES", "NAME", "fields", "recognise"]

NAME = "links"
MAX_BYTES = 4 * 2**20
"""Largest list of links in bytes: that is 50 000 addresses."""

_LINK = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")
_FIRST = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s*(?:#[^\n]*)?\n)*\s*(?:[A-Za-z][A-Za-z0-9+.-]*://|data:|ivo:|doi:)"
)


def recognise(start: bytes, name: str) -> bool:
    """By its first line that is no comment."""
    return _FIRST.match(start) is not None


def fields(source: Source, manifest: Manifest) -> Content:
    """The addresses, known by their lines: the address itself is not repeated. Raises InputError and LimitError."""
    return Content(_surfaces(source.data(MAX_BYTES)))


def _surfaces(data: bytes) -> Iterator[Surface]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        if not _LINK.match(text):
            raise InputError(
                "input-unknown", "A line of the list is not one address.", where=Where(line=number)
            )
        # What is not UTF-8 may hide anything: of that no sign is looked for, and no rule about addresses speaks of it.
        address = text.decode("utf-8", "replace")
        yield link("" if "\ufffd" in address else address, f"#line{number}", line=number)
