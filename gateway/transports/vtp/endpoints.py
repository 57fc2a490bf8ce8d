"""Addresses to listen on and to connect to, and TLS.

Rules
1. An address is ``HOST:PORT`` (``127.0.0.1:8099``, ``[::1]:8099``, ``broker.example.org:8099``) or in Twisted's
   words: ``tcp:8099``, ``tcp6:8099``, ``ssl:8099:privateKey=...``, ``unix:/run/gateway/vtp``,
   ``tls:broker.example.org:8099``.
2. Who listens does so on this machine alone unless the address says otherwise: no host and no interface is loopback,
   and no mode of a socket file is ``600``. Everywhere is said in so many words: ``0.0.0.0:8099``, ``[::]:8099``.
   A socket file that a dead program left is replaced, and no other file.
3. TLS around a listener is 1.2 or later. With `TLS.clients` a peer may show a certificate, which then has to be in
   date and signed by one of those; whose it is, is for `gateway.transports.vtp.people` to say. Nobody has to show
   one.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet import endpoints, ssl
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)

from gateway.errors import SettingsError
from gateway.transports.vtp.loop import reactor, wait

__all__ = [
    "TLS",
    "Port",
    "certificates",
    "client",
    "host_and_port",
    "host_of",
    "identity",
    "listen",
    "server",
    "spelled",
]

MAX_BACKLOG = 511
"""Connections that wait for the loop: many authors at once are a burst. The system has a limit of its own."""

_HOST_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]*)):(\d{1,5})")
_TWISTED = ("tcp", "tcp6", "ssl", "tls", "unix", "systemd", "haproxy", "fd")
"""Words that begin an address of Twisted's and are no names of hosts."""
_PROXIED = "haproxy:"
"""What may stand before another address."""
_HERE = {
    "tcp": ("interface", "127.0.0.1", 2),
    "ssl": ("interface", "127.0.0.1", 5),
    "tcp6": ("interface", r"\:\:1", 3),
    "unix": ("mode", "600", 2),
}
"""Rule 2 in Twisted's words, and the place of that word among those without a name."""

Port = IListeningPort


@dataclass(frozen=True, slots=True)
class TLS:
    """How a listener proves who it is, and whose certificates it believes. All files are PEM.

    certificate : the listener's, and behind it what leads to its authority
    clients : the certificates of authorities that sign those of peers
    """

    certificate: Path
    key: Path
    clients: Path | None = None

    def options(self) -> ssl.CertificateOptions:
        """For Twisted. Raises SettingsError (settings-value) for files that cannot be used."""
        try:
            key, own, *chain = identity(self.certificate, self.key)
            trusted = certificates(self.clients) if self.clients is not None else None
            options = ssl.CertificateOptions(
                privateKey=key,
                certificate=own,
                extraCertChain=chain,
                raiseMinimumTo=ssl.TLSVersion.TLSv1_2,
                verify=trusted is not None,
                caCerts=trusted,
                requireCertificate=False,
            )
            options.getContext()
        except OSError as problem:
            raise _bad_tls(problem.strerror or "they cannot be read") from None
        except (ValueError, SSL.Error, crypto.Error):
            raise _bad_tls("they are not PEM, or do not belong together") from None
        return options


def server(address: str, tls: TLS | None = None) -> IStreamServerEndpoint:
    """Where to listen (rules 1 and 2). Raises SettingsError (settings-value)."""
    host_port = _host_port(address)
    made: IStreamServerEndpoint
    try:
        if host_port is None:
            made = endpoints.serverFromString(reactor(), _here(address))
        else:
            host, port = host_port
            host = "127.0.0.1" if host in ("", "localhost") else host
            six = ip_address(host).version == 6
            kind = endpoints.TCP6ServerEndpoint if six else endpoints.TCP4ServerEndpoint
            made = kind(reactor(), port, MAX_BACKLOG, host)
    except (ValueError, TypeError, OSError, SSL.Error, crypto.Error):
        raise _unreadable("listened on", "an IP address and a port, such as 127.0.0.1:8099") from None
    return endpoints.wrapServerTLS(tls.options(), made, reactor()) if tls is not None else made


async def listen(address: str, factory: IProtocolFactory, tls: TLS | None = None) -> Port:
    """Listen there. Raises SettingsError (settings-value, settings-address)."""
    try:
        try:
            return await wait(server(address, tls).listen(factory))
        except CannotListenError as problem:
            if not _removed(problem.port):
                raise
            return await wait(server(address, tls).listen(factory))
    except (CannotListenError, OSError) as problem:
        inner = problem.socketError if isinstance(problem, CannotListenError) else problem
        said = (
            str(inner) if isinstance(inner, OSError) else ""
        )  # such as that the name of a socket file is too long
        reason = getattr(inner, "strerror", None) or said or "another program may listen there"
        raise SettingsError("settings-address", f"{address} cannot be listened on: {reason}.") from None


