"""``gateway vtp send``: give events to a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from gateway.batch import Job, Result
from gateway.cli.options import event_options
from gateway.cli.progress import Progress
from gateway.cli.vtp.peer import STOPPED, client_tls, tls_options
from gateway.mapping.settings import Settings
from gateway.model.provenance import Origin
from gateway.policy.fieldorigin import field_origin
from gateway.safexml import MAX_BYTES
from gateway.sending import Sending, Sent, events
from gateway.transports.files import Declared
from gateway.transports.vtp.author import MAX_ATTEMPTS, Author
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.quoted import quoted
from gateway.vtp.framing import MAX_FRAME
from gateway.vtp.timers import MAX_RECEIPT_WAIT, Timers

__all__ = ["send"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--to",
    "broker",
    required=True,
    metavar="HOST:PORT",
    help="The broker, where it takes events from authors.",
)
@click.option(
    "--as-is", is_flag=True, help="Send events as they are, and not those of other versions as 2.0."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Events that may be under way at once.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=MAX_RECEIPT_WAIT,
    show_default=True,
    help="Seconds to wait for a receipt.",
)
@click.option(
    "--attempts",
    type=click.IntRange(1),
    default=MAX_ATTEMPTS,
    show_default=True,
    help="Attempts to send one event.",
)
@event_options
@tls_options
@click.option("--json", "as_json", is_flag=True, help="Report each event as a line of JSON.")
def send(
    inputs: tuple[str, ...],
    broker: str,
    as_is: bool,
    jobs: int,
    timeout: float,
    attempts: int,
    origin: str,
    release: str | None,
    policy: str,
    fields: tuple[str, ...],
    use_tls: bool,
    ca: Path | None,
    cert: Path | None,
    as_json: bool,
) -> None:
    """Send VOEvents to a broker (VTP), each over a connection of its own, and show its receipts.

    INPUT is a VOEvent, a folder, a tar archive, a container of stored VOEvents or - for standard input. What the
    policy withholds is not sent. An event that gets no receipt is sent again; one that the broker refuses is not,
    and one that it had already counts as delivered.

    \b
    Examples:
      gateway vtp send --to broker.example.org:8098 event.xml
      gateway vtp send --to 127.0.0.1:8098 events/ more.tar --jobs 4
      gateway convert visit.avro --authority org.mine --stream alerts -o - | gateway vtp send --to 127.0.0.1:8098 -

    Exit codes: 0 all events were delivered; 1 some were not; 2 none was.
    """
    job = Job(
        "voevent" if as_is else "voevent-2.0",
        Settings(),
        Declared(event=Origin(origin), release=release, fields=tuple(map(field_origin, fields))),
        policy,
    )
    job.converter()  # a mistake in the options is found before the first input is read
    found = events(inputs, job)
    with Progress("events") as progress:

        async def main(stop: asyncio.Event) -> Sending:
            author = Author(
                broker,
                tls=client_tls(use_tls, ca, cert),
                attempts=attempts,
                limit=MAX_BYTES,
                timers=Timers(receipt=timeout),
            )
            sending = Sending(author, lambda sent: _report(sent, as_json, progress), jobs)
            await sending.run(_warned(found, progress), stop)
            return sending

        try:
            sending = run(main)
        except asyncio.CancelledError:
            raise SystemExit(STOPPED) from None
    progress.say(_summary(sending, broker))
    raise SystemExit(sending.exit_code)


def _warned(results: Iterator[Result], progress: Progress) -> Iterator[Result]:
    """The events; before one that is larger than many brokers take, it is said."""
    for result in results:
        if result.output is not None and len(result.output.data) > MAX_FRAME:
            progress.say(
                f"gateway: {result.name} has {len(result.output.data)} bytes. Comet and others take no more than "
                f"{MAX_FRAME} and hang up on more: convert with less --detail."
            )
        yield result


def _report(sent: Sent, as_json: bool, progress: Progress) -> None:
    progress.advance(sent.size)
    if as_json:
        progress.show(orjson.dumps(_as_json(sent)) + b"\n")
        return
    if sent.kind != "unsent":
        progress.show(f"{sent.kind:<10}  {quoted(sent.ivorn or '')}\n".encode())
    if sent.error is not None:
        said = f' The broker says: "{quoted(sent.said)}"' if sent.said else ""
        progress.say(f"gateway: {sent.error}{said}")


def _as_json(sent: Sent) -> dict[str, Any]:
    line: dict[str, Any] = {"input": sent.name, "bytes": sent.size, "result": sent.kind, "ivorn": sent.ivorn}
    line |= {"attempts": sent.attempts, "losses": list(sent.losses)}
    if sent.said is not None:
        line["said"] = quoted(sent.said)
    if sent.error is not None:
        line["error"] = {"code": sent.error.code, "message": sent.error.message, "clause": sent.error.clause}
    return line


def _summary(sending: Sending, broker: str) -> str:
    counts = sending.counts
    parts = [f"{counts['delivered'] + counts['duplicate']} delivered to {broker}"]
    parts += [f"{counts['duplicate']} of them it had already"] if counts["duplicate"] else []
    parts += [f"{counts[kind]} {kind}" for kind in ("refused", "failed", "unsent") if counts[kind]]
    text = ", ".join(parts) + "."
    return f"{text} The broker cannot be reached, so the rest was not sent." if sending.unreachable else text
