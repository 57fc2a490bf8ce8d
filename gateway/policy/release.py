"""Release: the view of one item that one audience may see.

Mapping, filters and sinks accept nothing else, and only `gateway.policy.engine` makes one: skipping the policy
is an error of the type checker, of `tests/test_layers.py`, and of the program itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from typing import Generic, NoReturn, TypeVar

from gateway.errors import PolicyError
from gateway.model.alert import Alert
from gateway.model.audience import Audience
from gateway.model.fieldpath import FieldPath
from gateway.model.notice import Notice
from gateway.model.voevent import VOEvent
from gateway.policy.rule import Decision

__all__ = ["Release", "Seal", "require_release"]

Item = TypeVar("Item", Alert, VOEvent, Notice, covariant=True)


class Seal:
    """What the engine shows to make a `Release`. It has one, and keeps it to itself."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Release(Generic[Item]):
    """An item as one audience may see it. What is withheld is not in it: its fields are blank, its rows are gone.

    item : the alert, whose blank fields stand for nothing (they are in `withheld`) and must not be written; the
        event, a new one when something is withheld; or the notice
    withheld : the leaves or elements that the audience may not see. Names in an event are free text, so neither these
        nor `decisions` are printed, and they are for the operator only
    decisions : what was decided for each leaf, for reports; the same object for every item decided alike
    rows : how many rows of arrays were left out
    remade : how many images were made again without what somebody had put beside them
    beyond : fields of a schema that is not released, left behind when the packet was read by one that is
    rules : how often each rule took something away from this item
    """

    item: Item = field(repr=False)
    audience: Audience
    profile: str
    profile_sha256: str
    withheld: frozenset[FieldPath] = field(default=frozenset(), repr=False)
    decisions: tuple[tuple[FieldPath, Decision], ...] = field(default=(), repr=False)
    rows: int = 0
    remade: int = 0
    beyond: tuple[str, ...] = ()
    rules: Mapping[str, int] = field(default_factory=dict)
    seal: InitVar[Seal | None] = None

    def __post_init__(self, seal: Seal | None) -> None:
        if type(seal) is not Seal:
            raise PolicyError("policy-unreleased", "Only the policy makes a release.")

    @property
    def whole(self) -> bool:
        """Whether nothing is withheld, so that the original bytes may go on."""
        return not (self.withheld or self.rows or self.remade or self.beyond)

    def original(self) -> bytes:
        """The original bytes of the item. Raises PolicyError (policy-withheld) unless the release is whole."""
        if not self.whole:
            raise PolicyError(
                "policy-withheld", "Parts of this item are withheld, so its original bytes cannot go on."
            )
        item = self.item
        if isinstance(item, Alert):
            return item.payload
        if isinstance(item, Notice):
            return item.data
        if item.original is None:
            raise PolicyError("policy-withheld", "This event was not read from a document.")
        return item.original

    def __reduce__(self) -> NoReturn:
        # A copy on a disk or in another process would outlive the decision, and could be shown to others.
        raise PolicyError("policy-unreleased", "A release cannot be stored; keep the item and decide again.")


def require_release(value: object) -> None:
    """Raise PolicyError (policy-unreleased) unless the policy has seen this: whoever writes an output asks first."""
    if type(value) is not Release:
        raise PolicyError("policy-unreleased", "This was not released by the policy, so nothing is written.")
