"""Whose certificate opens what: a table that the operator writes.

    [[person]]
    certificate = "sha256:3f5a..."      # of the certificate, in DER: openssl x509 -noout -fingerprint -sha256
    rights = ["dp1"]                    # names of data releases
    until = 2027-12-31                  # the last day, UTC

Rules
1. A certificate is known by its SHA-256. The listener's TLS has believed it already
   (`gateway.transports.vtp.endpoints`), so it is in date and signed by an authority that the operator named; names
   in it prove nothing here.
2. Who is not in the table, or shows no certificate, is the public. So is who is, after `until` (`Principal`).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from OpenSSL import crypto
from twisted.internet.interfaces import ISSLTransport

from gateway.errors import SettingsError
from gateway.model.audience import Audience
from gateway.policy.people.principal import ANONYMOUS, Principal
from gateway.tomlfile import TomlFile

__all__ = ["People"]


class People:
    """The table. Raises SettingsError (settings-invalid, settings-value) for one that cannot be used.

    audiences : all that there are while everybody's rights last
    """

    def __init__(self, file: Path) -> None:
        try:
            read = TomlFile(str(file), file.read_bytes(), "vtp-people", "table of people", "person")
        except OSError as error:
            reason = error.strerror or "it cannot be read"
            raise SettingsError("settings-invalid", f"{file} cannot be read: {reason}.") from None
        read.check()
        self._people: dict[str, Principal] = {}
        for row in read.table.get("person", ()):
            until = date.fromisoformat(row["until"]) + timedelta(days=1)
            end = datetime(until.year, until.month, until.day, tzinfo=UTC)
            fingerprint = _plain(row["certificate"])
            self._people[fingerprint] = Principal(frozenset(row["rights"]), end, subject=fingerprint)
        self.audiences = {Audience(person.data_rights) for person in self._people.values()}

    def __call__(self, transport: object) -> Principal:
        """Who is at the other end of a connection (rule 2)."""
        if not ISSLTransport.providedBy(transport):
            return ANONYMOUS
        certificate = transport.getPeerCertificate()
        if not isinstance(certificate, crypto.X509):
            return ANONYMOUS
        return self._people.get(_plain(certificate.digest("sha256").decode()), ANONYMOUS)


def _plain(fingerprint: str) -> str:
    return re.sub(r"[^0-9a-f]", "", fingerprint.lower().removeprefix("sha256:"))
