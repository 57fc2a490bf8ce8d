"""The Python API: read, convert, validate. ``from gateway import read, convert, validate``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from os import PathLike, fspath
from typing import Any

from gateway.codecs.voevent.check import check
from gateway.conversion import Converter, Target
from gateway.errors import SettingsError
from gateway.mapping.settings import Settings
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.finding import Finding
from gateway.model.provenance import Origin
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy
from gateway.transports.files import Declared, Unit, items, of_stream, units

__all__ = ["convert", "read", "validate"]


def read(
    source: str | PathLike[str] | bytes, *, origin: Origin | str | None = None, schema: str | None = None
) -> Iterator[Alert | Document]:
    """The alerts and VOEvents in a file, folder, tar archive or bytes, one at a time.

    origin : where they come from, such as ``alert`` or ``data-release``; by default ``alert`` for alerts and
        ``external`` for VOEvents
    schema : read the source as bare Avro data in this released schema, such as ``lsst/11.0``
    Raises GatewayError at the first item that cannot be read, saying where it is and what to do.
    """
    declared = Declared(schema=schema)
    if origin is not None:
        try:
            origin = Origin(origin)
        except ValueError:
            known = ", ".join(one.value for one in Origin)
            raise SettingsError("settings-value", f"`origin` must be one of {known}.") from None
        declared = replace(declared, alert=origin, event=origin)
    for unit in _units(source):
        for found in items(unit, declared):
            if isinstance(found.item, Rejected):
                raise found.item.error
            yield found.item


def _units(source: str | PathLike[str] | bytes) -> Iterator[Unit]:
    if isinstance(source, bytes):
        return of_stream("bytes", io.BufferedReader(io.BytesIO(source)))
    return units([fspath(source)])


def convert(item: Alert | Document, to: Target = "voevent", **settings: Any) -> bytes:
    """The item as a VOEvent (``voevent``, ``voevent-2.0``, ``voevent-2.1``), ``avro`` or ``json``, for the public.

    settings : the fields of `gateway.mapping.settings.Settings`: authority, stream, detail, role, ...
    For ``avro`` the result is the alert in its own framing; of an alert from a container it is the datum.
    Raises PolicyError when nothing of the item is public, and other GatewayErrors when it cannot be converted.

    >>> for alert in read("visit.avro"):
    ...     document = convert(alert, authority="org.example", stream="lsst")
    """
    return _converter(to, Settings(**settings)).convert(item).data


@lru_cache(maxsize=32)
def _converter(to: Target, settings: Settings) -> Converter:
    return Converter(to, settings, Policy())


def validate(document: bytes | Document) -> list[Finding]:
    """What is wrong with a VOEvent 1.1, 2.0 or 2.1, by its XSD and the rules of the standard.

    Raises XMLError and LimitError when the document cannot be parsed at all.
    """
    return list(check(document.data if isinstance(document, Document) else document))
