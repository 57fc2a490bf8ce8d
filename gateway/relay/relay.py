"""What an event goes through before anybody is acknowledged anything.

Rules
1. An event is refused, with the first reason, when the XSD calls it an error (VTP-21), when it has no identifier by
   which a receipt could name it (VTP-22), and when none of the audiences served may see anything of it. A refusal is
   for good (VTP-24).
2. What only the text of the standard calls an error is counted by its code, and the event goes on: telescopes that have
   sent for years break such rules, and a subscriber wants their events. `strict` refuses them.
3. Where events come from is what the operator declares, for all of them. Without a declaration there is no relay.
4. Nothing leaves but what the policy has released, whole or as a new event of the `issuer` (`gateway.relay.offer`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import cast

from gateway.codecs.voevent import decode
from gateway.codecs.voevent.check import errors
from gateway.errors import GatewayError, PolicyError, VTPError, Where
from gateway.model.audience import PUBLIC, Audience
from gateway.model.finding import Finding
from gateway.model.provenance import Provenance
from gateway.model.voevent import Version, VOEvent
from gateway.policy.engine import ISSUER, Policy
from gateway.policy.events.notice import Issuer
from gateway.policy.release import Release
from gateway.relay.offer import Offer
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.messages import Packet, read

__all__ = ["Relay", "head_of", "packet_of"]

log = logging.getLogger("gateway.vtp")


class Relay:
    """Makes offers of packets.

    provenance : where all events come from. Raises PolicyError (policy-provenance) when no origin is declared
    audiences : those to whom events go, of which one at least must be allowed to see an event
    limit : bytes of the largest document that is sent
    strict : see rule 2

    counts : what was not sent, or not all of it, by reason; `loss` counts what 2.0 could not say
    broken : events that went on although the text of the standard calls something in them an error, by rule
    """

    def __init__(
        self,
        policy: Policy,
        provenance: Provenance,
        *,
        issuer: Issuer = ISSUER,
        audiences: Iterable[Audience] = (PUBLIC,),
        limit: int = MAX_FRAME,
        strict: bool = False,
    ) -> None:
        if not provenance.parts():
            raise PolicyError(
                "policy-provenance", "It is not declared where the events come from, so none may go on."
            )
        self._policy, self._provenance, self._issuer = policy, provenance, issuer
        self._audiences, self._limit, self._strict = tuple(audiences), limit, strict
        self.counts: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()

    def take(self, packet: Packet) -> Offer:
        """The offer of an event. Raises GatewayError, which says why it is refused (rule 1)."""
        if not packet.ivorn.strip():
            raise VTPError("vtp-invalid", "The event has no identifier.", clause="VTP-22")
        found = errors(packet.payload, packet.root)
        refusing = found.xsd or (found.text if self._strict else ())
        if refusing:
            raise _invalid(refusing[0])
        offer = Offer(packet, self._release, self._limit, self.counts)
        self._somebody_may_see(offer)
        if found.text:
            self._broken(packet, {one.code for one in found.text})
        return offer

    def _broken(self, packet: Packet, codes: Iterable[str]) -> None:
        """Rule 2."""
        self.broken.update(codes)
        log.info("event %s goes on and breaks %s", packet.digest.hex()[:12], ", ".join(sorted(codes)))

    def _somebody_may_see(self, offer: Offer) -> None:
        refusals: list[GatewayError] = []
        for audience in self._audiences:
            try:
                offer.release(audience)
            except GatewayError as error:
                refusals.append(error)
        if len(refusals) == len(self._audiences):
            raise refusals[0]

    def _release(self, packet: Packet, audience: Audience) -> Release[VOEvent]:
        whole = self._policy.release_whole(
            head_of(packet), packet.root, audience, provenance=self._provenance
        )
        if whole is not None:
            return whole
        event = decode(packet.payload, packet.root)
        return self._policy.release(event, audience, provenance=self._provenance, issuer=self._issuer)


def packet_of(document: bytes) -> Packet:
    """The packet of a document that came from no author. Raises XMLError, LimitError and VTPError (vtp-message)."""
    packet = read(document)
    if not isinstance(packet, Packet):
        raise VTPError("vtp-message", "The document is a Transport message and no VOEvent.")
    return packet


def _invalid(finding: Finding) -> VTPError:
    return VTPError(
        "vtp-invalid",
        finding.message,
        where=Where(line=finding.line, path=finding.path or None),
        clause=f"{finding.code}, {finding.clause}",
    )


def head_of(packet: Packet) -> VOEvent:
    """As much of an event as is needed to pass its document on."""
    return VOEvent(cast(Version, packet.version), packet.ivorn, packet.role, original=packet.payload)
