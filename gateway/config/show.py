"""A configuration as TOML, with everything that its file leaves to the defaults. A secret is where it says it is."""

from __future__ import annotations

from typing import Any

import tomli_w

from gateway.config.whole import Config

__all__ = ["shown"]

_HEAD = "# Secrets are not read for this: it says where they are. Paths are as they are found from here.\n\n"


def shown(config: Config) -> str:
    """The text, which loads as the same configuration."""
    return _HEAD + tomli_w.dumps(_plain(config.model_dump()))


def _plain(value: Any) -> Any:
    """As TOML has it: a key without a value is not there, and a table of such keys is `true` (TLS as it comes)."""
    if isinstance(value, dict):
        said = {key: _plain(inner) for key, inner in value.items() if inner is not None and inner != {}}
        return said or True
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float)) or hasattr(value, "isoformat") else str(value)
