"""What is in a message of a source that does not open them itself.

Rules
1. The declared format decides; ``auto`` is told by the first bytes, as files are (`gateway.transports.files`).
2. Where it comes from is what the source declares, for all of its messages.
3. A container in a message may have several alerts, and each is an item.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable

from gateway.codecs import confluent, container, single_object
from gateway.codecs.notices import NoticeSchemas
from gateway.errors import AvroError, LimitError
from gateway.model.alert import AlertSchema
from gateway.model.document import Document
from gateway.relay.message import Item, Message
from gateway.safexml import MAX_BYTES
from gateway.schema import registry
from gateway.transports.files import Declared, Unit, items, of_stream

__all__ = ["Decode", "decoder"]

Decode = Callable[[Message], Iterable[Item]]


def decoder(
    form: str,
    declared: Declared,
    source: str,
    find: Callable[[int], AlertSchema] = registry.by_wire_id,
    notices: NoticeSchemas | None = None,
) -> Decode:
    """The function for a format of `gateway.config.sources`.

    source : its name
    find : the schema of an id on the wire
    notices : the schemas of GCN's notices, for ``gcn-json``
    """
    alert, event, restored = (
        declared.provenance(declared.alert, source),
        declared.provenance(declared.event, source),
        declared.restored(source),
    )

    def of_confluent(message: Message) -> Iterable[Item]:
        return (confluent.read(message.data, alert, find),)

    def of_voevent(message: Message) -> Iterable[Item]:
        if len(message.data) > MAX_BYTES:
            raise LimitError("limit-size", f"The document has more than {MAX_BYTES} bytes.")
        return (Document(message.data, event, restored),)

    def of_container(message: Message) -> Iterable[Item]:
        pieces = of_stream(message.name, io.BufferedReader(io.BytesIO(message.data)))
        return (found.item for unit in pieces for found in items(unit, declared))

    def of_avro(message: Message) -> Iterable[Item]:
        if message.data.startswith(container.MAGIC):
            return of_container(message)
        if message.data.startswith(single_object.MARKER):
            return (single_object.read(message.data, alert),)
        raise AvroError("avro-framing", "The message is neither an Avro file nor a single object.")

    def of_notice(message: Message) -> Iterable[Item]:
        assert notices is not None
        return (notices.read(message.data, event),)

    def of_any(message: Message) -> Iterable[Item]:
        if message.data.startswith(b"\0") and declared.schema is None:
            return of_confluent(message)
        if message.data.startswith(container.MAGIC):
            return of_container(message)
        return (found.item for found in items(Unit(message.name, "message", message.data), declared))

    return {
        "confluent": of_confluent,
        "voevent": of_voevent,
        "avro": of_avro,
        "gcn-json": of_notice,
        "auto": of_any,
    }[form]
