"""``gateway vtp status``: what a running broker says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.table import Table

from gateway.cli.vtp.options import state_option
from gateway.model.voevent import ROLES
from gateway.transports.vtp.status import ask

__all__ = ["status"]

_COLUMNS = (
    ("who", lambda one: one["name"]),
    ("since", lambda one: one["since"]),
    ("audience", lambda one: one["audience"]),
    ("version", lambda one: one["version"]),
    ("roles", lambda one: "all" if len(one["roles"]) == len(ROLES) else " ".join(one["roles"]) or "none"),
    ("filter", lambda one: _filters(one)),
    ("sent", lambda one: f"{one['sent']}"),
    ("without receipt", lambda one: f"{one['outstanding']}"),
    ("nak", lambda one: f"{one['nak']}"),
    ("waiting", lambda one: f"{one['waiting']}"),
    ("dropped", lambda one: f"{one['dropped']}"),
)
"""Head, and what is below it for a subscriber."""


def _filters(one: dict[str, Any]) -> str:
    if one["filters_used_up"]:
        return "used up"
    return "refused" if one["filter_refused"] else " | ".join(one["filters"]) or "-"


@click.command()
@state_option
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
def status(state: Path, as_json: bool) -> None:
    """Say who is connected to the broker that runs on this machine, since when, with which filter, and how it goes.

    \b
    Examples:
      gateway vtp status
      gateway vtp status --state /var/lib/vtp --json

    Exit codes: 0 a broker answered; 2 none did.
    """
    found = ask(state)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    console = Console()
    for line in _lines(found):
        console.print(line, highlight=False, markup=False)
    if found["subscribers"]:
        table = Table(*(head for head, _ in _COLUMNS))
        for one in found["subscribers"]:
            table.add_row(*(cell(one) for _, cell in _COLUMNS))
        console.print(table, markup=False)


def _lines(found: dict[str, Any]) -> list[str]:
    events, delivered = found["events"], found["delivered"]
    lines = [f"{found['local']}, since {found['since']}"]
    lines += [f"{one['role']} {one['address']}" for one in found["addresses"]]
    lines.append(
        f"events: {events['received']} received, {events['accepted']} accepted, "
        f"{events['duplicate']} seen before, {events['refused']} refused"
    )
    lines.append(
        f"deliveries: {delivered['sent']} sent, {delivered['ack']} acknowledged, {delivered['nak']} refused, "
        f"{delivered['dropped']} dropped"
    )
    for what in ("not_sent", "broken_rules", "refused_connections"):
        if found[what]:
            counts = ", ".join(f"{count} {reason}" for reason, count in sorted(found[what].items()))
            lines.append(f"{what.replace('_', ' ')}: {counts}")
    if found["filters_used_up"]:
        lines.append(f"filters that used up what their address may cost: {found['filters_used_up']} times")
    lines.append(f"connected: {found['authors']} authors, {len(found['subscribers'])} subscribers")
    return lines
