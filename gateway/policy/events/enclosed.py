"""What a VOEvent that a gateway made has inline: the stamps of its alert, and the alert's packet (clauses P13, P14).

Rules
1. An event says by one of the Groups `OURS` that it was made from an alert, or redacted. Anybody can write such a
   Group, so it proves nothing: what is inline is looked into, and otherwise it is data like any other.
2. A stamp is one that the survey could have issued, in every byte, and is centred where the event is.
3. A packet is a whole datum of the released schema that the Group `avro` names by its fingerprint, and all of it
   passes as that of an alert that went through other hands.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable

from gateway.errors import AvroError
from gateway.model.alert import AlertSchema
from gateway.model.voevent import VOEvent
from gateway.model.voevent_values import param_float, param_int
from gateway.policy.cutouts.cutout import Facts, inspect
from gateway.policy.cutouts.form import forms
from gateway.schema import registry
from gateway.schema.datum import check_datum

__all__ = ["OURS", "Enclosed", "PacketPasses"]

OURS = ("avro", "policy")
"""The names are those of `gateway.mapping.exact` and `gateway.policy.events.notice`."""
_TRIGGERS = ("diaSource", "candidate")
_STAMP = re.compile(r"data:(?:image/fits|application/gzip);base64,([A-Za-z0-9+/]*={0,2})")

PacketPasses = Callable[[AlertSchema, bytes], bool]
"""Whether all of an alert passes."""


class Enclosed:
    """Looks into what one event has inline."""

    def __init__(self, event: VOEvent, packet_passes: PacketPasses) -> None:
        self._event, self._packet_passes = event, packet_passes
        self._is_ours = event.what is not None and any(map(event.what.group, OURS))

    def is_stamp(self, uri: str | None) -> bool:
        """Whether an address holds a stamp of the event's alert (rule 2)."""
        found = _STAMP.fullmatch(uri or "") if self._is_ours else None
        data = _bytes(found[1]) if found else None
        return data is not None and any(
            inspect(data, survey, self._facts()).outcome == "as-issued" for survey in forms()
        )

    def is_packet(self, text: str | None) -> bool:
        """Whether a text holds the packet of the event's alert (rule 3)."""
        data, schema = _bytes(text or ""), self._schema()
        if data is None or schema is None or schema.key is None:
            return False
        try:
            check_datum(schema, data)
        except AvroError:
            return False
        return self._packet_passes(schema, data)

    def _said(self, *groups: str) -> dict[str, str]:
        """The Params of the first of some Groups that is there."""
        what = self._event.what
        found = next((group for name in groups if what is not None and (group := what.group(name))), None)
        return {param.name or "": param.text or "" for param in found.params} if found else {}

    def _facts(self) -> Facts:
        trigger = self._said(*_TRIGGERS)
        ra, dec = (param_float(text) for text in (trigger.get("ra"), trigger.get("dec", trigger.get("decl"))))
        side = trigger.get("bboxSize")
        return Facts(
            param_int(side) if side else None,
            None if math.isnan(ra) else ra,
            None if math.isnan(dec) else dec,
        )

    def _schema(self) -> AlertSchema | None:
        return registry.by_sha256(self._said(OURS[0]).get("schema.sha256", ""))


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
