"""``gateway schema``: what alert schemas there are, what is in them, and what changed."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.schema import registry
from gateway.schema.describe import Leaf, differences, leaves_of

__all__ = ["schema"]


@click.group()
def schema() -> None:
    """List, show and compare the released alert schemas.

    \b
    Examples:
      gateway schema list
      gateway schema show lsst/11.0
      gateway schema diff lsst/10.0 lsst/11.0
    """


@schema.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_(as_json: bool) -> None:
    """List the released schemas with their ids on the wire and fingerprints.

    \b
    Example:
      gateway schema list
    """
    rows: list[dict[str, Any]] = []
    for key in registry.keys():  # noqa: SIM118 - a function, not a dict
        found = registry.get(key)
        wire = key.wire_id if key.family == "lsst" else None
        leaves = len(leaves_of(found))
        rows.append(
            {
                "schema": str(key),
                "wire_id": wire,
                "fields": leaves,
                "sha256": found.sha256,
                "name": found.name,
            }
        )
    if as_json:
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        return
    table = Table("schema", "wire id", "leaves", "root record", "SHA-256 of the canonical form", box=None)
    for row in rows:
        table.add_row(
            row["schema"],
            str(row["wire_id"] or ""),
            str(row["fields"]),
            row["name"],
            row["sha256"][:16] + "…",
        )
    Console().print(table)


@schema.command()
@click.argument("name", metavar="SCHEMA")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def show(name: str, as_json: bool) -> None:
    """Show every field of a schema with its type, UCD, unit and meaning.

    \b
    Example:
      gateway schema show lsst/11.0
    """
    leaves = leaves_of(registry.get(name))
    if as_json:
        click.echo(orjson.dumps([leaf.values() for leaf in leaves], option=orjson.OPT_INDENT_2))
        return
    table = Table("field", "type", "UCD", "unit", "meaning", box=None, row_styles=("", "dim"))
    for leaf in leaves:
        table.add_row(leaf.path, leaf.type, leaf.ucd, leaf.unit, leaf.description)
    Console().print(table)


@schema.command()
@click.argument("old", metavar="SCHEMA")
@click.argument("new", metavar="SCHEMA")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def diff(old: str, new: str, as_json: bool) -> None:
    """Say which fields a schema adds, drops and changes. The exit code is 1 when there is a difference.

    \b
    Example:
      gateway schema diff lsst/9.0 lsst/10.0 || true
    """
    added, dropped, changed = differences(registry.get(old), registry.get(new))
    if as_json:
        report = {
            "added": [leaf.values() for leaf in added],
            "dropped": [leaf.values() for leaf in dropped],
            "changed": [{"old": before.values(), "new": after.values()} for before, after in changed],
        }
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    else:
        for sign, colour, leaves in (("+", "green", added), ("-", "red", dropped)):
            for leaf in leaves:
                click.secho(f"{sign} {leaf.path}: {leaf.type}", fg=colour)
        for before, after in changed:
            click.secho(f"~ {before.path}: {_change(before, after)}", fg="yellow")
    raise SystemExit(1 if added or dropped or changed else 0)


def _change(before: Leaf, after: Leaf) -> str:
    return f"{before.type} -> {after.type}"
