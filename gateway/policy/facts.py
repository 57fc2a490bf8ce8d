"""What a rule may ask of a row or a table: a number that is worked out of it, and of the packet around a row.

Rules
1. A fact has a name, a unit and a sentence; `FACTS` is the whole list. A rule compares it with a number:
   ``trail-rate > 0.4167``.
2. It is worked out of fields, each named as its versions named it. A field that a version does not have is None,
   like a null.
3. None means that the fact is not known, and then a rule that denies holds. Where a null has a meaning (no
   trail was fitted), the fact gives it.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.policy.pattern import FAMILIES

__all__ = ["FACTS", "STAMP", "Condition", "Fact", "Need"]

Number = float | int | None

EXPOSURE = 30.0
"""Seconds of an LSST visit, which the packets do not carry (clause P21)."""


@dataclass(frozen=True, slots=True)
class Need:
    """A field that a fact is worked out of: of the row itself (``row``), or of another record of the packet.

    names : what the field is called, newest version first; `size` instead of a name is the number of rows
    """

    record: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `value` is called with the numbers of `needs`, in their order; of alerts the first is of the row.

    kinds : of what it is a fact
    """

    unit: str
    meaning: str
    needs: tuple[Need, ...]
    value: Callable[..., Number]
    kinds: tuple[str, ...] = FAMILIES


def _history_age(time: Number, trigger: Number) -> Number:
    return None if time is None or trigger is None else trigger - time


def _trail_rate(length: Number) -> Number:
    return 0.0 if length is None else length / EXPOSURE


def _extra_rows(rows: Number, sources: Number) -> Number:
    # Without an object (a solar-system alert) there is no count to compare with.
    return 0 if rows is None or sources is None else rows + 1 - sources


def _whether_given(value: Number) -> Number:
    return 0 if value is None else 1


def _itself(value: Number) -> Number:
    return value


_TIME = ("midpointMjdTai", "midPointTai")

STAMP = "stamp"
"""The fact about an image, which is worked out by `gateway.policy.alerts.stamps`."""

FACTS: dict[str, Fact] = {
    "history-age": Fact(
        "d",
        "How long before the trigger a row was observed.",
        (Need("row", _TIME), Need("diaSource", _TIME)),
        _history_age,
    ),
    "extra-rows": Fact(
        "",
        "Rows of an object's history beyond the number that the object itself says it has; 0 without an object.",
        (Need("row", ("size",)), Need("diaObject", ("nDiaSources",))),
        _extra_rows,
    ),
    "trail-rate": Fact(
        "arcsec/s",
        f"How fast a streak moved, for an exposure of {EXPOSURE:g} s; 0 when no trail was fitted.",
        (Need("row", ("trailLength",)),),
        _trail_rate,
    ),
    STAMP: Fact(
        "",
        "Of an image: 0 as the survey issues them; 1 something was put beside it, which can be left out; 2 none of "
        "the survey's.",
        (Need("row", (STAMP,)),),
        _itself,
    ),
    "programid": Fact(
        "",
        "The ZTF programme that a row belongs to: 1 is public, 2 the partnership's, 3 Caltech's.",
        (Need("row", ("programid",)),),
        _itself,
    ),
    "withdrawn": Fact(
        "",
        "1 when the survey has withdrawn the source, 0 otherwise.",
        (Need("row", ("timeWithdrawnMjdTai",)),),
        _whether_given,
    ),
    "objects": Fact(
        "",
        "Of how many objects a table has rows, as whoever looks into it counts them.",
        (),
        _itself,
        ("table",),
    ),
}

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
}
_CONDITION = re.compile(r"([a-z-]+) (>=|<=|!=|[<>=]) (-?\d+(?:\.\d+)?)\Z")


@dataclass(frozen=True, slots=True)
class Condition:
    """A fact compared with a number."""

    fact: str
    comparison: str
    number: float

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``history-age > 366``. Raises ValueError."""
        found = _CONDITION.match(text)
        if found is None:
            raise ValueError("a condition is a fact, a comparison and a number, such as `history-age > 366`")
        if found[1] not in FACTS:
            raise ValueError(f"a fact is one of {', '.join(FACTS)}")
        return cls(found[1], found[2], float(found[3]))

    def holds(self, value: Number) -> bool:
        """Whether a row is one of these; what is not known is (rule 3)."""
        if value is None or math.isnan(value):
            return True
        return _OPERATORS[self.comparison](value, self.number)

    def __str__(self) -> str:
        return f"{self.fact} {self.comparison} {self.number:g}"
