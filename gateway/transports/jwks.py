"""The key set of an issuer at a URL: a `KeySource` for `gateway.policy.people.signingkeys`.

Rules
1. ``https``, trusting the certificate authorities of the system (or of SSL_CERT_FILE); ``http`` on this machine only.
   No redirect is followed and no proxy used: the keys come from the host that was named, or not at all.
2. The answer has status 200 and at most `MAX_KEY_SET` bytes, and it is complete within the time allowed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import threading
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from gateway.errors import PolicyError, SettingsError
from gateway.policy.people.signingkeys import MAX_KEY_SET, KeySource

__all__ = ["key_url"]

_KINDS = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}


def key_url(url: str, *, seconds: float = 10.0) -> KeySource:
    """The key set at a URL.

    seconds : how long connecting may take, and then the answer; meanwhile tokens with unknown keys wait
    Raises SettingsError (settings-value) for a URL that rule 1 forbids.
    """
    try:
        parts = urlsplit(url)
        kind = _KINDS[parts.scheme]
        host, port = parts.hostname or "", parts.port
        kind(host, port)
    except (KeyError, ValueError, http.client.InvalidURL):
        host = ""
    if not host or "@" in parts.netloc or not (parts.scheme == "https" or _is_here(host)):
        raise SettingsError(
            "settings-value",
            "The URL of a key set begins with https:// (or http:// on this machine), without user or password.",
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return partial(_fetch, kind, host, port, target, seconds)


def _is_here(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _fetch(
    kind: type[http.client.HTTPConnection], host: str, port: int | None, target: str, seconds: float
) -> bytes:
    connection = kind(host, port, timeout=seconds)
    try:
        connection.connect()
        # The timeout is for each read; who answers byte by byte, or `100 Continue` for ever, needs an end of all.
        # The plain socket's method, because that of a TLS socket is not made for another thread.
        end = threading.Timer(seconds, _cut, [connection.sock])
        end.start()
        try:
            connection.request("GET", target, headers={"Accept": "application/json"})
            with connection.getresponse() as answer:
                data = answer.read(MAX_KEY_SET + 1)
        finally:
            end.cancel()
    except (OSError, http.client.HTTPException) as error:
        # Neither the URL, whose query may be a secret, nor what the server said.
        raise _no_keys(host, f"does not give its key set ({type(error).__name__})") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise _no_keys(host, f"answers with status {answer.status} when asked for its key set")
    if len(data) > MAX_KEY_SET:
        raise _no_keys(host, "gives more bytes than a key set can have")
    return data


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):  # closed in the meantime
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _no_keys(host: str, what: str) -> PolicyError:
    return PolicyError("policy-keys", f"{host} {what}.")
