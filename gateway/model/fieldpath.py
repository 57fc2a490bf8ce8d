"""FieldPath: the one way to name a field, in policy, mapping, filters, errors and documentation.

``diaSource.ra`` is field ``ra`` of record ``diaSource``; ``prvDiaSources[].psfFlux`` is that field in every
element of the array; ``lc_features{}.mean`` in every value of the map. A path names a place in a schema, so it
has no row numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["FieldPath"]

_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[\]|\{\})*\Z")


@dataclass(frozen=True, slots=True, order=True)
class FieldPath:
    """The steps from the root record to a field, each a field name with ``[]`` or ``{}`` behind it."""

    steps: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> FieldPath:
        """Read ``a.b[].c``. Raises ValueError when a step is not a field name."""
        steps = tuple(text.split("."))
        if not all(_STEP.match(step) for step in steps):
            raise ValueError("a field path is field names joined by dots, with [] after an array")
        return cls(steps)

    def __truediv__(self, name: str) -> FieldPath:
        return FieldPath((*self.steps, name))

    def items(self) -> FieldPath:
        """The elements of this array."""
        return self._marked("[]")

    def entries(self) -> FieldPath:
        """The values of this map."""
        return self._marked("{}")

    def _marked(self, mark: str) -> FieldPath:
        return FieldPath((*self.steps[:-1], self.steps[-1] + mark))

    @property
    def top(self) -> str:
        """The name of the root record's field that this path starts in."""
        return self.steps[0].rstrip("[]{}")

    def __str__(self) -> str:
        return ".".join(self.steps)
