"""``python -m bench``: race, print the tables. ``python -m bench vtp``: the brokers; ``memory``: what ours
keeps; ``filters``: what those of its subscribers cost."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import orjson

from bench import policy, report, visit, works
from bench.relay.command import relay
from bench.vtp.command import vtp
from bench.vtp.filters import filters
from bench.vtp.memory import memory


@click.group(invoke_without_command=True)
@click.pass_context
@click.option(
    "--quick", is_flag=True, help="Two alerts, one round, a visit of 20: does it run, is the output the same?"
)
@click.option("--alerts", default=40, show_default=True, help="Different alerts in a set.")
@click.option("--rounds", default=7, show_default=True, help="Turns of each contender.")
@click.option(
    "--visit", "visit_alerts", default=10_000, show_default=True, help="Alerts in a visit; 0 for none."
)
@click.option(
    "--history",
    type=click.Choice(["mixed", "mature", "new"]),
    multiple=True,
    default=["mixed"],
    show_default=True,
    help="Kind of visit; may be repeated.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the results to this file too.",
)
@click.option("--update-docs", is_flag=True, help="Put the tables into docs/performance.md.")
def main(
    context: click.Context,
    quick: bool,
    alerts: int,
    rounds: int,
    visit_alerts: int,
    history: tuple[str, ...],
    json_file: Path | None,
    update_docs: bool,
) -> None:
    """Compare the speed of the gateway with that of fastavro and voevent-parse, on the same packets.

    The tables are Markdown. Before anything is timed, the results of all contenders are compared; a difference
    ends the run.
    """
    if context.invoked_subcommand is not None:
        return
    turn = works.TURN
    if quick:
        alerts, rounds, visit_alerts, turn = 2, 1, 20, 0.0
    started, machine = report.now(), report.machine()
    results = []
    for work in works.WORKS:
        click.echo(f"{work.title}, {work.packets} ...", err=True)
        results.append(works.run(work, alerts, rounds, turn))
    click.echo("The policy ...", err=True)
    shares, strips = policy.shares(alerts, rounds, turn), policy.strips(alerts, rounds, turn)
    visits, scalings = [], []
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        for kind in history if visit_alerts else ():
            click.echo(f"A {kind} visit of {visit_alerts:,} alerts ...", err=True)
            file = Path(folder, f"{kind}.avro")
            visit.write(file, visit_alerts, kind)
            visits.append(visit.measure(file, visit_alerts, kind))
            if kind == history[0] and not quick:
                click.echo("The command with several processes ...", err=True)
                scalings = visit.scaling(file, visit_alerts, min(rounds, 3))
            file.unlink()
    made = report.Report(started, machine, rounds, results, visits, scalings, shares, strips)
    click.echo(made.markdown())
    if json_file:
        json_file.write_bytes(orjson.dumps(made.json(), option=orjson.OPT_INDENT_2))
    if update_docs:
        report.update(made)


main.add_command(vtp)
main.add_command(memory)
main.add_command(filters)
main.add_command(relay)

if __name__ == "__main__":
    main()
