"""Found: something that a file shows, with all that the policy is asked about it.

Besides itself that is what can be told of its texts, addresses and sizes, as in a release of a VOEvent
(`gateway.policy.events.signs`). A field of an alert is not asked whether it is an image: it is known what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.compliance.manifest import Declared
from gateway.compliance.surface import PIXELS, Surface
from gateway.model.provenance import Provenance
from gateway.policy.cutouts.cutout import Verdict
from gateway.policy.events.signs import BULK, asked
from gateway.policy.pattern import FAMILIES
from gateway.policy.rule import Resource

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """A surface, what is declared of it, and what the policy is asked about: itself as `resource`.

    stamp : of an image that is declared to be one of an alert, what can be told of it
    """

    surface: Surface
    declared: Declared
    resource: Resource
    stamp: Verdict | None = None

    @property
    def is_of_an_alert(self) -> bool:
        """Whether it is known to be a field of an alert."""
        return self.resource.kind in FAMILIES

    @property
    def label(self) -> Provenance:
        """Where it is declared to come from."""
        return self.declared.label

    @property
    def asked(self) -> set[tuple[Resource, Provenance]]:
        """All that the policy is asked."""
        signs = self.surface.signs - {BULK, PIXELS} if self.is_of_an_alert else self.surface.signs
        return {(self.resource, self.label)} | asked(signs, self.label)
