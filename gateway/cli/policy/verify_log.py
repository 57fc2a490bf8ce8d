"""``gateway policy verify-log``: is a proof log as it was written?"""

from __future__ import annotations

from pathlib import Path

import click

from gateway.errors import SettingsError
from gateway.policy.proof.check import RULES, verify
from gateway.policy.proof.record import Head, key_from
from gateway.reports import FORMATS, FileResult

__all__ = ["verify_log"]


@click.command("verify-log")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER|FILE...")
@click.option(
    "--head",
    metavar="COUNT:HASH",
    help="How far the log went when you looked at it last: finds an end that is gone.",
)
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), help="The key of a log that has one.")
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", help="The form of the report."
)
@click.option("--json", "format_", flag_value="json", help="The same as --format json.")
def verify_log(paths: tuple[Path, ...], head: str | None, key: Path | None, format_: str) -> None:
    """Check a proof log: any edit, removal, insertion or reordering of its records is found, with file and line.

    The last line is the head of the log: keep it elsewhere, and give it with --head the next time, or an end that was
    cut off together with the file `head` would not be missed. What the log proves is in docs/audit.md.

    \b
    Examples:
      gateway policy verify-log proofs
      gateway policy verify-log proofs --head 1204:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
      gateway policy verify-log --json proofs/proof-00000001.jsonl

    Exit codes: 0 the log is as it was written; 1 it is not; 2 it cannot be read.
    """
    try:
        known = Head.parse(head) if head is not None else None
    except (ValueError, SettingsError):
        raise click.BadParameter(
            "it is a number, a colon and 64 hexadecimal digits", param_hint="--head"
        ) from None
    found = verify(
        paths[0] if len(paths) == 1 and paths[0].is_dir() else paths,
        head=known,
        key=key_from(key) if key is not None else None,
    )
    results = [FileResult(name, findings) for name, findings in found.findings.items()]
    click.echo(FORMATS[format_](results, RULES), nl=False)
    if format_ == "text":
        click.echo(f"{'as it was written' if found.holds else 'NOT as it was written'}; head {found.head}")
    raise SystemExit(0 if found.holds else 1)
