"""``gateway policy show``: the rules of a profile."""

from __future__ import annotations

import click
import orjson
from rich.console import Console
from rich.table import Column, Table

from gateway.policy.profile import DEFAULT, Profile, load
from gateway.policy.words import about, rule_values

__all__ = ["show"]


@click.command()
@click.argument("profile", default=DEFAULT, metavar="[PROFILE]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def show(profile: str, as_json: bool) -> None:
    """Show the rules of a policy profile: what each is about, what follows, and why.

    PROFILE is the name of one that comes with the gateway, or a TOML file.

    \b
    Examples:
      gateway policy show
      gateway policy show strict
      gateway policy show --json mine.toml | jq '.profiles[].rules[].id'
    """
    found = load(profile)
    if as_json:
        report = {
            "id": found.id,
            "title": found.title,
            "sha256": found.sha256,
            "profiles": [_values(judge) for judge in found.judges],
        }
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        return
    console = Console()
    console.print(f"{found.id}: {found.title}\nSHA-256 {found.sha256}", highlight=False, soft_wrap=True)
    if found.members:
        console.print("\nA thing passes when it passes each of these.")
    for judge in found.judges:
        console.print(f"\n{judge.id}, valid from {judge.valid_from}", style="bold", highlight=False)
        for token, day in sorted(judge.releases.items()):
            console.print(f"release {token}: {day}", highlight=False)
        table = Table(Column("rule", no_wrap=True), "about", "why", box=None, row_styles=("", "dim"))
        for rule in judge.rules:
            head = f"{rule.id}\n{rule.effect}, {rule.clause} {rule.certainty}\n"
            table.add_row(head, about(rule), rule.reason)
        console.print(table)
    console.print("\nWhat no rule is about is withheld by default-deny (P25).")


def _values(judge: Profile) -> dict[str, object]:
    return {
        "id": judge.id,
        "title": judge.title,
        "valid_from": judge.valid_from,
        "releases": dict(judge.releases),
        "rules": [rule_values(rule) for rule in judge.rules],
    }
