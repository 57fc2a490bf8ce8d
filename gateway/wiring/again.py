"""What has been released to an audience, when the policy is asked about it again.

Rules
1. What the public may see is as an event of others is: looked through, and passed on.
2. What was released to those with data rights is as restricted as if it were all made of these releases: nobody without
   them gets it, whoever is connected.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.model.audience import Audience
from gateway.model.provenance import Origin, Provenance

__all__ = ["released_to"]


def released_to(audience: Audience) -> Provenance:
    """The provenance of an event that was released to an audience."""
    parts = [Provenance(Origin.DATA_RELEASE, right) for right in sorted(audience.rights)]
    if not parts:
        return Provenance(Origin.EXTERNAL)
    return replace(parts[0], inputs=tuple(parts[1:]))
