"""``gateway policy coverage``: what would be withheld until somebody classifies it."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.policy.coverage import Subject, idle, subject, subjects, unnamed
from gateway.policy.profile import DEFAULT, load

__all__ = ["coverage"]


@click.command()
@click.option(
    "--schema",
    "schemas",
    multiple=True,
    metavar="FILE|NAME",
    help="An .avsc file, a released schema, or ppdb; may be repeated.  [default: each that the profile is about]",
)
@click.option("--profile", default=DEFAULT, show_default=True, help="The profile: a name or a TOML file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def coverage(schemas: tuple[str, ...], profile: str, as_json: bool) -> None:
    """List the fields of alert schemas that no rule names, and the rules that name none of them.

    What no rule names is withheld until somebody classifies it. For a schema that is not released yet, that is what the
    nearest released one does not have. The exit code is 1 when something would be withheld.

    \b
    Examples:
      gateway policy coverage
      gateway policy coverage --schema lsst/11.1 --schema ppdb --profile strict
      gateway policy coverage --schema lsst.v12_0.alert.avsc
    """
    policy = load(profile)
    about = [subject(name) for name in schemas] if schemas else subjects(policy)
    rows = [_values(one, [str(path) for path in unnamed(policy, one)]) for one in about]
    unused = idle(policy, about)
    if as_json:
        report = {"profile": policy.id, "sha256": policy.sha256, "schemas": rows, "idle_rules": unused}
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        _show(rows, unused)
    raise SystemExit(1 if any(row["withheld"] or row["misfits"] for row in rows) else 0)


def _values(one: Subject, withheld: list[str]) -> dict[str, Any]:
    key = one.schema.key if one.schema is not None else None
    return {
        "schema": one.name,
        "fields": len(one.resources),
        "withheld": withheld,
        "read_by": str(key) if key is not None and str(key) != one.name else None,
        "misfits": list(one.misfits),
    }


def _show(rows: list[dict[str, Any]], unused: list[str]) -> None:
    table = Table("schema", "fields", "withheld", "read by", box=None)
    for row in rows:
        table.add_row(row["schema"], str(row["fields"]), str(len(row["withheld"])), row["read_by"] or "")
    Console().print(table)
    for row in rows:
        if row["withheld"]:
            click.echo(f"\n{row['schema']}: no rule names")
            click.echo("\n".join(f"  {path}" for path in row["withheld"]))
        if row["misfits"]:
            click.echo(
                f"\n{row['schema']}: packets may not fit {row['read_by']} in these, and are refused then"
            )
            click.echo("\n".join(f"  {path}" for path in row["misfits"]))
    if unused:
        click.echo(f"\nRules that name nothing in them: {', '.join(unused)}")
