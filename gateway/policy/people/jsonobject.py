"""The JSON objects of tokens and key sets, read without mercy: what two readers could read differently is none."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["json_object"]


def json_object(data: bytes) -> dict[str, Any] | None:
    """The object, or None for anything else: no UTF-8, no object, a name twice, NaN, nesting without end.

    It returns and does not raise: the decoder's own error carries the document, which may be a token.
    """
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_: str) -> None:
    raise ValueError
