"""What can be told of a JSON notice by looking at it: the signs of all its texts and keys, and of its long arrays.

A notice goes on as it is or not at all: without a field it may not be what its schema says, and it has no way to say
that something is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.model.fieldpath import FieldPath
from gateway.model.jsontree import inside, walk
from gateway.policy.events.signs import Sign, bulk, signs

__all__ = ["signs_of_value"]


def signs_of_value(value: Any) -> set[Sign]:
    """The signs in a JSON value. Raises LimitError (limit-depth)."""
    found = {sign for key in _keys(value) for sign in signs(key, prose=True)}
    for _, leaf, numbers in walk(value, FieldPath(()), 0):
        found |= bulk(numbers)
        if isinstance(leaf, str):
            found |= signs(leaf, prose=True)
            inner = inside(leaf)
            if inner is not None:
                found |= signs_of_value(inner)
    return found


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _keys(item)
