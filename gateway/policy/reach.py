"""Whether a rule can match anything at all: one that cannot is a mistake, and perhaps a hole.

Rules
1. Each kind of a rule about alerts must be that of a released version, and each of its paths a field, record or
   row of one of them.
2. Only a rule that denies has a condition on rows or lasts `until`; only one that passes is for people with
   rights, or begins `from`.
3. A condition stands where its fact is known: on a record or on the rows of an array that has the fields. A
   condition that redacts, redacts rows, or what was put beside an image.
4. A rule that waits for a release can only be about releases whose day is known.
5. A rule that passes columns of the prompt products database names columns that it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import chain

from gateway.model.alert import AlertSchema, SchemaKey
from gateway.model.avrotype import Array, Primitive, Record, leaves, nullable
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin
from gateway.policy.facts import FACTS, STAMP, Condition
from gateway.policy.pattern import FAMILIES, KindRange, PathPattern
from gateway.policy.rule import Rule
from gateway.schema import registry, tables

__all__ = ["fault", "places", "rows_of", "stamps_of"]


def places(schema: AlertSchema) -> dict[FieldPath, Record | None]:
    """The records, rows and arrays of a packet, to which conditions can be put; for records and rows what they are."""
    found: dict[FieldPath, Record | None] = {}
    for field in schema.root.fields:
        path, (type_, _) = FieldPath((field.name,)), nullable(field.type)
        if isinstance(type_, Record):
            found[path] = type_
        elif isinstance(type_, Array) and isinstance(type_.items, Record):
            found[path] = None
            found[path.items()] = type_.items
    return found


def stamps_of(schema: AlertSchema) -> dict[str, int | None]:
    """The root fields that are images, or records with one; for a record the place of the image in it."""
    found: dict[str, int | None] = {}
    for field in schema.root.fields:
        type_, _ = nullable(field.type)
        if type_ == _BYTES:
            found[field.name] = None
        elif isinstance(type_, Record):
            place = next((i for i, one in enumerate(type_.fields) if nullable(one.type)[0] == _BYTES), None)
            if place is not None:
                found[field.name] = place
    return found


_BYTES = Primitive("bytes")


def rows_of(condition: Condition, pattern: PathPattern, schema: AlertSchema) -> Iterator[FieldPath]:
    """Where in a packet a condition can be put, of the places that a pattern names."""
    needs = [need for need in FACTS[condition.fact].needs if need.record == "row"]
    for path, names in _known(schema).items():
        if pattern.matches(path) and all(not names.isdisjoint(need.names) for need in needs):
            yield path


@lru_cache(maxsize=64)
def _known(schema: AlertSchema) -> Mapping[FieldPath, set[str]]:
    """What can be asked at each place: the fields of a record or row, the size of an array, the stamp of an image."""
    known = {
        path: {f.name for f in record.fields} if record else {"size"}
        for path, record in places(schema).items()
    }
    for name in stamps_of(schema):
        known.setdefault(FieldPath((name,)), set()).add(STAMP)
    return known


@lru_cache(maxsize=64)
def _paths(schema: AlertSchema) -> tuple[FieldPath, ...]:
    return tuple(path for path, _ in leaves(schema.root))


def fault(rule: Rule, releases: Mapping[str, date]) -> tuple[str, str] | None:
    """The key and the sentence that say what is wrong with a rule; None when nothing is."""
    denies = rule.effect != "pass"
    for key, given, allowed in (
        ("where", rule.where, denies),
        ("until", rule.end, denies),
        ("from", rule.start, not denies),
        ("audience", rule.rights, not denies),
    ):
        if given and not allowed:
            return key, f"`{key}` cannot stand in a rule that {'denies' if denies else 'passes'}."
    for moment in (rule.start, rule.end):
        if (
            moment
            and moment.base == "released"
            and not releases.keys() >= set(rule.releases or releases or {""})
        ):
            return "release", "The day of a release that this rule waits for is not in `releases`."
    for kind in rule.kinds:
        if kind.kind in FAMILIES and not any(_versions(kind)):
            return "kind", "No released version is of this kind, so the rule can match nothing."
    return _misplaced(rule, rule.where) if rule.where else _empty(rule)


def _misplaced(rule: Rule, where: Condition) -> tuple[str, str] | None:
    """Rule 3."""
    about = FACTS[where.fact].kinds
    if any(kind.kind not in about for kind in rule.kinds):
        return "where", f"`{where.fact}` is a fact of {' and '.join(about)} only."
    for pattern in rule.paths if about == FAMILIES else ():
        found = next((path for schema in _schemas(rule) for path in rows_of(where, pattern, schema)), None)
        if found is None:
            return "where", f"`{pattern}` is no record or array with the fields that the fact needs."
        if rule.effect == "redact" and where.fact != STAMP and not found.steps[-1].endswith("[]"):
            return "where", "A condition can redact rows or images only; refuse or quarantine the alert."
    return None


def _empty(rule: Rule) -> tuple[str, str] | None:
    """Rules 1 and 5."""
    of_ppdb = rule.effect == "pass" and set(rule.origins) == {Origin.PPDB}
    if any(kind.kind not in (*FAMILIES, *(["table"] if of_ppdb else [])) for kind in rule.kinds):
        return None
    for pattern in rule.paths:
        fields = chain.from_iterable(map(_paths, _schemas(rule)))
        columns = tables.columns("ppdb") if any(kind.kind == "table" for kind in rule.kinds) else ()
        if not any(map(pattern.matches, chain(columns, fields))):
            return "path", f"No field or column that is known is {pattern}, so the rule can match nothing."
    return None


def _versions(kind: KindRange) -> Iterator[SchemaKey]:
    return (key for key in registry.keys()[::-1] if kind.matches(key.family, (key.major, key.minor)))


def _schemas(rule: Rule) -> Iterator[AlertSchema]:
    """The released schemas that a rule is about, newest first. Each is parsed when it is asked for."""
    return (registry.get(key) for kind in rule.kinds if kind.kind in FAMILIES for key in _versions(kind))
