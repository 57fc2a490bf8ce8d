"""Surface: one place of a target where something can be seen, and what a policy and its owner call it.

Rules
1. A field of an alert is known by its path in the schema that wrote it, a column of a table as ``Table.column``, an
   element of a VOEvent by the names around it. What belongs to a file or table as a whole has a last step that begins
   with ``#``, which no column has: ``DiaSource.#INFO``.
2. What is said about a column beside its values (the smallest of them, a description) shows something of it, so it is
   decided as the column is (L06, L15).
3. No surface carries a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from gateway.model.alert import Alert, AlertSchema
from gateway.model.fieldpath import FieldPath
from gateway.model.rejected import Rejected
from gateway.policy.rule import Decision, Resource

__all__ = ["Content", "Sort", "Surface", "column", "free_text", "link", "printable"]

Sort = Literal["field", "statistics", "documentation", "text", "metadata", "pixels", "link"]


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
    """

    path: FieldPath
    resource: Resource
    sort: Sort = "field"
    detail: str = ""
    line: int | None = None
    empty: bool = False
    within: FieldPath | None = None
    denied: Decision | None = None

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
    """

    surfaces: Iterable[Surface]
    schemas: tuple[AlertSchema, ...] = ()
    packets: Iterator[Alert | Rejected] = field(default_factory=lambda: iter(()))


def printable(text: str) -> str:
    """The text without control characters and halves of pairs: a name must not write to a terminal."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def column(
    *steps: str, sort: Sort = "field", detail: str = "", line: int | None = None, kind: str = "table"
) -> Surface:
    """A column of a table, or what is said about one (rule 2)."""
    path = FieldPath(steps)
    return Surface(path, Resource(kind, path), sort, detail, line)


def free_text(*steps: str, line: int | None = None, sort: Sort = "text") -> Surface:
    """A text that is not about one column, or an entry of metadata."""
    return Surface(FieldPath(steps), Resource("text"), sort, line=line)


# Addresses, until the policy itself tells them apart.

_SECRET = re.compile(
    r"(access_|auth_|id_)?token|jwt|api_?key|key|password|secret|credential|sig|signature|x-(amz|goog|ms)-.+",
    re.I,
)
CREDENTIAL = Decision(
    "refuse", "credential", "P16", "The address carries a credential, which is shown to nobody."
)


def link(address: str, *steps: str, line: int | None = None) -> Surface:
    """An address. Nothing is fetched."""
    return Surface(
        FieldPath(steps),
        Resource("link"),
        "link",
        line=line,
        denied=CREDENTIAL if _has_secret(address) else None,
    )


def _has_secret(address: str) -> bool:
    try:
        parts = urlsplit(address.strip())
        return "@" in parts.netloc or any(
            _SECRET.fullmatch(key)
            for half in (parts.query, parts.fragment)
            for key, _ in parse_qsl(half, keep_blank_values=True)
        )
    except ValueError:  # what cannot be taken apart may hide anything
        return True
