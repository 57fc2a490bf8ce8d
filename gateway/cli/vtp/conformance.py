"""``gateway vtp conformance``: how well somebody's program follows the Recommendation."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.written import write_report
from gateway.conformance import ROLES, Settings, examine
from gateway.conformance.check import Check
from gateway.conformance.examine import Role, table
from gateway.conformance.reports import FORMS
from gateway.transports.vtp.endpoints import host_and_port

__all__ = ["conformance"]


@click.command()
@click.argument("address", metavar="HOST:PORT", required=False)
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the program under test is.")
@click.option("--broadcast", metavar="HOST:PORT", help="Where a broker gives events to subscribers.")
@click.option(
    "--run", "command", metavar="COMMAND",
    help="Start an author or subscriber with this; {host} and {port} stand for our address.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Leave out checks that have to wait for minutes.")
@click.option("--only", multiple=True, metavar="NUMBER", help="Run this check only, such as B15; repeatable.")
@click.option("--list", "list_", is_flag=True, help="List the checks of the role and end.")
@click.option(
    "--patience", type=click.FloatRange(0.1, 600), default=10.0, show_default=True, metavar="SECONDS",
    help="How long an answer may take.",
)  # fmt: skip
@click.option(
    "--arrival", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True, metavar="SECONDS",
    help="How long an author or subscriber may take to connect.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(list(FORMS)), default="text", show_default=True, help="Of the report."
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the report to a file.")
def conformance(address: str | None, role: Role, **given: Any) -> None:
    """Play the other side of a VTP program, and check it clause by clause.

    For a broker HOST:PORT is where it takes events from authors. For an author or a subscriber it is where we
    listen, and the program under test connects to us: as often as a check needs it, or started by --run. Every
    event that is sent has the role `test`. Hostile frames are part of it: examine what is yours.

    \b
    Examples:
      gateway vtp conformance 127.0.0.1:8098 --broadcast 127.0.0.1:8099 --role broker
      gateway vtp conformance :8099 --role subscriber --quick
      gateway vtp conformance :0 --role author --run 'comet-sendvo --host={host} --port={port} --file=event.xml'
      gateway vtp conformance :8098 --broadcast :8099 --role broker --format html -o report.html

    Exit codes: 0 all that was judged passed; 1 something did not; 2 nothing could be judged.
    """
    if given["list_"]:
        for check in table(role):
            click.echo(f"{check.number}  {check.clause}  {check.requirement:<8}  {check.sentence}")
        return
    broadcast = given["broadcast"]
    if address is None and (role != "broker" or broadcast is None):
        raise click.UsageError("Say where: HOST:PORT.")
    settings = Settings(
        role,
        host_and_port(address) if address is not None else None,
        host_and_port(broadcast) if broadcast is not None else None,
        given["command"],
        not given["quick"],
        _known(role, given["only"]),
        given["patience"],
        given["arrival"],
    )
    report = asyncio.run(examine(settings, _began, _ready))
    text = FORMS[given["form"]](report)
    if given["output"] is not None:
        write_report(given["output"], text)
        click.echo(report.conclusion)
    else:
        click.echo(text, nl=False)
    sys.exit(report.exit_code)


def _known(role: Role, numbers: tuple[str, ...]) -> frozenset[str]:
    wrong = sorted(set(numbers) - {check.number for check in table(role)})
    if wrong:
        raise click.UsageError(f"The {role} has no check {wrong[0]}; --list shows them.")
    return frozenset(numbers)


def _began(check: Check[Any]) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{check.number} {check.sentence}"[:120], nl=False, err=True)


def _ready(host: str, port: int) -> None:
    click.echo(f"listening {host}:{port}", err=True)
