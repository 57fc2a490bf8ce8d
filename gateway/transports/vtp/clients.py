"""Where a client connects to, and how it believes a broker that speaks TLS.

Rules
1. An address is one of `gateway.transports.vtp.endpoints`. TLS is put around ``HOST:PORT``, and the broker's
   certificate must be in date, for that host, and signed by an authority that is believed. Whoever connects in
   Twisted's words says TLS there.
2. Believed are the authorities of a file, or else those of this machine.
3. A certificate of our own is shown when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet import ssl
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint

from gateway.errors import SettingsError
from gateway.transports.vtp.endpoints import certificates, client, host_of, identity

__all__ = ["ClientTLS", "endpoint_of"]


@dataclass(frozen=True, slots=True)
class ClientTLS:
    """How a client believes a broker, and shows who it is itself. All files are PEM.

    authorities : whose signature on the broker's certificate is believed; those of this machine when there is none
    certificate : our own and its key, in one file
    """

    authorities: Path | None = None
    certificate: Path | None = None

    def options(self, host: str) -> Any:
        """For Twisted. Raises SettingsError (settings-value) for files that cannot be used."""
        own: dict[str, Any] = {}
        try:
            trust = _trusted(self.authorities) if self.authorities else None
            if self.certificate is not None:
                key, first, *chain = identity(self.certificate, self.certificate)
                own = {"privateKey": key, "certificate": first, "extraCertChain": chain}
        except OSError as problem:
            raise _bad(problem.strerror or "they cannot be read") from None
        except (ValueError, SSL.Error, crypto.Error):
            raise _bad("they are not PEM, or a key is missing") from None
        return ssl.optionsForClientTLS(host, trustRoot=trust, extraCertificateOptions=own)


def endpoint_of(address: str, tls: ClientTLS | None = None) -> IStreamClientEndpoint:
    """Where to connect to (rule 1). Raises SettingsError (settings-value)."""
    plain = client(address)
    if tls is None:
        return plain
    host = host_of(address)
    if host is None:
        raise SettingsError(
            "settings-value",
            "TLS by option is for HOST:PORT. An address in Twisted's words says it itself: tls:HOST:PORT.",
        )
    made: IStreamClientEndpoint = wrapClientTLS(tls.options(host), plain)
    return made


def _trusted(file: Path) -> Any:
    return ssl.trustRootFromCertificates([ssl.Certificate(one) for one in certificates(file)])


def _bad(reason: str) -> SettingsError:
    return SettingsError("settings-value", f"The certificates for TLS cannot be used: {reason}.")
