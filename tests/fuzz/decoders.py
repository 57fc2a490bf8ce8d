"""The decoders of the lower layers as one table: bytes in, a value or a documented error out.

A target takes any bytes. Whatever it does not raise as a GatewayError of `gateway.errors` is a defect, and so is an
error or a repr in which `SENTINEL`, which all the seeds carry as a value, can be read.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import stamps
from strategies import _Maker, encode

from gateway import safexml, vtp
from gateway.codecs import confluent, container, single_object
from gateway.errors import AvroError, GatewayError
from gateway.model.alert import AlertSchema
from gateway.model.avrotype import Array, Primitive, Record, nullable
from gateway.model.fitsfile import pixels
from gateway.model.fitsfile import read as read_fits
from gateway.model.rejected import Rejected
from gateway.policy.cutouts.cutout import Facts, inspect
from gateway.schema import registry
from gateway.schema.parse import parse_schema_text
from gateway.schema.project import values_of
from gateway.schema.raw import Layout
from gateway.schema.text import texts_of
from gateway.vtp.events import Close

SENTINEL = "s3ntinel"
NEWEST, ZTF = registry.get("lsst/11.1"), registry.get("ztf/4.02")


@cache
def _layout(root: Record) -> Layout:
    return Layout(root)


def _seed(schema: AlertSchema) -> bytes:
    raw = _Maker(7, None, 1).value(schema.root)
    for place, field in enumerate(schema.root.fields):
        if nullable(field.type)[0] == Primitive("string"):
            raw[place] = SENTINEL.encode()
    return encode(schema.root, raw)


def datum(data: bytes) -> None:
    """A bare record: cut, put together, and its texts."""
    layout = _layout(ZTF.root)
    raw = layout.read(data)
    assert layout.read(layout.write(raw)) == raw
    _texts(ZTF.root, raw)


def _texts(record: Record, raw: list[Any]) -> None:
    types = [nullable(field.type)[0] for field in record.fields]
    flat = [
        None if isinstance(type_, (Record, Array)) else value for type_, value in zip(types, raw, strict=True)
    ]
    texts_of(types)([flat])
    for type_, value in zip(types, raw, strict=True):
        if isinstance(type_, Record) and value is not None:
            _texts(type_, value)
        if isinstance(type_, Array) and isinstance(type_.items, Record):
            for item in value or ():
                _texts(type_.items, item)


def schema(data: bytes) -> None:
    """The text of a schema, and an empty record under it."""
    parsed = parse_schema_text(data)
    assert parse_schema_text(json.dumps(parsed.json)).sha256 == parsed.sha256
    Layout(parsed.root).check(b"")


def object_container(data: bytes) -> None:
    """A container file: what is refused comes out as Rejected."""
    for one in container.read(io.BytesIO(data)):
        assert SENTINEL not in repr(one)
        if isinstance(one, Rejected):
            assert SENTINEL not in str(one.error)
            continue
        with suppress(AvroError):  # a text that is not UTF-8
            values_of(one)


def confluent_message(data: bytes) -> None:
    """A message in Confluent framing."""
    alert = confluent.read(data)
    assert SENTINEL not in repr(alert)
    _layout(alert.schema.root).check(alert.payload)


def single_object_message(data: bytes) -> None:
    """A message in single-object encoding."""
    alert = single_object.read(data)
    assert SENTINEL not in repr(alert)
    _layout(alert.schema.root).check(alert.payload)


def xml(data: bytes) -> None:
    """An XML document."""
    assert safexml.parse(data).getroottree().docinfo.internalDTD is None


def vtp_message(data: bytes) -> None:
    """What may be a message: its repr says nothing of it, and the element of an event is in the payload."""
    message = vtp.read(data)
    assert SENTINEL not in repr(message)
    if isinstance(message, vtp.Packet):
        assert b"<" in data[message.element][:2]
        assert b">" in data[message.element][-2:]


def vtp_bytes(data: bytes) -> None:
    """What a peer sends: every role ends, says so once, and what it says of it tells nothing."""
    for session in (
        vtp.Author(XML.encode()),
        vtp.Receiver("ivo://a.b/c"),
        vtp.Broadcaster("ivo://a.b/c"),
        vtp.Subscriber("ivo://a.b/c"),
    ):
        events = session.opened(0) + session.receive(data, 1) + session.tick(1000) + session.lost(1001)
        said = f"{events} {[str(getattr(event, 'error', None)) for event in events]}"
        assert SENTINEL not in said
        assert session.state == "closed"
        assert [type(event) for event in events].count(Close) <= 1


def fits_file(data: bytes) -> None:
    """A FITS file of plain images."""
    for hdu in read_fits(data):
        assert pixels(data, hdu).nbytes == hdu.size


def _stamp(survey: str) -> Callable[[bytes], None]:
    def stamp(data: bytes) -> None:
        """A stamp: an alert's facts or none, the verdict is sound and says nothing."""
        for facts in (stamps.lsst()[1], Facts()):
            verdict = inspect(data, survey, facts)
            assert SENTINEL not in repr(verdict)
            assert (verdict.data is None) == (verdict.outcome == "refuse")
            if verdict.data is not None:
                assert inspect(verdict.data, survey, facts).data == verdict.data
                assert SENTINEL.encode() not in verdict.data[:2880]

    return stamp


