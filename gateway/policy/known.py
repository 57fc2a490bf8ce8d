"""What is known, so that a rule may call it public: whatever else there is, no rule that passes matches it (P25).

Rules
1. Of alerts, the fields that can be reached from the root of a released schema, in that version.
2. Of the prompt products database, the columns that its published definition has (P10). Tables beside it, such as
   ``DiaObject_To_Object_Match``, are not in it, and nothing is determined about them.
3. Of anything else there is no list, so who declares where it comes from vouches for it.
"""

from __future__ import annotations

from functools import lru_cache

from gateway.model.alert import SchemaKey
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin
from gateway.policy.pattern import FAMILIES
from gateway.policy.rule import Resource
from gateway.schema import registry, tables

__all__ = ["known"]


def known(resource: Resource, origin: Origin | None) -> bool:
    """Whether a thing of this origin is known."""
    if resource.kind in FAMILIES:
        return resource.version is not None and resource.path in _fields(resource.kind, resource.version)
    if resource.kind == "table" and origin is Origin.PPDB:
        return resource.path in tables.columns("ppdb")
    return True


@lru_cache(maxsize=64)
def _fields(family: str, version: tuple[int, int]) -> frozenset[FieldPath]:
    key = SchemaKey(family, *version)
    if key not in registry.keys():  # noqa: SIM118 - a function, not a dict
        return frozenset()
    return frozenset(path for path, _ in leaves(registry.get(key).root))
