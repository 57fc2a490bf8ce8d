"""``gateway policy explain``: the verdict about one thing, and how it came about."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches

import click
import orjson

from gateway.model.alert import AlertSchema
from gateway.model.audience import Audience
from gateway.model.avrotype import leaves
from gateway.model.fieldpath import FieldPath
from gateway.model.provenance import Origin, Provenance
from gateway.policy.engine import Policy, now
from gateway.policy.events.signs import signs
from gateway.policy.pattern import OTHER_KINDS
from gateway.policy.profile import DEFAULT
from gateway.policy.rule import Resource
from gateway.policy.words import explanation_values, explanation_words
from gateway.schema import registry

__all__ = ["explain"]

NEWEST = str(max(key for key in registry.keys() if key.family == "lsst"))  # noqa: SIM118 - a function


@click.command()
@click.argument("path", default="", metavar="[PATH]")
@click.option("--schema", help=f"The alert schema that the field is in.  [default: {NEWEST}]")
@click.option("--kind", type=click.Choice(OTHER_KINDS), help="What it is, when it is no field of an alert.")
@click.option(
    "--origin",
    type=click.Choice([origin.value for origin in Origin]),
    default="alert",
    show_default=True,
    help="Where it comes from.",
)
@click.option("--release", metavar="NAME", help="The data release that it belongs to, such as dp1.")
@click.option(
    "--rights", multiple=True, metavar="NAME", help="Who asks has data rights to this release; repeatable."
)
@click.option("--issued", is_flag=True, help="It came straight from the survey.")
@click.option("--observed", type=float, metavar="MJD", help="When the exposure of an image began (TAI).")
@click.option("--objects", type=int, metavar="N", help="Of how many objects the table has rows.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="The day to decide for (UTC).  [default: now]")
@click.option("--profile", default=DEFAULT, show_default=True, help="The profile: a name or a TOML file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(
    path: str, schema: str | None, kind: str | None, origin: str, release: str | None, rights: tuple[str, ...],
    issued: bool, observed: float | None, objects: int | None, at: datetime | None, profile: str, as_json: bool,
) -> None:  # fmt: skip
    """Say what the policy decides about one thing, which rule won, which lost, and what depends on a packet.

    PATH is a field (diaSource.ra, prvDiaSources[].psfFlux), a table and column (DiaSource.ra), an element of a
    VOEvent, or what a link is and its host from the top (host.org.example); without it, the thing as a whole. In place
    of a path a link may be the address itself: what it is, is looked up, and it is not repeated.

    \b
    Examples:
      gateway policy explain diaSource.ra
      gateway policy explain diaSource.ra --origin data-release --release dp1 --rights dp1
      gateway policy explain DiaObject.validityEndMjdTai --kind table --origin ppdb
      gateway policy explain --kind image --origin pixels --observed 61000.2 --profile strict
      gateway policy explain --kind link https://data.lsst.cloud/api/tap --origin external
    """
    if schema and kind:
        raise click.UsageError(
            "A thing is a field of an alert (--schema) or something else (--kind), not both."
        )
    provenance = Provenance(Origin(origin), release, issued=issued, observed=observed)
    policy = Policy(profile, (lambda: at.replace(tzinfo=UTC)) if at else now)
    audience = Audience(frozenset(rights))
    things = _of_kind(kind, path, objects) if kind else [_field(registry.get(schema or NEWEST), path)]
    found, resource = min(
        ((policy.explain(one, provenance, audience), one) for one in things),
        key=lambda pair: pair[0].decision.rank,
    )
    if as_json:
        values = explanation_values(policy.profile, resource, provenance, audience, found)
        click.echo(orjson.dumps(values, option=orjson.OPT_INDENT_2))
    else:
        click.echo(explanation_words(policy.profile, resource, provenance, audience, found))


def _of_kind(kind: str, path: str, objects: int | None) -> list[Resource]:
    """What is no field of an alert; of an address each thing that can be told of it."""
    if kind == "link" and ":" in path:
        found = (sign.resource for sign in signs(path, address=True))
        return sorted(found, key=lambda one: one.path) or [Resource("link")]
    return [Resource(kind, _steps(path), objects=objects)]


def _field(schema: AlertSchema, path: str) -> Resource:
    """A field of an alert. One that the schema does not have is told of, for a name that is mistyped is denied too."""
    key, steps = schema.key, _steps(path)
    assert key is not None  # it is a released one
    known = [leaf for leaf, _ in leaves(schema.root)]
    if not any(leaf.steps[: len(steps.steps)] == steps.steps for leaf in known):
        near = get_close_matches(path, map(str, known), n=1)
        hint = f" {near[0]} is meant, perhaps." if near else ""
        click.echo(f"{key} has no such field.{hint}", err=True)
    return Resource(key.family, steps, (key.major, key.minor))


def _steps(path: str) -> FieldPath:
    return FieldPath(tuple(path.split(".")) if path else ())
