"""``gateway policy check``: a broker checks its own redistribution."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from gateway.cli.written import write_report
from gateway.compliance.check import check as check_sources
from gateway.compliance.manifest import NOTHING_DECLARED, load
from gateway.compliance.reports import FORMATS, text
from gateway.compliance.sources import sources
from gateway.errors import SettingsError
from gateway.model.audience import Audience
from gateway.policy.engine import Policy, now
from gateway.policy.profile import DEFAULT

__all__ = ["check"]


def _audience(context: click.Context, parameter: click.Parameter, value: str) -> Audience:
    try:
        return Audience.parse(value)
    except SettingsError as error:
        raise click.BadParameter(error.message) from None


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--profile", default=DEFAULT, show_default=True, help="The policy profile: a name or a TOML file."
)
@click.option(
    "--audience",
    default="public",
    show_default=True,
    callback=_audience,
    metavar="public|rights:dp1+dp2",
    help="Who would see it: everyone, or people with data rights to these releases.",
)
@click.option(
    "--manifest",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The TOML that declares where each part comes from. What it does not declare is withheld.",
)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Judge as of this day or moment, UTC.  [default: now]",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="text",
    help="The form of the report.  [default: text]",
)
@click.option("--json", "format_", flag_value="json", help="The same as --format json.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file."
)
def check(
    targets: tuple[str, ...],
    profile: str,
    audience: Audience,
    manifest: Path | None,
    day: datetime | None,
    format_: str,
    output: Path | None,
) -> None:
    """Say what of these files an audience may not see, by which clause, and what to change.

    TARGET is a file, a folder, a tar archive or - for standard input: alerts, Avro schemas, VOEvents, VOTables,
    VOSI tables, Parquet, FITS, JSON, Felis YAML, or a list of links. The files are not changed and no value of them is
    shown.

    \b
    Examples:
      gateway policy check --manifest provenance.toml visit.avro catalogue.vot
      gateway policy check --manifest provenance.toml --audience rights:dp1 --format html -o report.html release/
      curl -s https://example.org/table.vot | gateway policy check --manifest provenance.toml -

    Exit codes: 0 the audience may see everything; 1 something would be withheld; 2 something could not be read.
    """
    declared = load(manifest) if manifest is not None else NOTHING_DECLARED
    moment = day.replace(tzinfo=UTC) if day is not None else now()
    policy = Policy(profile, lambda: moment)
    stdin = sys.stdin.buffer if "-" in targets and sys.stdin is not None else None
    report = check_sources(sources(targets, stdin), policy, audience, declared)
    if output is None:
        if format_ == "text":
            click.echo(text.render(report, colour=sys.stdout.isatty()), nl=False)
        else:
            click.echo(FORMATS[format_](report), nl=False)
    else:
        write_report(output, FORMATS[format_](report))
    raise SystemExit(report.exit_code)
