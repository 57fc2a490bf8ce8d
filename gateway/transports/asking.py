"""Asks a running gateway for its status (`gateway.transports.operations`), from another process."""

from __future__ import annotations

import http.client
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from gateway.errors import InputError, SettingsError
from gateway.relay.status import FORM

__all__ = ["DEFAULT", "address_of", "ask"]

DEFAULT = "http://127.0.0.1:9100"

MAX_STATUS = 16 * 2**20
"""Bytes of a status that are read: a thousand partitions and sinks take less than a tenth."""

MAX_WAIT = 10
"""Seconds in which a gateway answers, or is stuck."""


def address_of(text: str) -> str:
    """The URL of a gateway: of a URL, of ``HOST:PORT``, or of a configuration file. Raises SettingsError."""
    file = Path(text)
    if file.suffix == ".toml" or file.is_file():
        try:
            listen = tomllib.loads(file.read_text("utf-8"))["operations"]["listen"]
        except (OSError, ValueError) as error:
            raise SettingsError("settings-invalid", f"{file} cannot be read: {error}.") from None
        except (KeyError, TypeError):
            raise SettingsError("settings-missing", f"{file} has no `listen` under [operations].") from None
        text = str(listen)
    return text if "://" in text else f"http://{text if not text.startswith(':') else f'127.0.0.1{text}'}"


def ask(url: str) -> dict[str, Any]:
    """The status of the gateway there. Raises InputError (input-unreadable) when none answers, SettingsError
    (settings-value) for what is no address."""
    parts = urlsplit(url)
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}.get(parts.scheme)
    if kind is None or not parts.hostname:
        raise SettingsError(
            "settings-value", "The address of a gateway is one such as http://127.0.0.1:9100."
        )
    connection = kind(parts.netloc.rpartition("@")[2], timeout=MAX_WAIT)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/status", headers={"Connection": "close"})
        found = orjson.loads(connection.getresponse().read(MAX_STATUS))
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or "what answers there is no gateway"
        raise InputError(
            "input-unreadable", f"No gateway answers at {url}: {reason}. Does one run there?"
        ) from None
    finally:
        connection.close()
    if not isinstance(found, dict) or found.get("form") != FORM:
        raise InputError("input-unreadable", f"What answers at {url} is no gateway of this version.")
    return found