def _removed(place: int | str | bytes) -> bool:
    """Remove a socket file on which nobody listens, and its lock. Whether there was one.

    Twisted does so when the process of the lock is gone. After a crash in a container, or of the machine, that number
    is often somebody else's: our own.
    """
    if isinstance(place, int):
        return False
    file = Path(os.fsdecode(place))
    with socket.socket(socket.AF_UNIX) as probe:
        if not file.is_socket() or probe.connect_ex(str(file)) != errno.ECONNREFUSED:
            return False
    file.unlink()
    file.with_name(f"{file.name}.lock").unlink(missing_ok=True)
    return True


def spelled(port: Port) -> str:
    """Where somebody listens, as `client` reads it."""
    address = port.getHost()
    if isinstance(address, IPv6Address):
        return f"[{address.host}]:{address.port}"
    if isinstance(address, IPv4Address):
        return f"{address.host}:{address.port}"
    return f"unix:{os.fsdecode(address.name or b'')}" if isinstance(address, UNIXAddress) else str(address)


def client(address: str) -> IStreamClientEndpoint:
    """Where to connect to (rule 1). Raises SettingsError (settings-value)."""
    host_port = _host_port(address)
    try:
        if host_port is None:
            made: IStreamClientEndpoint = endpoints.clientFromString(reactor(), address)
            return made
        host, port = host_port
        return endpoints.HostnameEndpoint(reactor(), host or "127.0.0.1", port)
    except (ValueError, TypeError, OSError, SSL.Error, crypto.Error):
        raise _unreadable("connected to", "a host and a port, such as broker.example.org:8099") from None


def host_of(address: str) -> str | None:
    """The host of ``HOST:PORT``; None for an address in Twisted's words. Raises SettingsError for a port that cannot
    be."""
    host_port = _host_port(address)
    return None if host_port is None else host_port[0] or "127.0.0.1"


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of ``HOST:PORT``, the host this machine's own unless it is said. Raises SettingsError for any other
    address."""
    found = _host_port(address)
    if found is None:
        raise SettingsError("settings-value", "An address is a host and a port here, such as 127.0.0.1:8099.")
    return found[0] or "127.0.0.1", found[1]


def _host_port(address: str) -> tuple[str, int] | None:
    """The parts of ``HOST:PORT``; None for what is Twisted's. Raises ValueError for a port that cannot be."""
    found = _HOST_PORT.fullmatch(address)
    if found is None or found[2] in _TWISTED:
        return None
    port = int(found[3])
    if port > 0xFFFF:
        raise _unreadable("used", "a port up to 65535")
    return found[1] or found[2], port


def _here(address: str) -> str:
    """Rule 2 for an address of Twisted's, and for one behind a proxy."""
    if address.startswith(_PROXIED):
        return _PROXIED + _here(address.removeprefix(_PROXIED))
    words = re.split(r"(?<!\\):", address)
    name, value, place = _HERE.get(words[0], ("", "", 0))
    said = any(word.startswith(f"{name}=") for word in words[1:])
    unnamed = [word for word in words if "=" not in word]
    return f"{address}:{name}={value}" if name and not said and len(unnamed) <= place else address


def certificates(file: Path) -> list[crypto.X509]:
    """Those in a PEM file. Raises ValueError when there is none."""
    found = re.findall(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read_bytes(), re.S)
    if not found:
        raise ValueError
    return [crypto.load_certificate(crypto.FILETYPE_PEM, one) for one in found]


def identity(certificate: Path, key: Path) -> list[Any]:
    """The key in a PEM file, and the certificates in another: in the form in which OpenSSL wants its own side's."""
    own = crypto.load_privatekey(crypto.FILETYPE_PEM, key.read_bytes()).to_cryptography_key()
    return [own, *(one.to_cryptography() for one in certificates(certificate))]


def _bad_tls(reason: str) -> SettingsError:
    return SettingsError("settings-value", f"The certificates and the key of TLS cannot be used: {reason}.")


def _unreadable(use: str, wanted: str) -> SettingsError:
    return SettingsError(
        "settings-value",
        f"An address that is to be {use} is {wanted}, or one in Twisted's words, such as unix:/run/gateway/vtp.",
    )
