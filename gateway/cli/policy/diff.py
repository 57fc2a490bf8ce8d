"""``gateway policy diff``: on which verdicts two profiles disagree."""

from __future__ import annotations

import click
import orjson

from gateway.policy.difference import conditions, disagreements
from gateway.policy.engine import now
from gateway.policy.profile import load
from gateway.policy.words import about, disagreement_values, disagreement_words, rule_values

__all__ = ["diff"]


@click.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every field.")
def diff(one: str, other: str, as_json: bool) -> None:
    """Say exactly on which verdicts two policy profiles disagree, and by which clauses.

    Both are asked about every field of every released schema, every column of the prompt products database and
    whatever their rules name, of every origin, for the public and for people with data rights; the times of exposures
    are not known. The exit code is 1 when there is a difference.

    \b
    Examples:
      gateway policy diff seed-2018 rdo013-2025 || true
      gateway policy diff rdo013-2025 mine.toml
    """
    a, b = load(one), load(other)
    groups, (only_a, only_b) = disagreements(a, b, now()), conditions(a, b)
    if as_json:
        report = {
            "one": {"profile": a.id, "sha256": a.sha256, "conditions": list(map(rule_values, only_a))},
            "other": {"profile": b.id, "sha256": b.sha256, "conditions": list(map(rule_values, only_b))},
            "disagreements": list(map(disagreement_values, groups)),
        }
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        for group in groups:
            click.echo(disagreement_words(a.id, b.id, group) + "\n")
        for profile, rules in ((a, only_a), (b, only_b)):
            for rule in rules:
                click.echo(f"only {profile.id}: {rule.effect} {about(rule)}: {rule.id} ({rule.clause})")
        if not (groups or only_a or only_b):
            click.echo("They agree about everything.")
    raise SystemExit(1 if groups or only_a or only_b else 0)
