"""Coverage: which fields of a schema no rule of a profile speaks of, and which rules speak of none.

Rules
1. A field that no rule speaks of is withheld from everybody until somebody classifies it. A rule that denies a field
   speaks of it too, and so does one for people with rights. Of a meet each member must speak of it.
2. A schema that is not released is read by the released one that is nearest to it, as the engine does: what that
   does not have is withheld, and packets that do not fit it are refused whole.
3. The fields of alerts have the origin ``alert``, the columns of a database that of their database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.model.alert import AlertSchema
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin
from gateway.policy.alerts.judge import nearest
from gateway.policy.known import known
from gateway.policy.profile import Profile
from gateway.policy.reach import rows_of
from gateway.policy.rule import Resource, Rule
from gateway.schema import registry, tables
from gateway.schema.avsc import read_schema
from gateway.schema.describe import differences

__all__ = ["DATABASES", "Subject", "idle", "subject", "subjects", "unnamed"]

DATABASES = {"ppdb": Origin.PPDB}
"""Databases whose columns are known, and the origin of what is in them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A schema or database, as a profile sees it.

    name : ``lsst/11.1``, ``ppdb`` or that of a file
    resources : its fields or columns; of no kind when the schema is nothing that is ever read
    schema : the released schema by which packets are read
    misfits : fields for which packets may not fit that schema, and are refused then
    """

    name: str
    origin: Origin
    resources: tuple[Resource, ...]
    schema: AlertSchema | None = None
    misfits: tuple[str, ...] = ()


def subject(name: str) -> Subject:
    """A released schema, a database or the schema in a file. Raises what reading the schema raises."""
    if name in DATABASES:
        columns = sorted(tables.columns(name))
        return Subject(name, DATABASES[name], tuple(Resource("table", path) for path in columns))
    is_file = name.endswith(".avsc") or (name not in map(str, registry.keys()) and Path(name).is_file())
    schema = read_schema(Path(name)) if is_file else registry.get(name)
    reader = schema if schema.key is not None else nearest(schema)
    key = reader.key if reader is not None else None
    kind, version = (key.family, (key.major, key.minor)) if key else ("", None)
    return Subject(
        name,
        Origin.ALERT,
        tuple(Resource(kind, path, version) for path, _ in leaves(schema.root)),
        reader,
        _misfits(reader, schema) if reader is not None and reader is not schema else (),
    )


def subjects(profile: Profile) -> list[Subject]:
    """The released schemas of the surveys that a profile has rules about."""
    families = {kind.kind for judge in profile.judges for rule in judge.rules for kind in rule.kinds}
    return [subject(str(key)) for key in registry.keys() if key.family in families]  # noqa: SIM118 - a function


def unnamed(profile: Profile, about: Subject) -> tuple[FieldPath, ...]:
    """The fields that no rule speaks of (rule 1)."""
    return tuple(
        resource.path
        for resource in about.resources
        if not known(resource, about.origin)
        or not all(
            any(
                about.origin in rule.origins and rule.where is None and rule.covers(resource)
                for rule in judge.rules
            )
            for judge in profile.judges
        )
    )


def idle(profile: Profile, about: Iterable[Subject]) -> list[str]:
    """The rules about what these are that speak of nothing in them, by their ids.

    Of databases only rules that pass: one that denies may be about tables that are not in it.
    """
    asked: set[Rule] = set()
    used: set[Rule] = set()
    rules = [rule for judge in profile.judges for rule in judge.rules]
    for one in about:
        kinds = {resource.kind for resource in one.resources}
        for rule in rules:
            if one.name in DATABASES and rule.effect != "pass":
                continue
            if one.origin in rule.origins and any(kind.kind in kinds for kind in rule.kinds):
                asked.add(rule)
                if rule not in used and _speaks(rule, one):
                    used.add(rule)
    return sorted({rule.id for rule in asked - used})


def _speaks(rule: Rule, about: Subject) -> bool:
    schema = about.schema
    if rule.where is None or schema is None or schema.key is None:
        return any(map(rule.covers, about.resources))
    version = schema.key.major, schema.key.minor
    return any(kind.matches(schema.key.family, version) for kind in rule.kinds) and any(
        True for pattern in rule.paths for _ in rows_of(rule.where, pattern, schema)
    )


def _misfits(reader: AlertSchema, schema: AlertSchema) -> tuple[str, ...]:
    _, dropped, changed = differences(reader, schema)
    return (*(leaf.path for leaf in dropped), *(after.path for _, after in changed))
