"""Finding: a document is imperfect, here is where, which rule says so and how bad it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Finding", "Severity"]


class Severity(Enum):
    """How bad a finding is; the values are SARIF's levels."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    code : stable, such as ``VE-21`` or ``XSD``
    path : where in the document, as an XPath-like path (``/VOEvent/What/Param[3]``)
    line : line number in the file, from 1, if known
    clause : section of the standard that says so
    """

    code: str
    severity: Severity
    message: str
    path: str = ""
    line: int | None = None
    clause: str = ""
