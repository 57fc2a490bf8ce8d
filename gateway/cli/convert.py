"""``gateway convert``: alerts to VOEvents, and back."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.batch import Job, Result, Tally, cores, run
from gateway.cli.audience import for_whom, token_options, who_asks
from gateway.cli.options import declared, provenance_options
from gateway.cli.progress import Progress
from gateway.conversion import TARGETS
from gateway.mapping.settings import DETAILS, EXAMPLE_AUTHORITY, Settings
from gateway.model.audience import PUBLIC
from gateway.model.voevent import ROLES
from gateway.policy.profile import DEFAULT
from gateway.policy.proof.log import ProofLog
from gateway.policy.proof.record import key_from
from gateway.transports.files import units
from gateway.transports.outputs import Directory, OneFile, Place
from gateway.transports.rejects import Rejects

__all__ = ["convert"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--to", type=click.Choice(TARGETS), default="voevent", show_default=True, help="What to make.")
@click.option(
    "--detail",
    type=click.Choice(DETAILS),
    default="core",
    show_default=True,
    help="How much of an alert a VOEvent holds: core has its records and fits any broker, "
    "history adds the light curves, full the images.",
)
@click.option(
    "--authority",
    default=EXAMPLE_AUTHORITY,
    show_default=True,
    help="The IVOA authority that mints the events; yours.",
)
@click.option("--stream", default="alerts", show_default=True, help="The stream in that authority.")
@click.option(
    "--separator",
    type=click.Choice(["?", "#"]),
    default="?",
    show_default=True,
    help="Stands before the event's own id in its IVOID.",
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="observation",
    show_default=True,
    help="The events' role. Injected sources are test whatever is said here.",
)
@click.option(
    "--record",
    "records",
    multiple=True,
    metavar="NAME",
    help="Keep only this record of the alert (diaSource); may be repeated.",
)
@click.option(
    "--cite",
    type=click.Choice(["none", "latest", "all"]),
    default="none",
    show_default=True,
    help="Earlier detections of the object to follow up.",
)
@click.option("--reprocessed", is_flag=True, help="These alerts repeat earlier ones: supersede them.")
@click.option("--classify", is_flag=True, help="Name known solar-system objects in Why.")
@click.option("--cutout-url", metavar="URL", help="Public address of cutouts, with {id} and {name} in it.")
@click.option(
    "--project",
    "project_to",
    metavar="SCHEMA",
    help="Take the released alert out of containers that a broker re-wrote, such as lsst/10.0.",
)
@click.option(
    "--policy", default=DEFAULT, show_default=True, help="The policy profile: a name or a TOML file."
)
@token_options
@provenance_options
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write one file; many events go into FILE.tar, many alerts into one container.  [default: standard output]",
)
@click.option(
    "--out-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write one file an item into this folder.",
)
@click.option(
    "--proof-log",
    type=click.Path(file_okay=False, path_type=Path),
    help="Record each release in the proof log in this folder, before it is written (POSIX only).",
)
@click.option(
    "--proof-key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key of the proof log: random bytes in a file that not everybody can read.",
)
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option(
    "--rejects",
    type=click.Path(file_okay=False, path_type=Path),
    help="Record what is refused in this folder, and keep the bytes of what is public whatever it may hold.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Processes to use; 0 for one a core.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Report each item as a line of JSON on standard output."
)
def convert(
    inputs: tuple[str, ...],
    to: Any,
    detail: Any,
    authority: str,
    stream: str,
    separator: Any,
    role: str,
    records: tuple[str, ...],
    cite: Any,
    reprocessed: bool,
    classify: bool,
    cutout_url: str | None,
    project_to: str | None,
    policy: str,
    token: Path | None,
    issuer: Path | None,
    origin: str | None,
    release: str | None,
    fields: tuple[str, ...],
    issued: bool,
    bare_schema: str | None,
    output: str | None,
    out_dir: Path | None,
    proof_log: Path | None,
    proof_key: Path | None,
    force: bool,
    rejects: Path | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Convert alerts to VOEvents, and VOEvents back to alerts, byte for byte.

    INPUT is a file, a folder, a tar archive or - for standard input: Avro (object containers, Confluent or
    single-object messages, bare data with --schema), VOEvent 1.1, 2.0 or 2.1, or the JSON that this command writes.
    What the policy withholds is left out and reported; what cannot be read is reported and the rest goes on.

    \b
    Examples:
      gateway convert alert.avro
      gateway convert visit.avro --out-dir events --authority org.example --stream lsst
      gateway convert visit.avro --to voevent-2.1 --detail full -o events.tar --jobs 0
      gateway convert events.tar --to avro -o alerts.avro
      cat message | gateway convert - --to json
      gateway convert visit.avro -o events.tar --proof-log proofs

    Exit codes: 0 all inputs were converted; 1 some were refused; 2 none could be converted.
    """
    settings = Settings(
        authority=authority,
        stream=stream,
        separator=separator,
        detail=detail,
        records=frozenset(records) or None,
        role=role,
        cutout_url=cutout_url,
        cite=cite,
        reprocessed=reprocessed,
        classify=classify,
    )
    if proof_key and not proof_log:
        raise click.UsageError("--proof-key is the key of a proof log: name its folder with --proof-log.")
    key = key_from(proof_key) if proof_key else None
    principal = who_asks(token, issuer)
    job = Job(
        to,
        settings,
        declared(origin, release, fields, issued, bare_schema),
        policy,
        project_to,
        principal=principal,
        prove=proof_log is not None,
        proof_key=key,
    )
    converter = job.converter()  # a mistake in the options is found before the first input is read
    if output and out_dir:
        raise click.UsageError("Give -o or --out-dir, not both.")
    if as_json and output in (None, "-") and not out_dir:
        raise click.UsageError(
            "--json reports on standard output: send the results to -o FILE or --out-dir DIR."
        )
    tally = Tally()
    with ExitStack() as stack:
        if converter.audience != PUBLIC:
            # What is not for everybody is for nobody else on this machine either.
            stack.callback(os.umask, os.umask(0o077))
        kept = Rejects(rejects, converter.audience, converter.policy.profile.id) if rejects else None
        place = stack.enter_context(
            Directory(out_dir, force=force) if out_dir else OneFile(output or "-", force=force)
        )
        proofs = stack.enter_context(ProofLog(proof_log, sync="batch", key=key)) if proof_log else None
        progress = stack.enter_context(Progress("alerts"))
        if token:
            progress.say(for_whom(principal, converter.audience))
        for result in run(units(inputs), job, jobs or cores(), proofs):
            tally.take(result)
            _put(result, place, kept, as_json, progress)
    if out_dir or output not in (None, "-") or tally.refused:
        progress.say("\n".join(tally.lines(progress.seconds)))
    if tally.minted and authority == EXAMPLE_AUTHORITY:
        progress.say(f"The events are in the example authority {authority}: name your own with --authority.")
    raise SystemExit(tally.exit_code)


def _put(result: Result, place: Place, rejects: Rejects | None, as_json: bool, progress: Progress) -> None:
    """Write one result and report it."""
    path = None
    if result.output is not None:
        path = place.put(result.output.data, result.output.stem, result.output.suffix, result.output.datum)
    elif result.error is not None:
        if rejects is not None:
            rejects.put(result.name, result.size, result.data, result.error)
        if not as_json:
            progress.say(f"gateway: {result.error}")
    progress.advance(result.size)
    if as_json:
        progress.show(orjson.dumps(_report(result, path)) + b"\n")


def _report(result: Result, path: str | None) -> dict[str, Any]:
    report: dict[str, Any] = {"input": result.name, "bytes": result.size}
    if result.output is not None:
        report |= {"output": path, "output_bytes": len(result.output.data), "ivorn": result.output.ivorn}
        report |= {"exact": result.output.exact, "losses": [str(loss) for loss in result.output.losses]}
    if (error := result.error) is not None:
        report["error"] = {
            "code": error.code,
            "message": error.message,
            "where": str(error.where),
            "clause": error.clause,
        }
    return report
