"""What a rule can match: paths, and kinds of things with their versions.

Rules
1. A path pattern is a field path in which ``*`` stands for one step and ``**``, at the end, for any number of
   them: ``diaSource.ra``, ``prvDiaSources[].*``, ``**``. There is no pattern inside a step, so that no variant of a
   name is ever matched by accident. The labels of a host are steps too: ``host.org.example.**``.
2. A kind is a family of alert schemas, perhaps with bounds on its version (``lsst >=6.1 <8.0``), or one of
   `OTHER_KINDS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.model.fieldpath import FieldPath

__all__ = ["FAMILIES", "OTHER_KINDS", "KindRange", "PathPattern"]

FAMILIES = ("lsst", "ztf")
OTHER_KINDS = ("voevent", "table", "image", "link", "text")
"""An element of a VOEvent, a column of a table (``DiaSource.ra``), a file of pixels, an address, free text. The paths
of the last two say what kind of address or text it is: policy/README.md."""

_STEP = re.compile(r"(?:\*|[\w-]+(?:\[\]|\{\})*)\Z")
_BOUND = re.compile(r"(>=|<)(\d+)\.(\d+)\Z")


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A path pattern (rule 1)."""

    steps: tuple[str, ...]
    deep: bool

    @classmethod
    def parse(cls, text: str) -> PathPattern:
        """Read ``diaSource.*``. Raises ValueError."""
        found = cls.of(text)
        if not all(_STEP.match(step) for step in found.steps):
            raise ValueError(
                "a path is field names joined by dots, with * for any name and a last ** for all below"
            )
        return found

    @classmethod
    def of(cls, text: str) -> PathPattern:
        """The same for steps that may be any text without a dot, as names in a VOEvent are."""
        steps = text.split(".")
        deep = steps[-1] == "**"
        return cls(tuple(steps[:-1] if deep else steps), deep)

    def matches(self, path: FieldPath) -> bool:
        """Whether a path is one of these."""
        steps, found = self.steps, path.steps
        if len(found) < len(steps) or (len(found) > len(steps) and not self.deep):
            return False
        return all(step in ("*", one) for step, one in zip(steps, found, strict=False))

    def holds(self, path: FieldPath) -> bool:
        """Whether a path is one of these or lies in one."""
        return any(self.matches(FieldPath(path.steps[:end])) for end in range(len(path.steps) + 1))

    def __str__(self) -> str:
        return ".".join((*self.steps, *(["**"] if self.deep else [])))


@dataclass(frozen=True, slots=True)
class KindRange:
    """A kind of thing, and for alerts the versions from `least` to below `below` (rule 2)."""

    kind: str
    least: tuple[int, int] = (0, 0)
    below: tuple[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> KindRange:
        """Read ``lsst >=6.1 <8.0``. Raises ValueError."""
        kind, *bounds = text.split() or [text]
        found: dict[str, tuple[int, int]] = {}
        for bound in map(_BOUND.match, bounds):
            if bound is None or kind not in FAMILIES or bound[1] in found:
                raise ValueError("a kind is a name, and of alerts perhaps bounds such as >=6.1 and <8.0")
            found[bound[1]] = int(bound[2]), int(bound[3])
        if kind not in (*FAMILIES, *OTHER_KINDS):
            raise ValueError(f"a kind is one of {', '.join((*FAMILIES, *OTHER_KINDS))}")
        return cls(kind, found.get(">=", (0, 0)), found.get("<"))

    def matches(self, kind: str, version: tuple[int, int] | None) -> bool:
        """Whether a thing is of this kind and in these versions."""
        if kind != self.kind:
            return False
        if version is None:
            return kind not in FAMILIES
        return self.least <= version and (self.below is None or version < self.below)

    def __str__(self) -> str:
        text = self.kind if self.least == (0, 0) else f"{self.kind} >={self.least[0]}.{self.least[1]}"
        return text if self.below is None else f"{text} <{self.below[0]}.{self.below[1]}"
