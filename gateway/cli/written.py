"""A report that goes to a file."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import OutputError

__all__ = ["write_report"]


def write_report(path: Path, report: str) -> None:
    """Write it. Raises OutputError (output-unwritable)."""
    try:
        path.write_text(report, encoding="utf-8")
    except OSError as error:
        raise OutputError("output-unwritable", f"{path} cannot be written ({error.strerror}).") from None