def _container(codec: str) -> bytes:
    out = io.BytesIO()
    container.write(out, ZTF, [_seed(ZTF)] * 2, codec)
    return out.getvalue()


XML = f"""<?xml version="1.0" encoding="utf-8"?><!-- {SENTINEL} -->
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v2.0" ivorn="ivo://a/{SENTINEL}" role="test" version="2.0">
<What><Param name="x" value="{SENTINEL}"/>{SENTINEL}<![CDATA[{SENTINEL}]]>&amp;</What></voe:VOEvent>"""

TRANSPORT = vtp.Transport(
    "ack",
    f"ivo://a.b/{SENTINEL}",
    SENTINEL,
    SENTINEL,
    ((SENTINEL, SENTINEL),),
    SENTINEL,
    (SENTINEL,),
    SENTINEL,
)

TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "datum": (datum, [_seed(ZTF)]),
    "schema": (schema, [json.dumps(ZTF.json).encode(), json.dumps({**ZTF.json, "doc": SENTINEL}).encode()]),
    "container": (object_container, [_container(codec) for codec in container.CODECS]),
    "confluent": (confluent_message, [confluent.frame(NEWEST, _seed(NEWEST))]),
    "single-object": (single_object_message, [single_object.frame(ZTF, _seed(ZTF))]),
    "fits": (fits_file, [stamps.added(stamps.lsst()[0], f"COMMENT {SENTINEL}")]),
    "lsst-stamp": (
        _stamp("lsst"),
        [stamps.lsst()[0], stamps.added(stamps.lsst(2)[0], f"COMMENT {SENTINEL}")],
    ),
    "ztf-stamp": (_stamp("ztf"), [stamps.ztf()]),
    "vtp-message": (
        vtp_message,
        [XML.encode(), XML.replace("utf-8", "utf-16").encode("utf-16"), vtp.write(TRANSPORT)],
    ),
    "vtp-session": (
        vtp_bytes,
        [
            vtp.frame(XML.encode()),
            vtp.frame(vtp.write(TRANSPORT)) * 2 + vtp.frame(SENTINEL.encode()),
            bytes(4),
        ],
    ),
    "xml": (xml, [XML.encode(), XML.replace("utf-8", "utf-16").encode("utf-16")]),
}
"""Name -> (target, seeds). To fuzz another decoder, add a line."""


def run(name: str, data: bytes) -> bool:
    """Whether the target took the bytes. Raises what is a defect."""
    try:
        TARGETS[name][0](data)
    except GatewayError as error:
        said = f"{error} {error!r}"
    else:
        return True
    assert SENTINEL not in said
    return False
