"""A configuration for sending once more what is in files: a route of it, with files in the place of its source.

Rules
1. All else is as for the source: where the data come from, outputs, sinks, and the policy, which is that of today.
2. Nothing is remembered: what was taken is taken again. State is in a folder of the replay's own, which is gone with
   it, so a service that runs is not disturbed, and nothing is spooled: a sink that fails makes the replay wait.
3. A dead letter stands for the message in it; one without its message is left out, and said.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from gateway.config import Config
from gateway.config.routes import Route
from gateway.config.sinks import AnySink, KafkaSink
from gateway.config.sources import AnySource, FilesSource, KafkaSource, Source
from gateway.errors import SettingsError
from gateway.relay.deadletter import opened

__all__ = ["MAX_LETTER", "replayed", "route_of", "without_letters"]

MAX_LETTER = 64 * 2**20
"""Bytes of a dead letter: one of the largest message that a source takes, in base64, is far below."""


def route_of(config: Config, name: str | None) -> Route:
    """The route of a name, or the only one. Raises SettingsError (settings-value)."""
    names = [route.name for route in config.routes]
    if name is None and len(names) == 1:
        return config.routes[0]
    if name not in names:
        raise SettingsError("settings-value", f"Name a route with --route: {', '.join(names)}.")
    return config.routes[names.index(name)]


def replayed(config: Config, route: Route, paths: Iterable[Path], state: Path) -> Config:
    """The configuration (rules 1 and 2). Raises SettingsError (settings-value)."""
    source = config.sources[route.source]
    if isinstance(source, KafkaSource) and source.format == "gcn-json":
        raise SettingsError("settings-value", "Notices of GCN cannot be replayed from files.")
    sinks = {route.dead_letters, *(name for output in route.outputs for name in output.sinks)}
    return config.model_copy(
        update={
            "gateway": config.gateway.model_copy(update={"state": state}),
            "operations": config.operations.model_copy(update={"listen": None}),
            "sources": {route.source: _files(source, tuple(paths))},
            "sinks": {name: _plain(table) for name, table in config.sinks.items() if name in sinks},
            "routes": (route,),
        }
    )


def _files(source: AnySource, paths: tuple[Path, ...]) -> FilesSource:
    """Files that come from where the source's data come from."""
    declared = {name: getattr(source, name) for name in Source.model_fields}
    return FilesSource.model_validate(
        {"kind": "files", "paths": list(map(str, paths)), "watch": False, **declared}
    )


def _plain(table: AnySink) -> AnySink:
    changes: dict[str, object] = {"spool": 0}
    if isinstance(table, KafkaSink):
        changes["exactly_once"] = (
            False  # there is no consumer group whose offsets could be in the transaction
        )
    return table.model_copy(update=changes)


def without_letters(paths: Iterable[Path], folder: Path) -> tuple[list[Path], int]:
    """The files of some paths, with the message in the place of each dead letter, and how many letters have none
    (rule 3).

    folder : where the messages are put
    """
    found: list[Path] = []
    empty = 0
    for path in _each(paths):
        letter = _letter(path)
        if letter is None:
            found.append(path)
        elif letter[1] is None:
            empty += 1
        else:
            found.append(folder / f"{len(found):08}")
            found[-1].write_bytes(letter[1])
    return found, empty


def _each(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if os.path.isdir(path):
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def _letter(path: Path) -> tuple[str, bytes | None] | None:
    """What is in a dead letter; None for any other file."""
    if path.suffix != ".json" or not path.is_file() or path.stat().st_size > MAX_LETTER:
        return None
    try:
        return opened(path.read_bytes())
    except ValueError:
        return None
