"""VOEvents as XML and in our JSON form. What is in them is told where their release is decided (L09, L10)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway import safexml
from gateway.codecs import voevent_json
from gateway.codecs.voevent import decode
from gateway.compliance.manifest import Manifest
from gateway.compliance.sources import Source
from gateway.compliance.surface import Content
from gateway.compliance.targets import jsons
from gateway.compliance.targets.xmlroot import root
from gateway.errors import GatewayError
from gateway.model.rejected import Rejected
from gateway.model.voevent import VOEvent

__all__ = ["NAME", "fields", "recognise"]

NAME = "VOEvent"

_JSON = re.compile(rb'\s*\{\s*"version"\s*:\s*"[\d.]+"\s*,\s*"ivorn"\s*:')


def recognise(start: bytes, name: str) -> bool:
    """By the root element, or as our JSON form."""
    return root(start) == "VOEvent" or _JSON.match(start) is not None


def fields(source: Source, manifest: Manifest) -> Content:
    """The event, or those of JSON one by one. Raises XMLError, VOEventError, JSONError and LimitError."""
    if _JSON.match(source.start):
        return Content(events=_of_json(source.data(jsons.MAX_BYTES)))
    return Content(events=iter([decode(source.data(safexml.MAX_BYTES))]))


def _of_json(data: bytes) -> Iterator[VOEvent | Rejected]:
    # A key that occurs twice is found here; the reader of the form takes the last.
    for number, (text, _) in enumerate(jsons.documents(data)):
        try:
            yield voevent_json.decode(text)
        except GatewayError as error:
            yield Rejected(error.located(record=number), b"")
