"""Surface: one place of a target where something can be seen, and what a policy and its owner call it.

Rules
1. A field of an alert is known by its path in the schema that wrote it, a column of a table as ``Table.column``, an
   element of a VOEvent by the names around it. What belongs to a file or table as a whole has a last step that begins
   with ``#``, which no column has: ``DiaSource.#INFO``.
2. What is said about a column beside its values (the smallest of them, a description) shows something of it, so it is
   decided as the column is (L06, L15).
3. No surface carries a value. Of a text or address that is there to be seen it carries what `signs` tells of it, which
   the policy is asked about as well; of one that is not, it has none, and then no rule about texts or links of some
   path speaks of it (P25).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gateway.model.alert import Alert, AlertSchema
from gateway.model.fieldpath import FieldPath
from gateway.model.rejected import Rejected
from gateway.model.voevent import VOEvent
from gateway.policy.cutouts.cutout import Facts, Verdict
from gateway.policy.events.signs import PLAIN, Sign, signs
from gateway.policy.rule import Decision, Resource

__all__ = ["PIXELS", "Content", "Row", "Sort", "Stamp", "Surface", "column", "free_text", "link", "printable"]

Sort = Literal["field", "statistics", "documentation", "text", "metadata", "pixels", "link"]


PIXELS = Sign(Resource("image"))
"""Bytes of which nobody says what they are: they can be an image (P13)."""

Stamp = Callable[[str, Facts], Verdict]
"""What `gateway.policy.cutouts.cutout` says of an image, as one of this survey whose alert has these facts."""

Row = Mapping[FieldPath, list[str]]
"""The texts in one row of a table or one document, by their paths."""


@dataclass(frozen=True, slots=True)
class Surface:
    """One place.

    path : what the manifest calls it (rule 1)
    resource : what the policy is asked about
    sort : what it is, for people
    detail : which of several such things of one path it is, such as ``VALUES``
    line : in the file, from 1
    empty : it is there and has no value, so it may stand for a record or array
    within : the text that it is a part of, when that is JSON itself
    denied : what is decided already, whatever its origin
    signs : what can be told of the texts that are there (rule 3)
    alike : of a column of numbers, what it says of itself
    stamp : of an image, how it is looked into
    """

    path: FieldPath
    resource: Resource
    sort: Sort = "field"
    detail: str = ""
    line: int | None = None
    empty: bool = False
    within: FieldPath | None = None
    denied: Decision | None = None
    signs: frozenset[Sign] = frozenset()
    alike: Hashable = None
    stamp: Stamp | None = None

    @property
    def name(self) -> str:
        """What people call it: ``DiaSource.ra (VALUES)``."""
        name = printable(str(self.path)) or "the whole"
        return f"{name} ({self.detail})" if self.detail else name


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a target.

    schemas : of alerts, those that wrote them
    packets : the alerts themselves, one by one, and what was too damaged to be one
    events : the same of VOEvents
    rows : the first rows or documents, to compare columns with each other; asked for when all surfaces are known
    name : what it is called, if not like the format
    """

    surfaces: Iterable[Surface] = ()
    schemas: tuple[AlertSchema, ...] = ()
    packets: Iterator[Alert | Rejected] = field(default_factory=lambda: iter(()))
    events: Iterator[VOEvent | Rejected] = field(default_factory=lambda: iter(()))
    rows: Callable[[], Iterator[Row]] = lambda: iter(())
    name: str = ""


def printable(text: str) -> str:
    """The text without control characters and halves of pairs: a name must not write to a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def column(
    *steps: str,
    sort: Sort = "field",
    detail: str = "",
    line: int | None = None,
    kind: str = "table",
    rows: int | None = None,
    found: Iterable[Sign] = (),
    alike: Hashable = None,
) -> Surface:
    """A column of a table, or what is said about one (rule 2). Its names are texts too.

    rows : how many its table has, when that is known; each may be about an object of its own
    """
    path = FieldPath(steps)
    resource = Resource(kind, path, objects=rows)
    return Surface(
        path, resource, sort, detail, line, signs=frozenset(found).union(*map(signs, steps)), alike=alike
    )


def free_text(
    *steps: str, text: str | None = None, line: int | None = None, sort: Sort = "text", detail: str = ""
) -> Surface:
    """A text that is not about one column, or an entry of metadata; `text` where it can be read (rule 3)."""
    found = frozenset(signs(text, prose=True) if text is not None else ())
    return Surface(
        FieldPath(steps), PLAIN.resource if found else Resource("text"), sort, detail, line, signs=found
    )


def link(address: str, *steps: str, line: int | None = None) -> Surface:
    """An address. Nothing is fetched."""
    found = frozenset(signs(address, address=True))
    if not found and address.lower().startswith("ivo:"):
        # In a VOEvent it is no sign, because there it goes with its element.
        found = frozenset({Sign(Resource("link", FieldPath(("name",))))})
    # Any of them, and the same each time.
    resource = min(
        (sign.resource for sign in found), key=lambda one: one.path.steps, default=Resource("link")
    )
    return Surface(FieldPath(steps), resource, "link", line=line, signs=found)
