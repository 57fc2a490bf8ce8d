"""A folder of what was refused: each piece of bytes beside a JSON file that says why."""

from __future__ import annotations

import hashlib
from pathlib import Path

import orjson

from gateway.errors import GatewayError, OutputError

__all__ = ["Rejects"]


class Rejects:
    """Keeps refused bytes as ``<first 16 digits of their SHA-256>.bin``, and the reason as ``.json`` beside them.

    Bytes that the policy refused must not be given here: this folder is for people who look for damage.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError("output-unwritable", f"{path} cannot be made: {error.strerror}.") from None

    def put(self, name: str, data: bytes, error: GatewayError) -> None:
        """Keep one piece. The same bytes for the same reason are kept once."""
        digest = hashlib.sha256(data or name.encode()).hexdigest()
        reason = {
            "input": name,
            "code": error.code,
            "message": error.message,
            "advice": error.advice,
            "where": str(error.where),
            "clause": error.clause,
            "sha256": digest if data else None,
            "bytes": len(data),
        }
        stem = self.path / digest[:16]
        try:
            if data:
                stem.with_suffix(".bin").write_bytes(data)
            stem.with_suffix(".json").write_bytes(orjson.dumps(reason, option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as problem:
            raise OutputError(
                "output-unwritable", f"{self.path} cannot be written: {problem.strerror}."
            ) from None
