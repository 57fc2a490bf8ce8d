"""``gateway validate``: reads, checks, reports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli.progress import Progress
from gateway.codecs.voevent.check import check
from gateway.codecs.voevent.rules import CONTRADICTIONS, DEFAULTS, RULES, Switches
from gateway.errors import GatewayError, OutputError, SettingsError, VOEventError
from gateway.reports import FORMATS, FileResult, Tally, strict, text
from gateway.transports.files import units

__all__ = ["validate"]


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", help="The form of the report."
)
@click.option("--json", "format_", flag_value="json", help="The same as --format json.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to a file."
)
@click.option("--strict", "strictly", is_flag=True, help="Count warnings as errors.")
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=text|xsd",
    help="Side with the text or the XSD of the standard where they differ; --rules lists the names.",
)
@click.option("--rules", is_flag=True, help="List the rules and switches, and check nothing.")
def validate(
    files: tuple[str, ...],
    format_: str,
    output: Path | None,
    strictly: bool,
    switches: tuple[str, ...],
    rules: bool,
) -> None:
    """Check VOEvents 1.1, 2.0 and 2.1 against the standard.

    FILE is a VOEvent, a directory or tar archive of them, or - for standard input. The exit code is 0
    without errors (warnings are allowed), 1 with errors and 2 when a file cannot be read.

    \b
    Examples:
      gateway validate alert.xml
      gateway validate --strict --format sarif -o findings.sarif *.xml
      curl -s https://example.org/alert.xml | gateway validate -
      gateway validate --switch cite=xsd archive.tar.bz2
    """
    if rules:
        click.echo(_list_rules(), nl=False)
        return
    if not files:
        raise click.UsageError("Name a file, or - for standard input.")
    try:
        chosen = DEFAULTS.with_settings(switches)
    except SettingsError as error:
        raise click.BadParameter(error.message, param_hint="--switch") from None
    tally, kept = Tally(), []
    at_once = format_ == "text" and output is None
    with Progress("documents") as progress:
        for name, data in _read(files):
            result = _check(name, data, chosen, strictly=strictly)
            tally.take(result)
            if not at_once:  # the other formats are one document, and a file appears when it is complete
                kept.append(result)
            elif shown := text.lines(result, colour=sys.stdout.isatty()):
                progress.show(shown.encode())
            progress.advance()
    if at_once:
        click.echo(text.summary(tally), nl=False)
    elif output is None:
        click.echo(FORMATS[format_](kept, RULES), nl=False)
    else:
        _write(output, FORMATS[format_](kept, RULES))
    raise SystemExit(tally.exit_code)


def _check(name: str, data: bytes | GatewayError, switches: Switches, *, strictly: bool) -> FileResult:
    try:
        if isinstance(data, GatewayError):
            raise data
        result = FileResult(name, check(data, switches=switches))
        return strict(result) if strictly else result
    except GatewayError as error:
        return FileResult(name, error=error)


def _read(files: tuple[str, ...]) -> Iterator[tuple[str, bytes | GatewayError]]:
    """The documents of the arguments with their names; what cannot be read is an error in its place."""
    for unit in units(files):
        if unit.error is not None:
            yield unit.name, unit.error
        elif unit.kind == "message":
            yield unit.name, unit.data
        else:
            yield unit.name, VOEventError("voevent-root", "This is Avro, not a VOEvent; convert it first.")


def _write(path: Path, report: str) -> None:
    try:
        path.write_text(report, encoding="utf-8")
    except OSError as error:
        raise OutputError("output-unwritable", f"{path} cannot be written ({error.strerror}).") from None


def _list_rules() -> str:
    lines = []
    for rule in RULES:
        how = (
            f"not checked: {rule.reason}"
            if rule.reason
            else f"checked by {'a rule' if rule.check else 'the XSD'}"
        )
        about = f"[{rule.clause}; {how}]"
        lines.append(
            f"{rule.code:<6} {rule.severity.value:<8} {'/'.join(rule.versions):<12} {rule.title} {about}"
        )
    lines += ["", "Switches, their defaults, and what either side says:"]
    for name, (says, xsd) in CONTRADICTIONS.items():
        lines.append(f"{name:<18} {getattr(DEFAULTS, name):<5} text: {says}; xsd: {xsd}.")
    return "\n".join(lines) + "\n"
