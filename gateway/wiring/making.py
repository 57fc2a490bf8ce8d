"""What an output makes of an item.

Rules
1. The policy comes first (`gateway.conversion`): what follows sees what the output's audience may see.
2. An event of a role that is not wanted goes nowhere (VE-06). An alert that is not made an event has the role that its
   events would have. A message that is marked as a test (hop's ``_test``) is one, whatever is in it.
3. A filter is asked about the event that goes out, or, when none does, about the core event that the audience would
   get.
4. ``original`` is the bytes that came in: a notice of GCN, a VOEvent when nothing is withheld from it, an Avro message
   too; one that is a file of its own only when it is as the survey issued it and has this one alert, for its head
   could say anything.
5. Headers go along by name. The key does when nothing was withheld; otherwise the event's identifier is the key.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable

from gateway.codecs import container
from gateway.codecs.voevent import decode
from gateway.codecs.voevent.check import errors
from gateway.conversion import Converter, Output, stem_of
from gateway.errors import GatewayError
from gateway.filters.xpath import EventTree, Filter
from gateway.model.alert import Alert
from gateway.model.document import Document
from gateway.model.notice import Notice
from gateway.model.rejected import Rejected
from gateway.policy.events.notice import Issuer
from gateway.relay.message import Content, Message, Product
from gateway.relay.relay import head_of, packet_of
from gateway.transports.kafka.headers import TEST, is_test
from gateway.wiring.again import released_to

__all__ = ["Chooser", "Maker"]

NOTICE_ROLES = {"planned": "prediction", "injection": "test", "commanded": "test", "test": "test"}
"""The role that a VOEvent would have, by the `alert_tense` of a notice; all others are observations."""


class Chooser:
    """Asks a filter (rule 3).

    events : makes the event when an output is none
    """

    def __init__(self, text: str, events: Converter) -> None:
        self._filter, self._events = Filter(text), events

    def __call__(self, item: Alert | Document, output: Output) -> bool:
        """Whether it is wanted. Raises GatewayError."""
        event = output if output.suffix == ".xml" else self._events.convert(item)
        settings, audience = self._events.settings, self._events.audience
        release = self._events.policy.release(
            decode(event.data),
            audience,
            provenance=released_to(audience),
            issuer=Issuer(settings.authority, settings.stream, settings.separator),
        )
        return self._filter.verdict(EventTree(release)) == "match"


class Maker:
    """The `make` of an output.

    alerts, documents : convert one and the other
    role : of events that are made of alerts
    whole : a product of Avro is a file of its own, as for a topic; otherwise its datum is enough
    """

    def __init__(
        self,
        alerts: Converter,
        documents: Converter,
        *,
        roles: Iterable[str],
        role: str,
        headers: Iterable[str] = (),
        chooser: Chooser | None = None,
        original: bool = False,
        whole: bool = True,
    ) -> None:
        self._alerts, self._documents, self._chooser = alerts, documents, chooser
        self._roles, self._role, self._headers = frozenset(roles), role, {TEST, *headers}
        self._original, self._whole = original, whole

    def __call__(self, item: Content, message: Message) -> Product | None:
        """The product; None when it is not wanted. Raises GatewayError."""
        if isinstance(item, Notice):
            output = notice_as_it_is(item, self._documents)
        elif isinstance(item, Document):
            output = as_it_is(item, self._documents) or self._documents.convert(item)
        else:
            output = self._alerts.convert(item)
        role = "test" if is_test(message.headers) else output.role or self._role
        if role not in self._roles or not self._chosen(item, output):
            return None
        ident = output.ivorn.encode("utf-8", "replace") if output.ivorn is not None else None
        return Product(
            self._data(item, message, output),
            output.stem,
            output.suffix,
            output.ivorn,
            role,
            output.datum,
            message.key if output.whole else ident,
            tuple(one for one in message.headers if one[0] in self._headers),
            message.time,
        )

    def _chosen(self, item: Content, output: Output) -> bool:
        """Rule 3. Nobody has a filter for notices (`gateway.config.checks`)."""
        return self._chooser is None or isinstance(item, Notice) or self._chooser(item, output)

    def _data(self, item: Content, message: Message, output: Output) -> bytes:
        if output.datum is None or output.datum.codec is None or not self._whole:
            return output.data
        if self._original and output.whole and message.item is None and _issued_alone(item, message.data):
            return message.data
        return output.datum.contained()


def as_it_is(item: Document, converter: Converter) -> Output | None:
    """An event of which it shows at a glance that it may go on as it is, as most do; it need not be read for that.

    None for all others: for what is not valid, of which something may be withheld, or which is to be something else.
    """
    try:
        packet = packet_of(item.data)
        invalid = errors(packet.payload, packet.root).xsd
    except GatewayError:
        return None  # whoever converts it says what is wrong
    wanted = packet.version if converter.to == "voevent" else converter.version
    if invalid or packet.version != wanted or not packet.ivorn.strip():
        return None
    release = converter.policy.release_whole(
        head_of(packet), packet.root, converter.audience, provenance=item.provenance
    )
    if release is None:
        return None
    data = release.original()
    return Output(data, stem_of(packet.ivorn), ".xml", packet.ivorn, role=packet.role, whole=True)


def notice_as_it_is(notice: Notice, converter: Converter) -> Output:
    """A notice that the policy lets go on (rule 4). Raises PolicyError."""
    release = converter.policy.release(notice, converter.audience)
    data = release.original()
    role = NOTICE_ROLES.get(str(notice.value.get("alert_tense")), "observation")
    return Output(data, hashlib.sha256(data).hexdigest()[:16], ".json", role=role, whole=True)


def _issued_alone(item: Content, data: bytes) -> bool:
    """Rule 4."""
    if not isinstance(item, Alert) or not item.provenance.issued:
        return False
    _, blocks = container.open_blocks(io.BytesIO(data))
    return [block.count for block in blocks if not isinstance(block, Rejected)] == [1]
