"""Release: the view of one item that one audience may see.

Mapping, filters and sinks accept nothing else, and only `gateway.policy.engine` makes one: skipping the policy
is an error of the type checker, and of `tests/test_layers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.errors import PolicyError
from gateway.model.alert import Alert
from gateway.model.fieldpath import FieldPath
from gateway.model.voevent import VOEvent

__all__ = ["Decision", "Release"]

Item = TypeVar("Item", Alert, VOEvent, covariant=True)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a leaf or a document, by which rule, and why.

    rule : the id of the rule, ``default-deny`` when none matched
    """

    effect: str
    rule: str
    clause: str
    reason: str

    @property
    def passes(self) -> bool:
        """Whether the audience may see it."""
        return self.effect == "pass"


@dataclass(frozen=True, slots=True, eq=False)
class Release(Generic[Item]):
    """An item as one audience may see it.

    item : the alert or event; only what is not in `withheld` may be used
    withheld : the leaves that the audience may not see
    decisions : what was decided, for reports; the same object for every item decided alike
    """

    item: Item = field(repr=False)
    audience: str
    profile: str
    profile_sha256: str
    withheld: frozenset[FieldPath] = frozenset()
    decisions: tuple[tuple[FieldPath | None, Decision], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is withheld, so that the original bytes may go on."""
        return not self.withheld

    def original(self) -> bytes:
        """The original bytes of the item. Raises PolicyError (policy-withheld) unless the release is whole."""
        if not self.whole:
            raise PolicyError(
                "policy-withheld", "Parts of this item are withheld, so its original bytes cannot go on."
            )
        item = self.item
        if isinstance(item, Alert):
            return item.payload
        if item.original is None:
            raise PolicyError("policy-withheld", "This event was not read from a document.")
        return item.original
