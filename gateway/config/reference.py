"""The tables of a configuration, their keys, types, defaults and descriptions: what docs/config.md is made of."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from gateway.config import kafka, routes, sinks, sources, values, whole

__all__ = ["Key", "tables"]

_TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[gateway]", whole.Gateway),
    ("[operations]", whole.Operations),
    ("[operations.log]", whole.Log),
    ("[audiences.NAME]", whole.Audience),
    ("[sources.NAME], all kinds", sources.Source),
    ('[sources.NAME], kind = "files"', sources.FilesSource),
    ('[sources.NAME], kind = "stdin"', sources.StdinSource),
    ('[sources.NAME], kind = "vtp"', sources.VTPSource),
    ('[sources.NAME], kind = "kafka"', sources.KafkaSource),
    ('[sources.NAME], kind = "heartbeat"', sources.HeartbeatSource),
    ("[sources.NAME.auth], [sinks.NAME.auth]", kafka.Auth),
    ("[sources.NAME.registry]", kafka.Registry),
    ("[sources.NAME.tls], and of Kafka [sinks.NAME.tls]", values.ClientTable),
    ("[sinks.NAME], all kinds", sinks.Sink),
    ('[sinks.NAME], kind = "vtp"', sinks.VTPSink),
    ("[sinks.NAME.tls] of VTP", values.ServerTLS),
    ('[sinks.NAME], kind = "files"', sinks.FilesSink),
    ('[sinks.NAME], kind = "stdout"', sinks.StdoutSink),
    ('[sinks.NAME], kind = "kafka"', sinks.KafkaSink),
    ("[[routes]]", routes.Route),
    ("[[routes.outputs]]", routes.Output),
)

_NAMES: dict[object, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    Path: "path",
    values.Secret: "secret",
    values.ClientTable: "true, or a table",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    default : as TOML; empty when there is none, ``required`` when the key must be there
    """

    name: str
    type: str
    default: str
    description: str


def tables() -> Iterator[tuple[str, str, list[Key]]]:
    """(head, what it is, keys) of each table; what all kinds have is said once."""
    for head, model in _TABLES:
        shared = [set(base.model_fields) for base in (sources.Source, sinks.Sink) if issubclass(model, base)]
        inherited = set() if model in (sources.Source, sinks.Sink) or not shared else shared[0]
        keys = [_key(name, info) for name, info in model.model_fields.items() if name not in inherited]
        yield head, " ".join(inspect.cleandoc(model.__doc__ or "").split()), keys


def _key(name: str, info: FieldInfo) -> Key:
    size = any(isinstance(one, BeforeValidator) for one in info.metadata) and info.annotation is int
    kind = "size" if size else _type(info.annotation)
    return Key(name, kind, _default(info), info.description or "")


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return ", ".join(f'"{one}"' for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_type(one) for one in inner if one is not type(None)))
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return "table"
    return _NAMES.get(annotation) or ("table" if issubclass(annotation, BaseModel) else annotation.__name__)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or isinstance(value, (dict, BaseModel)):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(f'{one!r}' for one in value)}]".replace("'", '"')
    return (
        f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    )
