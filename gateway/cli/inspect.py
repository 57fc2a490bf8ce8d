"""``gateway inspect``: what is in these files."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich.table import Table
from rich.text import Text

from gateway.cli.options import declared, provenance_options
from gateway.cli.progress import Progress
from gateway.errors import GatewayError
from gateway.model.rejected import Rejected
from gateway.policy.engine import Policy
from gateway.policy.profile import DEFAULT
from gateway.summary import summarize
from gateway.transports.files import Found, items, units

__all__ = ["inspect"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--policy", default=DEFAULT, show_default=True, help="The policy profile: a name or a TOML file."
)
@provenance_options
@click.option("--json", "as_json", is_flag=True, help="One line of JSON an item.")
def inspect(
    files: tuple[str, ...],
    policy: str,
    origin: str | None,
    release: str | None,
    fields: tuple[str, ...],
    issued: bool,
    bare_schema: str | None,
    as_json: bool,
) -> None:
    """Say what alerts and VOEvents are in files: schema, identity, time, position, sizes.

    FILE is a file, a folder, a tar archive or - for standard input. What the policy withholds from the public
    is not shown.

    \b
    Examples:
      gateway inspect alert.avro
      gateway inspect --json visit.avro | jq .id
      gateway inspect --schema lsst/11.0 datum.bin

    Exit codes: 0 everything could be read; 1 something could not; 2 nothing could.
    """
    engine, what = Policy(policy), declared(origin, release, fields, issued, bare_schema)
    good = []
    with Progress("items") as progress:
        for found in (found for unit in units(files) for found in items(unit, what)):
            good.append(_show(found, engine, as_json, progress))
            progress.advance()
    raise SystemExit(0 if all(good) and good else 1 if any(good) else 2)


def _show(found: Found, policy: Policy, as_json: bool, progress: Progress) -> bool:
    try:
        if isinstance(found.item, Rejected):
            raise found.item.error
        summary = {"input": found.name} | summarize(found.item, policy)
    except GatewayError as error:
        progress.say(f"gateway: {error.located(input=found.name)}")
        return False
    progress.show(orjson.dumps(summary) + b"\n" if as_json else _table(summary))
    return True


def _table(summary: dict[str, Any]) -> Table:
    # Texts as they are: square brackets in a name or document are not markup.
    table = Table(
        title=Text(summary["input"]), title_justify="left", title_style="bold", show_header=False, box=None
    )
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for name, value in summary.items():
        if name == "parts":
            for part, size in value.items():
                table.add_row(f"  {part}", size)
        elif name != "input" and value not in (None, []):
            table.add_row(name, Text(", ".join(value) if isinstance(value, list) else str(value)))
    return table
