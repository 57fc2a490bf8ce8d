"""JSON of any form, from anybody: parsed within limits, and walked through.

Rules
1. A path is the keys on the way, ``[]`` after an array: ``diaSource.ra``, ``candidates[].score``.
2. A key that occurs twice in an object is refused, because two readers may see two values (L30).
3. A text that is JSON itself can be looked into as well (L16).
4. What does not look like a name is the key of a map, and a value itself: that of ``scores{}``, beside
   ``scores{}.mean``. What does may be a text like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from gateway.errors import JSONError, LimitError, Where
from gateway.model.fieldpath import FieldPath

__all__ = ["MAX_DEPTH", "MAX_VALUES", "inside", "parse", "walk"]

MAX_VALUES = 4_000_000
"""Most values in a JSON text, told by its brackets and commas: each takes up to a hundred bytes of memory."""
MAX_DEPTH = 32
"""Deepest nesting of JSON values: alerts and annotations use 5."""

_NAME = re.compile(r"[^\W\d][\w.:+-]{0,63}\Z")


def parse(data: bytes) -> Any:
    """The value of a JSON text in UTF-8. Raises JSONError (json-malformed, json-form) and LimitError."""
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise LimitError("limit-size", f"The JSON has more than {MAX_VALUES} values.")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=str, object_pairs_hook=_unique)
    except RecursionError:
        raise LimitError("limit-depth", "The JSON is nested too deeply.") from None
    except _TwiceError:
        raise JSONError(
            "json-form",
            "A key occurs twice in one object, and two readers may see two values.",
            where=Where(),
        ) from None
    except ValueError:
        raise JSONError("json-malformed", "The text is not JSON in UTF-8.") from None


def walk(value: Any, path: FieldPath, depth: int, numbers: int = 0) -> Iterator[tuple[FieldPath, Any, int]]:
    """(path, value, how many numbers are in the outermost array around it) of everything that has no parts,
    and of the keys of maps.

    Raises LimitError (limit-depth).
    """
    if depth > MAX_DEPTH:
        raise LimitError("limit-depth", f"The JSON is nested deeper than {MAX_DEPTH}.")
    if isinstance(value, dict) and value:
        for key, item in value.items():
            inner = path / key
            if not _NAME.match(key):
                inner = path.entries() if path.steps else FieldPath(("{}",))
                yield inner, key, numbers
            yield from walk(item, inner, depth + 1)
    elif isinstance(value, list) and value:
        numbers = numbers or _numbers(value, depth)
        for item in value:
            yield from walk(item, path.items() if path.steps else FieldPath(()), depth + 1, numbers)
    else:
        yield path, value, numbers


def _numbers(value: Any, depth: int) -> int:
    """How many numbers are in an array and the arrays in it."""
    if isinstance(value, list):
        return sum(_numbers(item, depth + 1) for item in value) if depth <= MAX_DEPTH else 0
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def inside(text: str) -> Any:
    """What a text is that is JSON itself (rule 3), None when it is not."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None
    return None


class _TwiceError(Exception):
    """Rule 2."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found
