"""Whether the bytes of what was refused may be kept, where somebody of an audience may find them.

They may when the policy lets that audience see whatever they may hold. What it withholds must not reach a folder of
rejects either, nor what is too damaged for it to be asked: then the declared provenance and the kind decide
(`Policy.passes_unseen`), and what is of no known kind may be anything.
"""

from __future__ import annotations

from gateway.errors import GatewayError, PolicyError
from gateway.model.alert import Alert
from gateway.model.audience import Audience
from gateway.model.document import Document
from gateway.model.notice import Notice
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy

__all__ = ["may_be_kept"]


def may_be_kept(
    item: Alert | Document | Notice | Rejected, error: GatewayError, policy: Policy, audience: Audience
) -> bool:
    """Whether all bytes of an item may be kept, that was refused with an error."""
    if isinstance(error, PolicyError):
        return False
    if isinstance(item, (Document, Notice)):
        kind: str | None = "voevent"
    elif isinstance(item, Rejected):
        kind = item.family
    else:
        kind = item.schema.key.family if item.schema.key else None
    return kind is not None and policy.passes_unseen(kind, item.provenance, audience)
