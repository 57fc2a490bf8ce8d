"""Schemas that a registry gave, on the disk, so that a stream goes on without it.

A registry never gives an id a second meaning, so what it said once holds. Each registry has a folder of its own: two
may give one id to different schemas.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from gateway.errors import OutputError
from gateway.private import private_folder, write_private

__all__ = ["Cache"]


class Cache:
    """A folder, made when it is missing. Raises OutputError (output-open, output-unwritable).

    registry : the address of the registry
    """

    def __init__(self, folder: Path, registry: str) -> None:
        self.folder = folder / hashlib.sha256(registry.encode()).hexdigest()[:16]
        try:
            private_folder(self.folder)
        except OSError as error:
            raise self._unwritable(error) from None

    def get(self, number: int) -> str | None:
        """The text of a schema, None when it is not there."""
        try:
            return self._path(number).read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        except OSError as error:
            raise self._unwritable(error) from None

    def put(self, number: int, text: str) -> None:
        """Keep one. Raises OutputError (output-unwritable)."""
        try:
            write_private(self._path(number), text.encode("utf-8"))
        except OSError as error:
            raise self._unwritable(error) from None

    def _path(self, number: int) -> Path:
        return self.folder / f"{number}.avsc"

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            "output-unwritable", f"The schemas in {self.folder} cannot be kept: {error.strerror}."
        )
