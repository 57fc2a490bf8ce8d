"""``gateway vtp serve``: a broker of VOEvents."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway.cli.vtp.options import state_option
from gateway.cli.vtp.peer import STOPPED
from gateway.model.provenance import Origin, Provenance
from gateway.model.voevent import ROLES
from gateway.policy.profile import DEFAULT
from gateway.serving import Serving
from gateway.serving import serve as serve_until
from gateway.transports.logs import LEVELS, begin_logging
from gateway.transports.vtp.access import MAX_CONNECTIONS, MAX_PER_ADDRESS
from gateway.transports.vtp.broker import Broker, Limits
from gateway.transports.vtp.endpoints import TLS
from gateway.transports.vtp.loop import run
from gateway.transports.vtp.outbox import MAX_QUEUE, WHEN_FULL
from gateway.transports.vtp.seen import MAX_RETENTION
from gateway.vtp.broadcaster import MAX_OUTSTANDING
from gateway.vtp.framing import MAX_FRAME

__all__ = ["serve"]

_option = partial(click.option, show_default=True)
_many = partial(click.option, multiple=True)
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("sources", nargs=-1, metavar="[FILE|DIR|-]...")
@_many(
    "--receive", metavar="ADDRESS", help="Take events from authors here: HOST:PORT, or in Twisted's words."
)
@_many("--broadcast", metavar="ADDRESS", help="Give events to subscribers here.")
@_option("--origin", type=click.Choice([one.value for one in Origin]), help="Where the events come from.")
@_option("--release", metavar="NAME", help="The data release that they belong to, such as dp1.")
@_option(
    "--local-ivoid", default="ivo://org.example/broker", help="The broker's own name; its authority is yours."
)
@state_option
@_option("--policy", default=DEFAULT, help="The policy profile: a name or a TOML file.")
@_option("--strict", is_flag=True, help="Refuse events, too, that break a rule which the XSD does not know.")
@_option(
    "--role", type=click.Choice(ROLES), default="observation", help="Of events made from alerts in files."
)
@_many("--take", type=click.Choice(ROLES), help="Broadcast events of this role only; may be repeated.")
@_option("--version-up-to", "newest", type=click.Choice(["2.0", "2.1"]), default="2.0",
         help="The VOEvent version for subscribers that do not say which they take.")  # fmt: skip
@_option(
    "--filter", "blanket", metavar="XPATH", help="Broadcast only what passes, whatever subscribers ask for."
)
@_many("--allow-authors", metavar="NETWORK", help="Who may send, such as 192.0.2.0/24.  [default: everybody]")
@_many("--allow-subscribers", metavar="NETWORK", help="Who may listen.  [default: everybody]")
@_option("--tls-certificate", type=_file, help="Speak TLS: the broker's certificate, PEM.")
@_option("--tls-key", type=_file, help="Its key, PEM.")
@_option("--tls-clients", type=_file, help="Authorities whose certificates are believed, PEM.")
@_option("--people", type=_file, help="Whose certificate opens what: a TOML table.")
@_option("--connections", type=click.IntRange(1), default=MAX_CONNECTIONS, help="At a time, of a role.")
@_option("--per-address", type=click.IntRange(1), default=MAX_PER_ADDRESS, help="Of these from one address.")
@_option("--max-frame", type=click.IntRange(1000), default=MAX_FRAME, help="Bytes of the largest message.")
@_option("--window", type=click.IntRange(1), default=MAX_OUTSTANDING, help="Events without a receipt.")
@_option("--queue", type=click.IntRange(0), default=MAX_QUEUE, help="Bytes that wait for one subscriber.")
@_option("--when-full", type=click.Choice(WHEN_FULL), default="drop-oldest", help="What then.")
@_option(
    "--retention",
    type=click.FloatRange(0),
    default=MAX_RETENTION,
    help="Days for which events are known again.",
)
@_option("--sync", is_flag=True, help="Acknowledge only what is on the disk, power failures or not.")
@_option(
    "--test-interval",
    type=click.FloatRange(1),
    metavar="SECONDS",
    help="Publish test events.  [default: none]",
)
@_option("--log-level", type=click.Choice(LEVELS), default="info", help="How much is told on standard error.")
def serve(sources: tuple[str, ...], **given: Any) -> None:
    """Run a broker: take events from authors and files, give them to subscribers.

    Addresses without a host are this machine's alone; 0.0.0.0:8099 and [::]:8099 are for everybody. Files and
    standard input are broadcast once somebody listens; a folder is watched, and what is put there is broadcast.
    Alerts become VOEvents. Every event passes the policy, for which --origin says where events come from.

    \b
    Examples:
      gateway vtp serve --receive :8098 --broadcast :8099 --origin external
      gateway vtp serve --broadcast 0.0.0.0:8099 --origin external --test-interval 3600 events/
      gateway vtp serve --receive unix:/run/vtp/authors --broadcast [::]:8099 --allow-subscribers 2001:db8::/32 \\
          --origin external
      gateway simulate 20 -o - | gateway vtp serve --broadcast :8099 --origin external --role test -

    Ctrl-C ends it when what is under way is finished, a second one at once.

    Exit codes: 0 it ended in order; 2 it could not run; 130 it was ended at once.
    """
    tls = _tls(given["tls_certificate"], given["tls_key"], given["tls_clients"])
    settings = Serving(
        state=given["state"],
        local=given["local_ivoid"],
        provenance=Provenance(Origin(given["origin"]) if given["origin"] else None, given["release"]),
        receive=given["receive"],
        broadcast=given["broadcast"],
        sources=sources,
        role=given["role"],
        policy=given["policy"],
        strict=given["strict"],
        authors=given["allow_authors"],
        subscribers=given["allow_subscribers"],
        roles=frozenset(given["take"] or ROLES),
        newest=given["newest"],
        blanket=given["blanket"],
        limits=Limits(given["connections"], given["per_address"], given["max_frame"], given["window"]),
        queue=given["queue"],
        when_full=given["when_full"],
        retention=given["retention"],
        sync=given["sync"],
        tls=tls,
        people=given["people"],
        test_interval=given["test_interval"],
    )
    begin_logging(given["log_level"])
    try:
        run(lambda stop: serve_until(settings, stop, _started))
    except asyncio.CancelledError:
        raise SystemExit(STOPPED) from None


def _started(broker: Broker) -> None:
    for role, address in broker.addresses:
        click.echo(f"{role} {address}")


def _tls(certificate: Path | None, key: Path | None, clients: Path | None) -> TLS | None:
    if certificate is None and key is None and clients is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("TLS needs both --tls-certificate and --tls-key.")
    return TLS(certificate, key, clients)
