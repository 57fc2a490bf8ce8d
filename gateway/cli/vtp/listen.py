"""``gateway vtp listen``: hear what brokers send."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.cli.audience import for_whom, token_options, who_asks
from gateway.cli.options import event_options
from gateway.cli.progress import Progress
from gateway.cli.vtp.peer import STOPPED, client_tls, tls_options
from gateway.conversion import Converter
from gateway.listening import Heard, Hearing
from gateway.model.audience import PUBLIC
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import ROLES
from gateway.policy.engine import Policy
from gateway.policy.fieldorigin import field_origin
from gateway.transports.command import MAX_SECONDS, Command
from gateway.transports.outputs import Directory
from gateway.transports.rejects import Rejects
from gateway.transports.vtp.listener import ROLES as HEARD
from gateway.transports.vtp.listener import Listener
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.quoted import quoted
from gateway.transports.vtp.subscriber import ANONYMOUS, Subscription
from gateway.vtp.framing import MAX_FRAME

__all__ = ["listen"]


@click.command()
@click.argument("brokers", nargs=-1, required=True, metavar="HOST:PORT...")
@click.option(
    "--out-dir", type=click.Path(file_okay=False, path_type=Path), help="Keep each event in this folder."
)
@click.option(
    "--exec", "line", metavar="COMMAND", help="Run this for each event, with the event on its standard input."
)
@click.option(
    "--exec-seconds",
    type=click.FloatRange(0, min_open=True),
    default=MAX_SECONDS,
    show_default=True,
    help="How long the command may take for one event.",
)
@click.option(
    "--exec-jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Commands that may run at the same time.",
)
@click.option(
    "--role",
    "roles",
    type=click.Choice(ROLES),
    multiple=True,
    help="Handle events of this role only; may be repeated. test stands alone.  [default: all but test]",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="XPATH",
    help="Ask brokers for what passes this; may be repeated.",
)
@click.option("--ivoid", default=ANONYMOUS, show_default=True, help="Your own identifier, for the receipts.")
@click.option(
    "--voevent", "version", type=click.Choice(["2.0", "2.1"]), help="Ask for events of this version."
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1),
    default=MAX_FRAME,
    show_default=True,
    help="The largest event to take.",
)
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@click.option(
    "--for",
    "seconds",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End after so many seconds.",
)
@event_options
@token_options
@click.option(
    "--rejects",
    type=click.Path(file_okay=False, path_type=Path),
    help="Record what is refused in this folder, and keep the bytes of what is public whatever it may hold.",
)
@tls_options
@click.option("--json", "as_json", is_flag=True, help="Report each event as a line of JSON.")
def listen(
    brokers: tuple[str, ...],
    out_dir: Path | None,
    line: str | None,
    exec_seconds: float,
    exec_jobs: int,
    roles: tuple[str, ...],
    filters: tuple[str, ...],
    ivoid: str,
    version: str | None,
    max_bytes: int,
    count: int | None,
    seconds: float | None,
    origin: str,
    release: str | None,
    policy: str,
    fields: tuple[str, ...],
    token: Path | None,
    issuer: Path | None,
    rejects: Path | None,
    use_tls: bool,
    ca: Path | None,
    cert: Path | None,
    as_json: bool,
) -> None:
    """Listen to brokers of VOEvents (VTP), and print, keep or handle each event.

    Every event is acknowledged as soon as it is here, and handled once, however many brokers send it. A connection
    that ends is made again. Prints time, role and identifier of each; what the policy withholds is not in it, and
    what it refuses is reported on standard error. Ctrl-C ends it when what was acknowledged is handled, a second one
    at once.

    \b
    Examples:
      gateway vtp listen broker.example.org:8099 --out-dir events
      gateway vtp listen one.example.org:8099 two.example.org:8099 --exec ./handle-event
      gateway vtp listen broker.example.org:8099 --filter "//Param[@name='Packet_Type']" --json
      gateway vtp listen broker.example.org:8099 --role test --count 1 --for 3600
      gateway vtp listen unix:/run/gateway/broadcast --role observation

    Exit codes: 0 all events were handled; 1 some were refused or their command failed; 2 no broker could be reached.
    """
    command = Command(line, exec_seconds) if line else None
    subscription = Subscription(ivoid, filters, version, client_tls(use_tls, ca, cert), max_bytes, roles)
    principal = who_asks(token, issuer)
    converter = Converter("voevent", policy=Policy(policy), principal=principal)
    with ExitStack() as stack:
        if converter.audience != PUBLIC:
            # What is not for everybody is for nobody else on this machine either.
            stack.callback(os.umask, os.umask(0o077))
        kept = Rejects(rejects, converter.audience, converter.policy.profile.id) if rejects else None
        progress = stack.enter_context(Progress("events"))
        if token:
            progress.say(for_whom(principal, converter.audience))
        hearing = Hearing(
            converter,
            Provenance(Origin(origin), release, fields=tuple(map(field_origin, fields))),
            lambda heard: _report(heard, as_json, progress),
            place=Directory(out_dir) if out_dir else None,
            command=command,
            rejects=kept,
        )

        async def main(stop: asyncio.Event) -> Listener:
            listener = Listener(
                brokers,
                subscription,
                hearing,
                progress.say,
                roles=frozenset(roles) or HEARD,
                count=count,
                threads=exec_jobs if command else 1,
            )
            await listener.run(stop, seconds)
            return listener

        try:
            listener = run(main)
        except asyncio.CancelledError:
            raise SystemExit(STOPPED) from None
        finally:
            if command is not None:
                command.kill()
    progress.say(_summary(listener, hearing))
    raise SystemExit(2 if not listener.connections else int(hearing.refused + hearing.failed > 0))


def _report(heard: Heard, as_json: bool, progress: Progress) -> None:
    progress.advance(heard.size)
    if as_json:
        progress.show(orjson.dumps(_as_json(heard)) + b"\n")
    elif heard.output is not None:
        at = heard.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        progress.show(f"{at}  {heard.role:<11}  {quoted(heard.output.ivorn or '')}\n".encode())
    if heard.error is not None and not as_json:
        progress.say(f"gateway: {heard.error}")


def _as_json(heard: Heard) -> dict[str, Any]:
    line: dict[str, Any] = {
        "time": heard.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "broker": heard.source,
        "bytes": heard.size,
    }
    if heard.output is not None:
        line |= {"ivorn": heard.output.ivorn, "role": heard.role, "output": heard.path}
        line["losses"] = [str(loss) for loss in heard.output.losses]
    if heard.error is not None:
        line["error"] = {
            "code": heard.error.code,
            "message": heard.error.message,
            "clause": heard.error.clause,
        }
    return line


def _summary(listener: Listener, hearing: Hearing) -> str:
    counts = listener.counts
    parts = [f"{hearing.released} events", f"{hearing.refused} refused"]
    parts += [f"{hearing.failed} whose command failed"] if hearing.failed else []
    parts += [f"{counts.repeated} repeated"] if counts.repeated else []
    parts += [f"{counts.other_role} of other roles"] if counts.other_role else []
    return ", ".join(parts) + ("; test events are heard with --role test" if counts.other_test else "")
