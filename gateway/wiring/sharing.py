"""What of a configuration one of several workers does.

Rules
1. Shared is a route that reads Kafka, for its group shares the partitions, and whose sinks are Kafka or folders. Every
   worker has it. All others are the first worker's alone: an address can be listened on once, a file read once.
2. The first worker is what a service without workers is: the same state, the same folders. Each other one has a
   state of its own, and folders of its own in those of the configuration, in which nobody else writes.
3. The addresses where workers are watched are one after the other.
"""

from __future__ import annotations

from pathlib import Path

from gateway.config import Config
from gateway.config.routes import Route
from gateway.config.sinks import AnySink, FilesSink, KafkaSink
from gateway.config.sources import KafkaSource
from gateway.errors import SettingsError

__all__ = ["share_of", "shared"]


def shared(config: Config) -> list[Route]:
    """The routes that every worker has (rule 1)."""
    return [
        route
        for route in config.routes
        if isinstance(config.sources[route.source], KafkaSource)
        and all(isinstance(config.sinks[name], (KafkaSink, FilesSink)) for name in _sinks(route))
    ]


def _sinks(route: Route) -> set[str]:
    return {route.dead_letters, *(name for output in route.outputs for name in output.sinks)}


def share_of(config: Config, number: int) -> Config:
    """The configuration of a worker (rules 2 and 3). Raises SettingsError (settings-value) when there is nothing to
    share, or no address left."""
    routes = shared(config)
    if not routes:
        raise SettingsError(
            "settings-value",
            "There is nothing that several workers could share: no route from Kafka to Kafka or folders alone.",
        )
    if number == 0:
        return config
    sources = {route.source for route in routes}
    sinks = set().union(*map(_sinks, routes))
    gateway = config.gateway.model_copy(update={"state": config.gateway.state / _name(number)})
    return config.model_copy(
        update={
            "gateway": gateway,
            "operations": config.operations.model_copy(
                update={"listen": _next(config.operations.listen, number)}
            ),
            "sources": {name: table for name, table in config.sources.items() if name in sources},
            "sinks": {name: _own(table, number) for name, table in config.sinks.items() if name in sinks},
            "routes": tuple(routes),
        }
    )


def _name(number: int) -> Path:
    return Path(f"worker-{number}")


def _own(table: AnySink, number: int) -> AnySink:
    if isinstance(table, FilesSink):
        return table.model_copy(update={"directory": table.directory / _name(number)})
    return table


def _next(listen: str | None, number: int) -> str | None:
    if listen is None:
        return None
    host, _, port = listen.rpartition(":")
    if port == "0":
        return listen
    if int(port) + number > 65535:
        raise SettingsError(
            "settings-value", f"Worker {number} has no port to be watched at: choose a lower one."
        )
    return f"{host}:{int(port) + number}"
