"""``gateway simulate``: a visit of made-up alerts, to try everything else with."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click
import orjson

from gateway.cli.progress import Progress
from gateway.codecs import confluent, container, single_object
from gateway.codecs.datum import Datum
from gateway.schema import registry
from gateway.simulate import CUTOUTS, HISTORIES, Simulation, identifier
from gateway.transports.outputs import Directory, OneFile

__all__ = ["simulate"]

FRAMES = {"confluent": confluent.frame, "single-object": single_object.frame}
FRAMINGS = ["container", *FRAMES]


_option = partial(click.option, show_default=True)


@click.command()
@click.argument("count", metavar="N", type=click.IntRange(min=1))
@_option("--schema", default="lsst/11.0", help="A version; see `gateway schema list`.")
@_option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="The same seed gives the same bytes.")
@_option("--history", type=click.Choice(HISTORIES), default="mixed", help="How many have light curves.")
@_option("--cutouts", type=click.Choice(CUTOUTS), default="real", help="All HDUs, the image alone, or none.")
@_option("--framing", type=click.Choice(FRAMINGS), default="container", help="How the alerts are wrapped.")
@_option("--codec", type=click.Choice(list(container.CODECS)), default="null", help="Container compression.")
@_option("-o", "--output", default="simulated-visit.avro", help="A file, or - for standard output.")
@click.option(
    "--out-dir", type=click.Path(file_okay=False, path_type=Path), help="One file an alert, <id>.avro."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.option(
    "--json", "as_json", is_flag=True, help="Say what was made as a line of JSON on standard output."
)
def simulate(
    count: int, schema: str, seed: int, history: str, cutouts: str, framing: str, codec: str, output: str,
    out_dir: Path | None, force: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make the N alerts of a simulated visit.

    They look like the real ones of any LSST or ZTF schema: new transients, variables, supernovae, active
    galaxies, minor planets and artefacts, with history and cutouts. The same options give the same bytes on every
    machine. `--history mature` is the survey after years: 30 to 150 detections an object.

    Nothing of it is real: convert it with --role test, so that nobody takes an event for an observation.

    \b
    Examples:
      gateway simulate 100
      gateway simulate 10000 --seed 7 --codec zstandard -o visit.avro
      gateway simulate 50 --schema ztf/4.02 -o - | gateway convert - --role test --out-dir events
      gateway simulate 20 --framing confluent --out-dir messages
    """
    if framing != "container" and count > 1 and out_dir is None:
        raise click.UsageError(f"{framing} holds one alert. Name a folder for several with --out-dir.")
    if framing != "container" and codec != "null":
        raise click.UsageError("Only containers are compressed. Leave out --codec or --framing.")
    if out_dir is None and output == "-" and sys.stdout.isatty():
        raise click.UsageError("Alerts are binary. Redirect standard output, or name a file with -o.")
    if as_json and out_dir is None and output == "-":
        raise click.UsageError(
            "--json reports on standard output: send the alerts to -o FILE or --out-dir DIR."
        )
    simulation = Simulation(registry.get(schema), seed=seed, history=history, cutouts=cutouts)
    opened = Directory(out_dir, force=force) if out_dir else OneFile(output, force=force)
    with opened as place, Progress("alerts", count) as progress:
        for alert in map(simulation.alert, range(count)):
            if framing == "container":
                data, datum = alert.payload, Datum(alert.schema, alert.payload, codec)
            else:
                data, datum = FRAMES[framing](alert.schema, alert.payload), None
            place.put(data, str(identifier(alert)), ".avro", datum)
            progress.advance(len(data))
    if as_json:
        chosen = click.get_current_context().params
        made = {"output": str(out_dir or output), "alerts": count, "bytes": progress.bytes, "simulated": True}
        made |= {name: chosen[name] for name in ("schema", "seed", "history", "cutouts", "framing", "codec")}
        click.echo(orjson.dumps(made))
    else:
        where = out_dir or ("standard output" if output == "-" else output)
        click.echo(
            f"{count} alert{'s' * (count > 1)} of {schema} in {where}. Convert them with --role test.",
            err=True,
        )
